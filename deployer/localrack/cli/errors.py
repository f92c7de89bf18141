"""How a command ends early: with an error line, with an exit status, or as the Go program would: in a panic."""

from __future__ import annotations

TOO_DEEP = "exceeded max depth"  # of JSON: Go reads 10000 levels, Python fewer


class CommandError(Exception):
    """The text that follows `ERROR: ` on stderr; the exit status is 1."""


class Exit(Exception):
    """End with this exit status and no message."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Panic(Exception):
    """The Go program reads through a nil pointer here: a stack trace on stderr, exit status 2 (convox-facts 2.8)."""
