"""
What happens in a run, as one stream. The journal is its durable sink; every renderer, the summary and `resume` are
folds of the same events.

An intent is recorded before each write and its outcome after, so that a killed run can be read (design 2.7,
faults 3.2). No event ever holds a secret value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from deployer.core.names import AppName, ProcessId, ReleaseId, ShipId
from deployer.core.plan import Plan
from deployer.core.proof import Progress
from deployer.core.verdict import Verdict
from deployer.core.why import Evidence


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of every run."""

    ship: ShipId
    command: str
    app: AppName
    actor: str
    version: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan was made and shown; nothing has been written before it (I11)."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Resumed:
    """
    This run takes up `ship`, which promoted `release` and was left: from here on it is this run's to bring home.

    Of a ship that was going back already, `doom` says why, `left` is what it had gone back from by a copy, which is
    `release` then, and `is_cancelled` that its rollout was cancelled. `is_seen`: the rack was seen to take the promote.
    """

    ship: ShipId
    release: ReleaseId
    doom: str = ""
    left: ReleaseId | None = None
    is_cancelled: bool = False
    is_seen: bool = True


@dataclass(frozen=True, slots=True)
class Intended:
    """A write is about to be made. `write` is the command's words; `about` names ids and keys."""

    write: str
    about: str = ""
    release: ReleaseId | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """What became of the write that was intended last: done, not done, or cannot tell."""

    write: str
    outcome: str
    release: ReleaseId | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the story: a step, what is to be said of it (more lines continue it), and whether it is a warning."""

    step: str
    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class BuildLine:
    """One line of the build's log as it came, scrubbed. Not kept in the journal."""

    text: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One line that the release command wrote, as it came, scrubbed. Not kept in the journal."""

    text: str


@dataclass(frozen=True, slots=True)
class ProcessSeen:
    """A row of the live board."""

    id: ProcessId
    service: str
    release: ReleaseId
    status: str
    is_new: bool
    answered_s_ago: float | None = None
    answer_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Answers of a service that were alike. `status_code` is `None` where none came, and `said` is why then."""

    service: str
    status_code: int | None
    release: ReleaseId | None
    count: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """
    One tick of the watch. `rack` is the app's status in the rack's word; `answers` are those of this tick, which
    `heard` tells apart.

    `errors` of them have a status of 400 or more. `lost` questions got no answer, as a user's would have got none, and
    `unknown` ones tell nothing of that. `looked_at` is in UTC, ISO 8601.
    """

    step: str
    release: ReleaseId
    rack: str
    progress: tuple[Progress, ...]
    processes: tuple[ProcessSeen, ...] = ()
    answers: int = 0
    wrong: int = 0
    trouble: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = ()
    errors: int = 0
    lost: int = 0
    unknown: int = 0
    looked_at: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge said, when it changed: waiting, proven, doomed, and why."""

    judgement: str
    why: str = ""
    process: ProcessId | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of a release that fails, before anything was done about it: a way back takes it away."""

    release: ReleaseId
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Hearing:
    """
    What came of all health questions from the promote, or from `since` where `is_partial`, to the verdict.

    They go where users go, but they are not what users asked. `answers`, `errors`, `lost` and `unknown` are those of
    `Looked`; the first and the last look with an error or a lost question were at `trouble_from` and `trouble_to`.
    `is_partial`: the run took up another, and of what that one heard it knows nothing. Times in UTC, ISO 8601.
    """

    since: str = ""
    answers: int = 0
    errors: int = 0
    lost: int = 0
    unknown: int = 0
    trouble_from: str = ""
    trouble_to: str = ""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """
    The last event of every run, exactly once: the verdict, what serves, and what to type next.

    `serving` is a release id, which a comma and more may follow ("RABCDEFGHIJ, as before"), or other words for what
    serves; "" where it was not looked at. `evidence` is where more about the failure lies. `heard` is `None` where
    nothing was promoted, or nothing served before.
    """

    verdict: Verdict
    release: ReleaseId | None
    serving: str
    why: str = ""
    hints: tuple[str, ...] = ()
    seconds: float = 0.0
    problems: tuple[tuple[str, str], ...] = ()
    evidence: str = ""
    heard: Hearing | None = None


Event = (
    Started | Planned | Resumed | Intended | Wrote | Said | BuildLine | CommandLine | Looked | Judged | Gathered | Ended
)


class Sink(Protocol):
    """Receives every event, in order. Never raises, never decides anything (I14)."""

    def record(self, event: Event) -> None: ...
