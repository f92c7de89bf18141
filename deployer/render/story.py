"""
The story of a run: a fold of its events into lines of plain words. Only what changed is said; after a silence, one line
says what is being waited for.

Driven by the events' own ticks: no threads, no clock of its own (the caller says when each event came).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from deployer.core.events import (
    BuildLine,
    CommandLine,
    Ended,
    Event,
    Intended,
    Judged,
    Looked,
    Planned,
    ProcessSeen,
    Resumed,
    Said,
    Started,
    Wrote,
)
from deployer.core.policy import Policy
from deployer.core.proof import Progress
from deployer.core.summary import RUN
from deployer.core.verdict import Verdict
from deployer.render.plan import plan_line
from deployer.render.verdict import ended_line
from deployer.render.words import Kind, Line, count, duration, fraction, line

BUILD = "build"
TAIL_LINES = 20
NAMES_AT_ONCE = 3
_WITH_LOG = frozenset({Verdict.BUILD_FAILED, Verdict.BUILD_UNKNOWN, Verdict.COMMAND_FAILED})
_DOWN = frozenset({"crashed", "failed"})


@dataclass(slots=True)
class Soak:
    """The answers since everything was proven."""

    began: datetime
    answers: int = 0
    wrong: int = 0

    def text(self, at: datetime, so_far: str = "") -> str:
        wrong = f"{self.wrong} wrong" if self.wrong else "none wrong"
        heard = f"{count(self.answers, 'answer')}, {wrong}" if self.answers else "by the process list alone"
        return f"{(at - self.began).total_seconds():.0f}s{so_far}, {heard}"


@dataclass(slots=True)
class Story:
    """`tell(event, at)` gives the lines that the event adds. `verbose` adds the commands that are run."""

    shows_build: bool = True
    verbose: bool = False
    _policy: Policy = field(default_factory=Policy)
    _spoke_at: datetime | None = None
    _look: Looked | None = None
    _told: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _down: set[str] = field(default_factory=set)
    _troubles: set[str] = field(default_factory=set)
    _soak: Soak | None = None
    _reason: str = ""
    _log_began: datetime | None = None  # of the build or the release command
    _build_s: float | None = None
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def tell(self, event: Event, at: datetime) -> list[Line]:
        lines = self._lines(event, at)
        if not lines and self._is_silent(at):
            lines = self._heartbeat(event, at)
        if lines:
            self._spoke_at = at
        return lines

    def _lines(self, event: Event, at: datetime) -> list[Line]:
        match event:
            case Started():
                return [line("start", f"deployer {event.version}, ship {event.ship}")] if self.verbose else []
            case Planned():
                self._policy = event.plan.policy
                return [plan_line(event.plan)]
            case Intended() | Wrote():
                return self._command(event, at)
            case Resumed():
                return [line("resume", f"{event.release}, from where it was left")]
            case Said():
                self._reason += f"\n{event.text}" if event.step == "why" else ""
                warning = "warning: " if event.is_warning else ""
                return [line(event.step, warning + event.text, Kind.WARNING if event.is_warning else Kind.STORY)]
            case BuildLine() | CommandLine():
                return self._log_line(event)
            case Looked():
                return self._looked(event)
            case Judged():
                return self._judged(event, at)
            case Ended():
                return self._ended(event)
        return []  # what was gathered is for the report; its one sentence is said as `why`

    def _command(self, event: Intended | Wrote, at: datetime) -> list[Line]:
        if event.write in (BUILD, RUN) and isinstance(event, Intended):
            self._log_began = at
            self._tail.clear()
        elif event.write == BUILD and self._log_began:
            self._build_s = (at - self._log_began).total_seconds()
        if not self.verbose:
            return []
        if isinstance(event, Intended):
            about = f" ({event.about})" if event.about else ""
            return [line("run", f"convox {event.write}{about}")]
        return [line("run", f"convox {event.write}: {event.outcome} {event.detail}".rstrip())]

    def _log_line(self, event: BuildLine | CommandLine) -> list[Line]:
        told = line(BUILD if isinstance(event, BuildLine) else "command", event.text, Kind.BUILD)
        self._tail.append(told.text)
        return [told] if self.shows_build else []

    def _looked(self, look: Looked) -> list[Line]:
        if self._look and self._look.step != look.step:
            self._told.clear()
            self._troubles.clear()
        self._look = look
        if self._soak:
            self._soak.answers += look.answers
            self._soak.wrong += look.wrong
        return [*self._newly_down(look), *self._fractions(look), *self._trouble(look)]

    def _fractions(self, look: Looked) -> list[Line]:
        lags = f" · the rack still says {look.rack}" if _is_proven(look) and look.rack != "running" else ""
        lines = []
        for seen in look.progress:
            key = _key(seen)
            is_new = key != self._told.get(seen.service, (0, 0, 0))
            # what is proven again is said, in better words, by who went back
            if is_new and not (look.step == "back" and seen.is_proven):
                word = "new" if look.step == "watch" else "running"
                lines.append(line(look.step, fraction(seen, word) + lags, Kind.PROGRESS))
            self._told[seen.service] = key
        return lines

    def _newly_down(self, look: Looked) -> list[Line]:
        """Each new process that went down, once: it may come up and go down many times (convox-facts 10.1)."""
        down = [each for each in look.processes if each.is_new and each.status in _DOWN and each.id not in self._down]
        self._down |= {each.id for each in down}
        if len(down) > NAMES_AT_ONCE:
            return [line(look.step, f"{_named(down)} and {len(down) - NAMES_AT_ONCE} more went down", Kind.BAD)]
        return [line(look.step, f"{each.id} {each.status}", Kind.BAD) for each in down]

    def _trouble(self, look: Looked) -> list[Line]:
        fresh = [each for each in look.trouble if each not in self._troubles]
        self._troubles |= set(fresh)
        return [line(look.step, f"warning: {each}", Kind.WARNING) for each in fresh]

    def _judged(self, event: Judged, at: datetime) -> list[Line]:
        is_watching = self._look is not None and self._look.step == "watch"
        match event.judgement:
            case "proven" if is_watching:
                self._soak = Soak(at)
                return []
            case "settled":
                return self._soaked(at)
            case "waiting" if self._soak:
                self._soak = None
                return [line("watch", f"the soak starts again{_missing(self._look, ': ')}", Kind.WARNING)]
            case "waiting" | "proven" | "believed":
                return []
            case _:
                self._soak, self._reason = None, event.why
                step = event.judgement if " " not in event.judgement else "watch"
                text = event.why if step == event.judgement else f"{event.judgement}: {event.why}"
                return [line(step, text, Kind.BAD)]

    def _soaked(self, at: datetime) -> list[Line]:
        soak, self._soak = self._soak, None
        return [line("soak", soak.text(at))] if soak else []

    def _ended(self, event: Ended) -> list[Line]:
        lines = []
        if event.verdict in _WITH_LOG and not self.shows_build:
            lines = [line("", each, Kind.BUILD) for each in self._tail]
        times = [duration(event.seconds)] if event.seconds else []
        times += [f"build {duration(self._build_s)}"] if self._build_s is not None else []
        return [*lines, ended_line(event, on=_on(self._look), times=", ".join(times), told=self._reason)]

    def _is_silent(self, at: datetime) -> bool:
        return self._spoke_at is not None and (at - self._spoke_at).total_seconds() >= self._policy.heartbeat_s

    def _heartbeat(self, event: Event, at: datetime) -> list[Line]:
        match event:
            case BuildLine() if self._log_began:
                return [line(BUILD, f"still building, {_since(self._log_began, at)} so far", Kind.HEARTBEAT)]
            case CommandLine() if self._log_began:
                return [line("command", f"still running, {_since(self._log_began, at)} so far", Kind.HEARTBEAT)]
            case Looked() if self._soak:
                return [line("soak", self._soak.text(at, " so far"), Kind.HEARTBEAT)]
            case Looked():
                waits = _missing(event) or f"the rack says {event.rack}"
                trouble = f" · {'; '.join(event.trouble)}" if event.trouble else ""
                return [line(event.step, f"still waiting: {waits}{trouble}", Kind.HEARTBEAT)]
            case _:
                return []


def _key(seen: Progress) -> tuple[int, ...]:
    left = seen.others if seen.running >= seen.needed else 0
    return (seen.running, seen.proven, left)


def _is_proven(look: Looked) -> bool:
    return bool(look.progress) and all(each.is_proven for each in look.progress)


def _missing(look: Looked | None, prefix: str = "") -> str:
    missing = "; ".join(each.missing for each in look.progress if each.missing) if look else ""
    return f"{prefix}{missing}" if missing else ""


def _on(look: Looked | None) -> str:
    if not look or not look.progress:
        return ""
    proven, needed = sum(each.proven for each in look.progress), sum(each.needed for each in look.progress)
    return f"{proven} of {count(needed, 'process')}"


def _named(rows: list[ProcessSeen]) -> str:
    return ", ".join(each.id for each in rows[:NAMES_AT_ONCE])


def _since(began: datetime, at: datetime) -> str:
    return duration((at - began).total_seconds())
