"""
Where deployer keeps what it must remember on this machine, and who may touch it.

Names become parts of paths only once they are known to be harmless, and every folder on the way is opened through the
one above it: no symbolic link can lead out of our own folder (faults 6.2, Files).
"""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from deployer.core.errors import Problem, Refused
from deployer.core.names import AppName, RackName, is_app_name

_RACK_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def state_root(environ: Mapping[str, str]) -> Path:
    """
    `$XDG_STATE_HOME/deployer`, by default in `~/.local/state`. Not made yet.

    Raises Refused where there is no home. A relative XDG_STATE_HOME is ignored, as its specification asks.
    """
    state = environ.get("XDG_STATE_HOME", "")
    if not Path(state).is_absolute():
        state = str(_home(environ) / ".local" / "state")
    return Path(state) / "deployer"


def trouble_with(root: Path) -> str:
    """Why nothing could be kept in `root`, or "". Makes nothing."""
    there = next(each for each in (root, *root.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written to"
    if there == root:
        try:
            with private_folder(root, create=False):
                pass
        except OSError as error:
            return str(error)
    return ""


def parts_of(rack: RackName, app: AppName) -> tuple[str, str]:
    """
    The two folders that stand for an app: `acme/production` and `web` are `acme.production` and `web`.

    Raises Refused for a name that could lead elsewhere.
    """
    pieces = rack.split("/")
    if len(pieces) > 2 or not all(map(_RACK_PART.fullmatch, pieces)):
        raise Refused((Problem(f"not a name of a rack: {rack!r}"),))
    if not is_app_name(app):
        raise Refused((Problem(f"not a name of an app: {app!r}"),))
    return ".".join(pieces), app


@contextmanager
def private_folder(root: Path, *parts: str, create: bool = True) -> Iterator[int]:
    """
    A descriptor of `root/parts`, closed at the end. What is missing is made, for us alone.

    Raises OSError, which is PermissionError where a folder is not ours or others may write to it.
    """
    if create:
        for each in reversed((root, *root.parents)):
            each.mkdir(0o700, exist_ok=True)
    folder = os.open(root, _FOLDER)
    try:
        _check(folder, root)
        for depth, part in enumerate(parts, 1):
            inner = _open_inside(folder, part, create=create)
            os.close(folder)
            folder = inner
            _check(folder, root.joinpath(*parts[:depth]))
        yield folder
    finally:
        os.close(folder)


def _open_inside(folder: int, part: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=folder)
            os.fsync(folder)
    return os.open(part, _FOLDER, dir_fd=folder)


def _check(folder: int, path: Path) -> None:
    found = os.fstat(folder)
    if found.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user")
    if found.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
        raise PermissionError(f"{path} can be written to by others")


def _home(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("HOME", ""))
    if home.is_absolute():
        return home
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        problem = Problem("there is no home folder to keep the journal in", "set XDG_STATE_HOME to a folder of yours")
        raise Refused((problem,)) from None
