"""Commands, times, log lines, archives, options: the parts of the local rack that need no process."""

from __future__ import annotations

import asyncio
import io
import shlex
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.localrack.command import Command, from_text
from deployer.localrack.files import read_json, write_json
from deployer.localrack.guard import follow
from deployer.localrack.logs import LINE_BYTES, AppLog, Line, Lines, LogFile
from deployer.localrack.objects import Objects, ObjectTooLarge
from deployer.localrack.options import RackOptions, default_state_dir
from deployer.localrack.pipes import OUTPUT_BYTES, OutputQueue
from deployer.localrack.ports import ReplicaPorts, ServicePorts
from deployer.localrack.times import Clock, go_duration_s, rfc3339
from deployer.localrack.unpack import UnsafeArchive, unpack


@pytest.mark.parametrize("text", ["gunicorn -c conf.py app:app", "python -c 'import app'", 'echo "a b"'])
def test_a_plain_command_is_started_directly(text: str) -> None:
    """So that the process itself gets the signals."""
    assert Command(tuple(shlex.split(text))) == from_text(text)


@pytest.mark.parametrize("text", ["a && b", "a | b", "echo $HOME", "A=1 run", "run 'open", "ls *", "a; b", "a\nb"])
def test_what_only_a_shell_understands_goes_to_one(text: str) -> None:
    """Including an open quote, which the shell then complains of."""
    assert Command(("/bin/sh", "-c", text), through_shell=True) == from_text(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("2m0s", 120), ("24h0m0s", 86_400), ("1.5s", 1.5), ("100ms", 0.1)]
)
def test_go_durations(text: str, seconds: float) -> None:
    """As the CLI writes them (5.1)."""
    assert seconds == go_duration_s(text)


@pytest.mark.parametrize("text", ["", "5", "s", "5x", "5s!", "-5s"])
def test_what_is_no_go_duration(text: str) -> None:
    """Refused, not guessed."""
    with pytest.raises(ValueError, match="invalid duration"):
        go_duration_s(text)


def test_times_are_utc_with_the_digits_asked_for() -> None:
    """An unset one is Go's zero time."""
    assert "2026-06-25T12:00:00.500000Z" == rfc3339(1_782_388_800.5)
    assert "2026-06-25T12:00:00Z" == rfc3339(1_782_388_800.5, digits=0)
    assert "0001-01-01T00:00:00Z" == rfc3339(None)


def test_the_clock_never_runs_back() -> None:
    """Whatever is done to the system's."""
    clock = Clock()

    readings = [clock() for _ in range(100)]

    assert sorted(readings) == readings


@given(st.lists(st.binary(max_size=40)), st.data())
def test_lines_are_the_same_however_the_bytes_come(chunks: list[bytes], data: st.DataObject) -> None:
    """Cut anywhere, the same lines come out, and nothing is lost but what cannot be shown."""
    whole: list[str] = []
    once = Lines(whole.extend)
    once.feed(b"".join(chunks))
    once.end()

    pieces: list[str] = []
    often = Lines(pieces.extend)
    for chunk in chunks:
        often.feed(chunk)
    often.end()

    assert whole == pieces
    assert not any("\n" in line for line in whole)


def test_a_line_without_end_is_cut() -> None:
    """A process that never ends its line does not fill our memory."""
    lines: list[str] = []
    cutter = Lines(lines.extend)

    cutter.feed(b"x" * (3 * LINE_BYTES + 5))
    cutter.end()

    assert [LINE_BYTES, LINE_BYTES, LINE_BYTES, 5] == [len(line) for line in lines]


def test_escapes_are_taken_out() -> None:
    """One would end the real CLI's stream (5.4)."""
    lines: list[str] = []

    Lines(lines.extend).feed(b"\x1b[31mred\x1b[0m plain\x1b[2K\r\n")

    assert ["red plain"] == lines


def test_a_follower_gets_what_comes_and_no_more_than_it_can_hold() -> None:
    """One that lags loses lines, and has them again when it has caught up."""

    async def play() -> list[str]:
        log = AppLog(queue_bytes=2 * Line(0, "", "xxx").cost)
        log.write(Line(1.0, "system/x", "before"))
        follower = log.follow()
        for text in ("one", "two", "lost"):
            log.write(Line(2.0, "system/x", text))
        seen = [(await follower.next()).text for _ in range(2)]
        log.write(Line(3.0, "system/x", "after"))
        log.unfollow(follower)
        log.write(Line(4.0, "system/x", "much later"))
        assert ["one", "two", "lost", "after", "much later"] == [line.text for line in log.since(2.0)]
        return [*seen, (await follower.next()).text]

    assert ["one", "two", "after"] == asyncio.run(play())


def test_an_apps_log_is_bounded_in_memory() -> None:
    """By what its lines take, long or short: the newest stay."""
    log = AppLog(ring_bytes=100_000)

    for number in range(10_000):
        log.write(Line(1.0, "system/x", "x" * (number % 500)))

    kept = log.since(0)
    assert 100_000 >= sum(line.cost for line in kept) > 90_000
    assert 499 == len(kept[-1].text)


def test_a_command_waits_while_nobody_takes_its_output() -> None:
    """A slow reader of an `exec` costs a bounded amount of memory; one that has gone costs none."""

    async def play() -> list[bool]:
        held: list[bool] = []
        output = OutputQueue()
        output.hold = held.append
        output.put(b"x" * OUTPUT_BYTES)
        output.put(b"y")
        await output.take()
        output.put(b"z" * OUTPUT_BYTES)
        output.discard()
        output.put(b"lost")
        output.end(3)
        assert 3 == await output.take()
        return held

    assert [True, False, True, False] == asyncio.run(play())


