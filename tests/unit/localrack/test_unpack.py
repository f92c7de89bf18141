"""What an archive may do to the machine that unpacks it: fill one folder, up to a bound."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.localrack.unpack import READ_BYTES, UnsafeArchive, unpack

Fill = Callable[[tarfile.TarFile], None]


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, to: str = "") -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, to, len(data)
    tar.addfile(member, io.BytesIO(data))


def link(tar: tarfile.TarFile, name: str, to: str) -> None:
    add(tar, name, kind=tarfile.SYMTYPE, to=to)


def packed(folder: Path, fill: Fill) -> Path:
    with tarfile.open(folder / "a.tgz", "w:gz") as tar:
        fill(tar)
    return folder / "a.tgz"


def a_folder_link(tar: tarfile.TarFile) -> None:
    add(tar, "d", kind=tarfile.DIRTYPE)
    link(tar, "l", "d")


def through_a_link(tar: tarfile.TarFile) -> None:
    a_folder_link(tar)
    add(tar, "l/x", b"x")


def over_a_link(tar: tarfile.TarFile) -> None:
    add(tar, "there", b"kept")
    link(tar, "l", "there")
    add(tar, "l", b"x")


def a_second_name_of_a_link(tar: tarfile.TarFile) -> None:
    """A link that stays inside where it is leads out where its second name is."""
    add(tar, "a/b/there", b"x")
    link(tar, "a/b/l", "../../a")
    add(tar, "l", kind=tarfile.LNKTYPE, to="a/b/l")


def long_links(tar: tarfile.TarFile) -> None:
    """CVE-2025-4517: links so long that Python gives up following them, and then believes them."""
    folder, steps = "", "abcdefghijklmnop"
    for step in steps:
        add(tar, f"{folder}{'d' * 247}", kind=tarfile.DIRTYPE)
        link(tar, f"{folder}{step}", "d" * 247)
        folder = f"{folder}{'d' * 247}/"
    link(tar, f"{'/'.join(steps)}/{'l' * 254}", "../" * len(steps))
    link(tar, "escape", f"{'/'.join(steps)}/{'l' * 254}/../../out-of-it")
    add(tar, "escape/x", b"x")


def a_name_with_nul(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("a")
    member.pax_headers = {"path": "a\0b"}
    tar.addfile(member)


def a_chain_of_headers(tar: tarfile.TarFile) -> None:
    """Each header asks for the next, deeper than Python's stack."""
    header = tarfile.TarInfo("h")
    header.type = tarfile.XHDTYPE
    assert tar.fileobj is not None
    tar.fileobj.write(header.tobuf() * 2000)


def a_header_that_fills_memory(tar: tarfile.TarFile) -> None:
    add(tar, "././@LongLink", b"x" * (READ_BYTES + 1), tarfile.GNUTYPE_LONGNAME)


