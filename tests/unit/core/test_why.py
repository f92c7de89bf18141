from __future__ import annotations

from deployer.core.names import ProcessId, ServiceName
from deployer.core.why import Evidence, LogLine, Unwell, why_in, why_of

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


def diagnosed(*lines: str, hint: str = "") -> Unwell:
    return Unwell(MINE, ServiceName("web"), "OOMKilled", hint=hint, lines=lines)


def test_rack_has_the_words_that_the_log_has_not() -> None:
    """`logs` is empty until a process was ready once; the diagnosis is not (faults C25)."""
    assert "boom: no table" == why_of(Evidence(unwell=(diagnosed("boom: no table"),)), MINE)


def test_process_that_said_nothing_is_explained_by_the_rack() -> None:
    """One that was killed has no last words."""
    assert "OOMKilled: raise scale.memory" == why_of(Evidence(unwell=(diagnosed(hint="raise scale.memory"),)), MINE)


def test_other_processes_explain_nothing() -> None:
    """Nobody's words are put into another's mouth."""
    assert "" == why_of(Evidence(unwell=(diagnosed("boom"),)), ProcessId("other"))


def test_last_words_of_what_runs_are_no_reason() -> None:
    """`listens on 8000` does not say why it answers 500; an error does."""
    assert "" == why_of(Evidence(tuple(log("listens on 8000"))), MINE, is_running=True)
    assert "error: no table" == why_of(Evidence(tuple(log("error: no table"))), MINE, is_running=True)
