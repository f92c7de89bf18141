"""What git knows of the checkout that is to be built. A folder without git is a source like any other."""

from __future__ import annotations

from pathlib import Path

from deployer.convox.request import Request
from deployer.convox.runner import NoProgram, Runner
from deployer.core.models import Source
from deployer.core.redact import first_line

GIT_S = 10.0
# The subject is part of the build's description.
SUBJECT_CHARACTERS = 120
COMMITS = 50


def source_of(path: Path, runner: Runner) -> Source:
    """
    The checkout at `path`. Dirty means that what is uploaded is not what the commit says.

    Raises Interrupted only: what git does not tell is left empty.
    """
    folder = str(path.absolute())
    commit, _, subject = _git(runner, folder, "log", "-1", "--format=%H %s").partition(" ")
    is_dirty = bool(commit) and bool(_git(runner, folder, "status", "--porcelain", "--", "."))
    return Source(folder, commit, first_line(subject, limit=SUBJECT_CHARACTERS), is_dirty)


def commits_between(source: Source, old: str, runner: Runner) -> tuple[str, ...]:
    """What `source` has and the commit `old` had not, newest first, each with its author; nothing where git cannot."""
    asked = (f"--max-count={COMMITS}", "--format=%h %an: %s", f"{old}..{source.commit}")
    return tuple(first_line(each) for each in _git(runner, source.path, "log", *asked).splitlines())


def declares_stamp(path: str) -> bool:
    """The Dockerfile takes the ship's id into the image: `ARG DEPLOYER_STAMP` (design 2.1 step 4)."""
    try:
        lines = (Path(path) / "Dockerfile").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    words = (line.split() for line in lines)
    return any(
        each[:1] and each[0].upper() == "ARG" and each[1:] and each[1].partition("=")[0] == "DEPLOYER_STAMP"
        for each in words
    )


def _git(runner: Runner, folder: str, *words: str) -> str:
    """What git prints, or "" when there is no git, no repository or no answer."""
    request = Request("git", ("--no-optional-locks", "-C", folder, *words), GIT_S, program="git")
    try:
        completed = runner.run(request)
    except NoProgram:
        return ""
    return completed.stdout.strip() if completed.is_ok else ""
