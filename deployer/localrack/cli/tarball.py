"""
The source of a build: the whole folder but what its .dockerignore names.

`.git` and `.env` are uploaded unless named there (convox-facts 2.5).
"""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from deployer.localrack.cli.dockerignore import Ignore
from deployer.localrack.cli.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def pack(folder: str) -> bytes:
    """A tar.gz. Raises CommandError when the folder is not there or cannot be read."""
    root = Path.cwd() / folder
    try:
        return _pack(root.resolve(strict=True))
    except OSError as exc:
        raise CommandError(f"lstat {exc.filename or root}: {(exc.strerror or str(exc)).lower()}") from exc


def _pack(root: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name in included(root):
            archive.add(root / name, name, recursive=False)
    return packed.getvalue()


def included(root: Path) -> list[str]:
    """Paths relative to the root, folders before what is in them, in the order of their names."""
    try:
        ignore = Ignore((root / ".dockerignore").read_text(encoding="utf-8"))
    except FileNotFoundError:
        ignore = Ignore("")
    return list(_walk(root, root, ignore))


def _walk(root: Path, folder: Path, ignore: Ignore) -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=os.fsencode):
        name = entry.relative_to(root).as_posix()
        ignored = ignore.matches(name)
        if not ignored:
            yield name
        if entry.is_dir() and not entry.is_symlink() and not (ignored and ignore.can_skip(name)):
            yield from _walk(root, entry, ignore)
