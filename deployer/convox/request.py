"""A child process before it is started, and after it has ended."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Literal

from deployer.core.redact import Secret, scrub

CONVOX = "convox"


@dataclass(frozen=True, slots=True)
class Request:
    """
    One child process, before it is started. `verb` is what messages and the table of failures call it.

    `words` follow the program's name and never hold a secret; `stdin` does, and is closed after it. `told_on` is the
    stream that people follow.
    """

    verb: str
    words: tuple[str, ...]
    deadline_s: float
    stdin: Secret | None = None
    is_write: bool = False
    program: str = CONVOX
    told_on: Literal["stdout", "stderr"] = "stderr"


@dataclass(frozen=True, slots=True)
class Completed:
    """
    A child that has ended. `status` is `None` when a signal ended it, and then `signum` says which.

    `stdout` and `stderr` are the last 1 MiB of each, as data: never shown whole, and not part of the repr.
    """

    request: Request
    status: int | None
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    signum: int = 0
    seconds: float = 0.0
    is_late: bool = False
    dropped: int = 0

    @property
    def is_ok(self) -> bool:
        return self.status == 0 and not self.is_late

    @property
    def command(self) -> str:
        """The command line, for people. It never holds a secret: those travel on stdin."""
        return scrub(shlex.join((self.request.program, *self.request.words)))
