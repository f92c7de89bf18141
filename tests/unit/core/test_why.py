from __future__ import annotations

from deployer.core.names import ProcessId
from deployer.core.why import LogLine, why_in

MINE, OTHER = ProcessId("api-6f4d-aaaaa"), ProcessId("api-6f4d-bbbbb")


def log(text: str, process: ProcessId | None = MINE) -> list[LogLine]:
    return [LogLine(process, line) for line in text.splitlines()]


def test_last_line_of_a_traceback() -> None:
    """Python's own last line names the error; frames and the shutdown notice after it do not."""
    lines = log(
        """Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    settings = Settings()
ValidationError: LOG_LEVEL must be one of debug, info, warning, error
Shutting down: Master"""
    )

    assert "ValidationError: LOG_LEVEL must be one of debug, info, warning, error" == why_in(lines, MINE)


def test_somebody_elses_line_is_no_reason() -> None:
    """Another process's error says nothing about this one."""
    lines = [*log("fatal: disk full", OTHER), *log("starting")]

    assert "starting" == why_in(lines, MINE)


def test_lines_of_nobody_will_do() -> None:
    """Where the rack does not say whose line it is, all of them are looked at."""
    assert "error: no such table" == why_in(log("error: no such table", None), MINE)


def test_no_lines_no_reason() -> None:
    """Silence is no reason."""
    assert "" == why_in([], MINE)


def test_escapes_are_gone() -> None:
    """What a process wrote is data: no colour, no control character."""
    assert "ERROR boom" == why_in(log("\x1b[31mERROR\x1b[0m boom\a"), MINE)
