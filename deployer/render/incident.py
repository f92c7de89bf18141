"""
The report of a run that went wrong, for whoever looks into it when the processes are long gone: why in one sentence,
what serves, what to type next; then the evidence.

Everything from outside is in code, where nothing is interpreted (faults 6.2), and within bounds: a report is read.
"""

from __future__ import annotations

import io
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from deployer.core.events import Ended, Event, Gathered, Heard, Looked, Planned, ProcessSeen, Started
from deployer.core.models import Source
from deployer.core.plan import Plan, commit_in
from deployer.core.why import Evidence
from deployer.render.markdown import block, code
from deployer.render.plain import Plain, plain_text
from deployer.render.story import Story
from deployer.render.stream import local_time
from deployer.render.verdict import ended_line
from deployer.render.words import Kind, Line, table

STORY_LINES = 300
PROCESSES = 60
CHANGES = 12
REPORT_LIMIT = 128 * 1024


@dataclass(slots=True)
class _Row:
    """One process over time: each status that it was seen in, and since when."""

    seen: ProcessSeen
    statuses: list[tuple[datetime, str]] = field(default_factory=list)

    def follow(self, seen: ProcessSeen, at: datetime) -> None:
        if (not self.statuses or self.statuses[-1][1] != seen.status) and len(self.statuses) < CHANGES:
            self.statuses.append((at, seen.status))

    def words(self) -> str:
        told = " → ".join(f"{status} {at:%H:%M:%S}" for at, status in self.statuses)
        return f"{told} → …" if len(self.statuses) == CHANGES else told


class Incident(Plain):
    """A sink that keeps what a report needs. `text` is the report, `range_` the commits that the release is made of."""

    def __init__(self, now: Callable[[], datetime] = local_time) -> None:
        super().__init__(io.StringIO(), Story(shows_build=False), now)
        self._started: Started | None = None
        self._plan: Plan | None = None
        self._evidence: list[Evidence] = []
        self._rows: dict[str, _Row] = {}
        self._heard: Counter[tuple[str, int | None, str | None]] = Counter()
        self._said: dict[tuple[str, int | None, str | None], str] = {}
        self._story: deque[str] = deque(maxlen=STORY_LINES)

    def _show(self, event: Event) -> None:
        super()._show(event)
        match event:
            case Started():
                self._started = event
            case Planned():
                self._plan = event.plan
            case Gathered():
                self._evidence.append(event.evidence)
            case Looked():
                self._look(event)

    def _say(self, told: Line, at: datetime) -> None:
        if told.kind is not Kind.BUILD:
            self._story.append(plain_text(told, at))

    def _look(self, look: Looked) -> None:
        at = self.now()
        for seen in look.processes:
            if seen.id in self._rows or len(self._rows) < PROCESSES:
                self._rows.setdefault(seen.id, _Row(seen)).follow(seen, at)
        gone = self._rows.keys() - {each.id for each in look.processes}
        for each in gone if look.processes else ():
            self._rows[each].follow(_gone(self._rows[each].seen), at)
        for heard in look.heard:
            self._hear(heard)

    def _hear(self, heard: Heard) -> None:
        kind = (heard.service, heard.status_code, heard.release)
        self._heard[kind] += heard.count
        self._said[kind] = heard.said or self._said.get(kind, "")

    @property
    def commits(self) -> tuple[Source, str] | None:
        """The checkout, and the commit that served before, where both are known."""
        plan = self._plan
        old = commit_in(plan.baseline.description) if plan and plan.baseline else ""
        return (plan.source, old) if plan and plan.source and plan.source.commit and old else None

    def text(self, ended: Ended, range_: Iterable[str] = ()) -> str:
        parts = [self._head(ended), *self._sections(tuple(range_))]
        text = "\n\n".join(parts) + "\n"
        return text if len(text) <= REPORT_LIMIT else text[:REPORT_LIMIT] + "\n…\n"

    def _head(self, ended: Ended) -> str:
        plan, last = self._plan, ended_line(ended)
        where = f": {code(f'{plan.app} on {plan.rack.name}')}" if plan else ""
        why = f"**Why:** {code(ended.why) or 'not known'}"
        return "\n\n".join(
            [f"# {ended.verdict.label}{where}", why, block("\n".join([last.text, *last.more, self._by()]))]
        )

    def _by(self) -> str:
        run = self._started
        who = f"{run.command} {run.ship} by {run.actor}, " if run else ""
        return f"{who}{self.now():%Y-%m-%d %H:%M:%S %Z}"

    def _sections(self, range_: tuple[str, ...]) -> Iterator[str]:
        for evidence in self._evidence:
            yield from _evidence(evidence)
        if self._heard:
            yield _section("Health answers", table(self._answers()))
        if self._rows:
            yield _section("Processes, as `ps` listed them", table(self._processes()))
        yield from self._changes(range_)
        yield _section("What happened", "\n".join(self._story))

    def _answers(self) -> Iterator[tuple[str, ...]]:
        yield ("SERVICE", "STATUS", "RELEASE", "ANSWERS", "SAID")
        for (service, status, release), number in self._heard.most_common():
            said = self._said[service, status, release]
            yield (service, str(status or "none"), release or "-", str(number), said)

    def _processes(self) -> Iterator[tuple[str, ...]]:
        yield ("PROCESS", "SERVICE", "RELEASE", "STATUS")
        for each in self._rows.values():
            yield (each.seen.id, each.seen.service, each.seen.release, each.words())

    def _changes(self, range_: tuple[str, ...]) -> Iterator[str]:
        plan = self._plan
        if plan is None:
            return
        staged = [f"staged by others: {', '.join(plan.staged)}"] if plan.staged else []
        env = [f"env: {plan.env}"] if plan.env else ["env: unchanged"]
        commits = range_ or ([f"build: {plan.source.title}"] if plan.source else [])
        yield _section("What changed", "\n".join([*env, *staged, *commits]))


def _gone(seen: ProcessSeen) -> ProcessSeen:
    return ProcessSeen(seen.id, seen.service, seen.release, "gone", seen.is_new)


def _evidence(evidence: Evidence) -> Iterator[str]:
    for each in evidence.unwell:
        facts = [f"{each.state}, ready {each.ready or '-'}, {each.restarts} restarts", each.hint]
        said = [f"  {line}" for line in each.lines]
        text = "\n".join([*filter(None, facts), *each.events, *(["it said last:", *said] if said else [])])
        yield _section(f"The rack on {each.process}", text)
    if evidence.log:
        yield _section("Log", "\n".join(f"{each.process or '-'}  {each.text}" for each in evidence.log))


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{block(text)}"
