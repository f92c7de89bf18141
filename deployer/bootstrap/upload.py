"""What the build of a checkout is going to upload, looked at before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deployer.core.errors import Problem
from deployer.core.upload import START_BYTES, is_looked_into, secret_in
from deployer.localrack.cli.tarball import included

NAMED_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """How much, and what of it must not be. A folder that cannot be read is for the build to complain about."""

    files: int = 0
    size_bytes: int = 0
    problems: tuple[Problem, ...] = ()


def upload_of(source: Path) -> Upload:
    """All that .dockerignore does not name, as `convox build` sends it (convox-facts 2.5)."""
    try:
        root = source.resolve(strict=True)
        paths = [name for name in included(root) if (root / name).is_file()]
        size = sum((root / name).stat().st_size for name in paths)
    except (OSError, UnicodeDecodeError):
        return Upload()
    found = [(name, why) for name in paths if (why := secret_in(name, _start_of(root / name)))]
    return Upload(len(paths), size, _problems(found))


def _start_of(path: Path) -> bytes:
    if not is_looked_into(path.name):
        return b""
    try:
        with path.open("rb") as file:
            return file.read(START_BYTES)
    except OSError:
        return b""


def _problems(found: list[tuple[str, str]]) -> tuple[Problem, ...]:
    told = tuple(
        Problem(f"{name} {why}, and would be uploaded with the source", hint=f"add {name} to .dockerignore")
        for name, why in found[:NAMED_AT_ONCE]
    )
    more = len(found) - NAMED_AT_ONCE
    return (*told, Problem(f"{more} more files like these", hint="add them to .dockerignore")) if more > 0 else told
