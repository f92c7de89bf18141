"""Unpacks an uploaded source: only what stays inside the folder, and not too much of it."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

MAX_BYTES = 2 * 1024**3
MAX_MEMBERS = 200_000
HEADER_BYTES = 4096
"""What a member may take besides its data, on average."""
READ_BYTES = 1024**2
"""More than `tarfile` ever asks for at once, but for a header that is there to fill our memory."""

# Whatever tarfile, gzip and zlib have to say of bytes that somebody made up.
_NONSENSE = (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError, OverflowError, RecursionError)


class UnsafeArchive(Exception):
    """An archive that would write outside its folder, or too much; the message is for the build log."""


def unpack(archive: Path, folder: Path, *, max_bytes: int = MAX_BYTES, max_members: int = MAX_MEMBERS) -> None:
    """Extract a tar.gz into a new folder. Raises UnsafeArchive; what was written until then stays."""
    folder.mkdir(mode=0o700, parents=True)
    try:
        with gzip.open(archive) as file:
            inflated = _Inflated(file, max_bytes + max_members * HEADER_BYTES)
            with tarfile.open(fileobj=cast("IO[bytes]", inflated), mode="r:") as tar:
                for member in _bounded(tar, max_bytes, max_members):
                    _extract(tar, member, folder)
            inflated.finish()
    except _NONSENSE as exc:
        raise UnsafeArchive(f"the source is no tar.gz: {exc}") from exc


def _bounded(tar: tarfile.TarFile, max_bytes: int, max_members: int) -> Iterator[tarfile.TarInfo]:
    total_bytes = 0
    for count, member in enumerate(tar, start=1):
        total_bytes += member.size
        if member.size < 0:
            raise UnsafeArchive(f"the source is refused: {member.name} has a size below 0")
        if count > max_members:
            raise UnsafeArchive(f"the source is refused: more than {max_members} files")
        if total_bytes > max_bytes:
            raise UnsafeArchive(f"the source is refused: more than {max_bytes} bytes")
        yield member


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """
    Write one member, if it is a file, a folder or a link that stays inside, and no link is written through or over.

    `tarfile`'s own `data` filter is not in every Python 3.11 (Debian 12 has 3.11.2), follows the links that an archive
    has made before, and can be led out of the folder by long ones (CVE-2025-4517, before 3.11.13, 3.12.11 and 3.13.4).
    """
    name = _inside(member.name.lstrip("/"), member.name)
    path = folder / name
    if _passes_a_link(str(folder), name):
        raise UnsafeArchive(f"the source is refused: {name} is written through a link")
    if member.isdir():
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if member.issym():
        _inside(os.path.join(os.path.dirname(name), member.linkname), name)  # noqa: PTH118, PTH120
        path.symlink_to(member.linkname)
    elif member.islnk():
        _link(folder, name, member.linkname)
    elif member.isreg():
        _write(tar, member, path)
    else:
        raise UnsafeArchive(f"the source is refused: {name} is a special file")


def _inside(name: str, shown: str) -> str:
    """The name without `.` and `..`, if it stays in the folder."""
    if name.startswith("/"):
        raise UnsafeArchive(f"the source is refused: {shown} leads to an absolute path")
    plain = os.path.normpath(name)
    if plain.split("/")[0] == "..":
        raise UnsafeArchive(f"the source is refused: {shown} leads outside of it")
    return plain


def _link(folder: Path, name: str, to: str) -> None:
    """A second name of a file that the archive has brought."""
    target = _inside(to, name)
    if _passes_a_link(str(folder), target) or not (folder / target).is_file():
        raise UnsafeArchive(f"the source is refused: {name} is a second name of no file before it")
    (folder / name).hardlink_to(folder / target)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """A file that can be run stays one; whose it was, and who else may write it, does not count here."""
    data = tar.extractfile(member)
    if data is None:
        raise UnsafeArchive(f"the source is refused: {member.name} has no data")
    path.unlink(missing_ok=True)  # it may be a second name of another file
    with path.open("xb") as file:
        shutil.copyfileobj(data, file)
    if short_bytes := member.size - path.stat().st_size:
        raise UnsafeArchive(f"the source is no tar.gz: {member.name} is {short_bytes} bytes short")
    path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _passes_a_link(folder: str, name: str) -> bool:
    path = folder
    for part in name.split("/"):
        path = os.path.join(path, part)  # noqa: PTH118 - a Path for each part of 200,000 names takes seconds
        if os.path.islink(path):  # noqa: PTH114
            return True
    return False


class _Inflated:
    """The bytes in a gzip file, read from front to back, never too many at once or in all."""

    def __init__(self, file: gzip.GzipFile, max_bytes: int) -> None:
        self._file = file
        self._left_bytes = max_bytes

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= READ_BYTES:
            raise UnsafeArchive("the source is refused: it has a header that is too long")
        data = self._file.read(size)
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise UnsafeArchive("the source is refused: there is too much of it")
        return data

    def finish(self) -> None:
        """To the end, where gzip finds out whether the bytes are those that were packed."""
        while self.read(READ_BYTES):
            pass

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> int:
        while (ahead := position - self._file.tell()) > 0 and self.read(min(ahead, READ_BYTES)):
            pass
        if ahead < 0:
            raise UnsafeArchive("the source is refused: its parts overlap")
        return self._file.tell()
