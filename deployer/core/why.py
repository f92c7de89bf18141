"""What a failing release leaves behind while it is there, and the one sentence in it that says why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.core.names import ProcessId, ServiceName
from deployer.core.redact import first_line

# The words of runtimes and frameworks for something that went wrong; a line of them says more than the last line,
# which is often a shutdown notice.
_TELLING = re.compile(
    r"error|exception|fatal|panic|cannot|can't|could not|unable|fail"
    r"|refused|denied|must be|missing|invalid|not found|killed",
    re.IGNORECASE,
)
_FRAME = re.compile(r"\s|Traceback|File \"")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of an app's log; `process` is `None` where the rack does not say whose it is."""

    process: ProcessId | None
    text: str


@dataclass(frozen=True, slots=True)
class Unwell:
    """
    A process as the rack itself diagnoses it: `state` and `hint` are its words, "" where it has none.

    `lines` are the last ones of its log, or of the run before where this one has not said anything yet.
    """

    process: ProcessId
    service: ServiceName
    state: str = ""
    ready: str = ""
    restarts: int = 0
    hint: str = ""
    lines: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What could be read of a release before it was taken away. Known secrets are masked in it."""

    log: tuple[LogLine, ...] = ()
    unwell: tuple[Unwell, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.log or self.unwell)


def why_of(evidence: Evidence, process: ProcessId | None, *, is_running: bool = False) -> str:
    """
    The one sentence that says why `process` fails, or "".

    Its own words come first, then what the rack says of it: a process that was killed, or never started, says nothing.
    The last words of one that runs are no reason, unless they tell of an error.
    """
    diagnosed = next((each for each in evidence.unwell if each.process == process), None)
    own = tuple(LogLine(process, text) for text in diagnosed.lines) if diagnosed else ()
    said = why_in(own, process) or why_in(evidence.log, process)
    if is_running:
        return said if _TELLING.search(said) else ""
    rack = ": ".join(filter(None, (diagnosed.state, diagnosed.hint))) if diagnosed and diagnosed.hint else ""
    return said or rack


def why_in(lines: Sequence[LogLine], process: ProcessId | None) -> str:
    """The last telling line of `process`, else its last line, else ""; those of nobody in particular will do."""
    own = [each.text for each in lines if each.process == process and each.text.strip()]
    texts = own or [each.text for each in lines if each.process is None and each.text.strip()]
    plain = [each for each in texts if not _FRAME.match(each)]
    telling = [each for each in plain if _TELLING.search(each)]
    return first_line((telling or plain or [""])[-1])