def test_a_full_disk_costs_lines_and_no_more(tmp_path: Path) -> None:
    """What is said while the file cannot be written is lost; the process that says it is not."""
    (tmp_path / "web.log").mkdir()
    file = LogFile(tmp_path / "web.log")
    file.write("lost\n")
    (tmp_path / "web.log").rmdir()

    file.write("kept\n")
    file.close()

    assert "kept\n" == (tmp_path / "web.log").read_text()


def test_a_log_file_is_bounded(tmp_path: Path) -> None:
    """The older half moves aside; two files are all there ever is."""
    file = LogFile(tmp_path / "logs" / "web.log", at_most_bytes=100)

    for number in range(100):
        file.write(f"line {number}\n")
    file.close()

    assert ["web.log", "web.log.1"] == sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert (tmp_path / "logs" / "web.log").read_text().endswith("line 99\n")
    assert sum(path.stat().st_size for path in (tmp_path / "logs").iterdir()) < 300


def an_archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_an_archive_is_unpacked_as_it_is(tmp_path: Path) -> None:
    """Folders included, private."""
    unpack(an_archive(tmp_path / "a.tgz", {"a/b.txt": b"hello", "c": b""}), tmp_path / "out")

    assert "hello" == (tmp_path / "out" / "a" / "b.txt").read_text()
    assert 0 == (tmp_path / "out").stat().st_mode & 0o077


def test_an_archive_that_is_too_much_is_refused(tmp_path: Path) -> None:
    """By bytes, as the headers say them, and by number of files."""
    archive = an_archive(tmp_path / "a.tgz", {str(number): b"x" * 100 for number in range(20)})

    with pytest.raises(UnsafeArchive, match="more than 1000 bytes"):
        unpack(archive, tmp_path / "one", max_bytes=1000)
    with pytest.raises(UnsafeArchive, match="more than 10 files"):
        unpack(archive, tmp_path / "two", max_members=10)


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.LNKTYPE])
def test_an_archive_has_only_files_folders_and_inner_links(tmp_path: Path, kind: bytes) -> None:
    """No devices, no pipes, no hard links that lead out."""
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tar:
        member = tarfile.TarInfo("thing")
        member.type, member.linkname = kind, "../../etc/passwd"
        tar.addfile(member)

    with pytest.raises(UnsafeArchive):
        unpack(tmp_path / "a.tgz", tmp_path / "out")


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def test_an_object_is_bounded_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """One byte too many and none of it is kept."""
    objects = Objects(tmp_path, max_bytes=10)

    with pytest.raises(ObjectTooLarge):
        asyncio.run(objects.put("myapi", "tmp/x.tgz", chunks_of(b"x" * 6, b"x" * 6)))

    assert [] == list(tmp_path.iterdir())


def test_an_object_that_is_announced_as_too_large_is_not_read(tmp_path: Path) -> None:
    """No use in taking in a gigabyte to say that it is too much."""

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    with pytest.raises(ObjectTooLarge):
        asyncio.run(Objects(tmp_path, max_bytes=10).put("myapi", "tmp/x.tgz", unread(), announced=11))


def test_an_objects_key_is_no_path(tmp_path: Path) -> None:
    """Whatever it says, the file is in the folder; only our own URLs are found."""
    objects = Objects(tmp_path)
    url = asyncio.run(objects.put("myapi", "../../etc/passwd", chunks_of(b"data")))

    assert tmp_path == getattr(objects.find_url(url), "parent", None)
    assert None is objects.find_url("https://elsewhere/x")
    assert None is objects.find_url("object://other/../../etc/passwd")


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    """Nothing of the scratch file stays."""
    write_json(tmp_path / "a.json", {"a": 1})
    write_json(tmp_path / "a.json", {"a": 2})

    assert {"a": 2} == read_json(tmp_path / "a.json")
    assert None is read_json(tmp_path / "b.json")
    assert 0o600 == (tmp_path / "a.json").stat().st_mode & 0o777
    assert ["a.json"] == [path.name for path in tmp_path.iterdir()]


def test_replicas_never_share_a_port() -> None:
    """Not even before anything listens on it."""
    ports = ReplicaPorts()

    taken = [ports.take() for _ in range(50)]

    assert 50 == len(set(taken))


def test_a_services_port_stays(tmp_path: Path) -> None:
    """Over a restart; and each service has its own."""
    first = ServicePorts(tmp_path / "ports.json")
    ports = (first.of("a", "web"), first.of("a", "api"))

    again = ServicePorts(tmp_path / "ports.json")

    assert ports == (again.of("a", "web"), again.of("a", "api"))
    assert 2 == len(set(ports))


def test_the_guard_keeps_the_groups_that_have_not_ended() -> None:
    """What is left when the pipe closes is what it kills."""
    assert {2} == follow(["+1\n", "+2\n", "-1\n"])


@pytest.mark.parametrize(
    "bad", [{"name": "../x"}, {"name": ""}, {"port": 70_000}, {"time_scale": 0}, {"resync_s": 0}, {"name": "A"}]
)
def test_options_that_make_no_rack(bad: dict[str, object]) -> None:
    """Said at once, before anything is started."""
    with pytest.raises(ValueError, match=r"rack's name|port|time scale|resync"):
        RackOptions(**bad)  # type: ignore[arg-type]


def test_a_racks_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$XDG_STATE_HOME, else ~/.local/state."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert tmp_path / "deployer" / "rack" / "local" == default_state_dir("local")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert Path("/home/me/.local/state/deployer/rack/x") == RackOptions(name="x").home.root
