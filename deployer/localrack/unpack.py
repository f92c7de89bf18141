"""Unpacks an uploaded source: only what stays inside the folder, and not too much of it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 2 * 1024**3
MAX_MEMBERS = 200_000


class UnsafeArchive(Exception):
    """An archive that would write outside its folder, or too much; the message is for the build log."""


def unpack(archive: Path, folder: Path, *, max_bytes: int = MAX_BYTES, max_members: int = MAX_MEMBERS) -> None:
    """Extract a tar.gz into a new folder. Raises UnsafeArchive; what was written until then stays."""
    folder.mkdir(mode=0o700, parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            # `data` refuses absolute names, `..`, links that lead out, and devices
            tar.extractall(folder, members=_bounded(tar, max_bytes, max_members), filter="data")
    except tarfile.FilterError as exc:
        raise UnsafeArchive(f"the source is refused: {exc}") from exc
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise UnsafeArchive(f"the source is no tar.gz: {exc}") from exc


def _bounded(tar: tarfile.TarFile, max_bytes: int, max_members: int) -> Iterator[tarfile.TarInfo]:
    total_bytes = 0
    for count, member in enumerate(tar, start=1):
        total_bytes += member.size
        if count > max_members:
            raise UnsafeArchive(f"the source is refused: more than {max_members} files")
        if total_bytes > max_bytes:
            raise UnsafeArchive(f"the source is refused: more than {max_bytes} bytes")
        yield member