def a_size_below_0(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("a")
    member.size = -1024
    assert tar.fileobj is not None
    tar.fileobj.write(member.tobuf(tarfile.GNU_FORMAT) * 3)


FILLS: list[tuple[Fill, str]] = [
    (lambda tar: link(tar, "l", "/etc/passwd"), "absolute"),
    (lambda tar: link(tar, "l", "../../x"), "outside"),
    (lambda tar: add(tar, "../x", b"x"), "outside"),
    (lambda tar: add(tar, "a", kind=tarfile.LNKTYPE, to="nothing"), "second name of no file"),
    (lambda tar: add(tar, "a", kind=tarfile.CHRTYPE), "special file"),
    (lambda tar: add(tar, "f" * 5000, b"x"), "no tar.gz"),
    (through_a_link, "l/x is written through a link"),
    (over_a_link, "l is written through a link"),
    (a_second_name_of_a_link, "second name"),
    (long_links, "through a link"),
    (a_name_with_nul, "null byte"),
    (a_chain_of_headers, "no tar.gz"),
    (a_header_that_fills_memory, "too long"),
    (a_size_below_0, "below 0"),
]


@pytest.mark.parametrize(("fill", "why"), FILLS)
def test_what_leads_out_or_makes_no_sense_is_refused(fill: Fill, why: str, tmp_path: Path) -> None:
    """In words for the build log, and with nothing written outside of the folder."""
    archive = packed(tmp_path, fill)

    with pytest.raises(UnsafeArchive, match=why):
        unpack(archive, tmp_path / "folder" / "out")

    assert {"a.tgz", "folder"} == {path.name for path in tmp_path.iterdir()}
    assert ["out"] == [path.name for path in (tmp_path / "folder").iterdir()]


def test_what_was_there_before_a_refusal_is_not_written_over(tmp_path: Path) -> None:
    """A file that stands where a link leads keeps its text."""
    with pytest.raises(UnsafeArchive):
        unpack(packed(tmp_path, over_a_link), tmp_path / "out")

    assert "kept" == (tmp_path / "out" / "there").read_text()


def test_links_that_stay_inside_are_kept(tmp_path: Path) -> None:
    """A link to a folder, and a second name of a file."""

    def fill(tar: tarfile.TarFile) -> None:
        a_folder_link(tar)
        add(tar, "d/x", b"hello")
        add(tar, "y", kind=tarfile.LNKTYPE, to="d/x")

    unpack(packed(tmp_path, fill), tmp_path / "out")

    assert ["hello", "hello"] == [(tmp_path / "out" / name).read_text() for name in ("l/x", "y")]


@pytest.mark.parametrize(("packed_mode", "mode"), [(0o100, 0o755), (0o600, 0o644), (0o6777, 0o755)])
def test_what_can_be_run_stays_so_and_nothing_else_of_its_mode(packed_mode: int, mode: int, tmp_path: Path) -> None:
    """Neither a set-user bit nor that all the world may write it."""

    def fill(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo("run")
        member.mode = packed_mode
        tar.addfile(member)

    unpack(packed(tmp_path, fill), tmp_path / "out")

    assert mode == (tmp_path / "out" / "run").stat().st_mode & 0o7777


@pytest.mark.parametrize("cut", [1, 10, 40, 200])
def test_an_archive_that_was_cut_short_is_refused(cut: int, tmp_path: Path) -> None:
    """Wherever it ends."""
    archive = packed(tmp_path, lambda tar: add(tar, "a", bytes(range(256)) * 40))
    archive.write_bytes(archive.read_bytes()[:-cut])

    with pytest.raises(UnsafeArchive):
        unpack(archive, tmp_path / "out")


def test_an_archive_whose_bytes_are_spoiled_is_refused(tmp_path: Path) -> None:
    """As zlib sees it, in the midst of a file."""
    archive = packed(tmp_path, lambda tar: add(tar, "a", bytes(range(256)) * 4000))
    data = bytearray(archive.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    archive.write_bytes(data)

    with pytest.raises(UnsafeArchive, match=r"no tar\.gz"):
        unpack(archive, tmp_path / "out")


def test_a_bomb_is_refused_before_it_is_on_disk(tmp_path: Path) -> None:
    """A hundred megabytes of nothing in a hundred kilobytes: the size is known from the header."""
    archive = packed(tmp_path, lambda tar: add(tar, "zeros", bytes(100_000_000)))
    assert archive.stat().st_size < 200_000

    with pytest.raises(UnsafeArchive, match="more than 1000000 bytes"):
        unpack(archive, tmp_path / "out", max_bytes=1_000_000)

    assert [] == list((tmp_path / "out").iterdir())


def test_a_bomb_behind_the_last_file_is_refused(tmp_path: Path) -> None:
    """What is inflated is bounded, even where no header says how much it is."""
    packed(tmp_path, lambda tar: add(tar, "a", b"x"))
    tail = gzip.compress(bytes(10_000_000))
    (tmp_path / "a.tgz").write_bytes((tmp_path / "a.tgz").read_bytes() + tail)

    with pytest.raises(UnsafeArchive, match="too much"):
        unpack(tmp_path / "a.tgz", tmp_path / "out", max_bytes=1_000_000, max_members=10)
