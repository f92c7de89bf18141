"""Watch a release come up: look, fold, judge, say what changed; one tick at a time."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from deployer.core.events import Heard, Judged, Looked, ProcessSeen
from deployer.core.history import History
from deployer.core.judge import (
    Believed,
    Doomed,
    Judgement,
    LostSight,
    Proven,
    RackRolledBack,
    Superseded,
    Waiting,
    after,
    judge,
)
from deployer.core.models import Answer, Manifest, Process, Rollout, Service, Snapshot
from deployer.core.names import ProcessId, ReleaseId
from deployer.core.policy import Policy
from deployer.core.proof import progress_of, soak_s
from deployer.engine.look import look, targets_for
from deployer.engine.ports import Ports

# However slow the reads are, the rack gets this much peace between two ticks.
LEAST_REST_S = 0.1


@dataclass(slots=True)
class Watch:
    """
    The watch over one release. `tick()` takes one look and gives the judge's word; `rest()` waits for the next.

    `services` is what is known of the rack's services when the watch begins; it is read again every few ticks, since
    autoscaling moves the counts and a first deploy has no address before it is promoted.
    """

    ports: Ports
    rollout: Rollout
    manifest: Manifest
    services: tuple[Service, ...]
    policy: Policy
    step: str = "watch"
    judging: Callable[[History, Policy], Judgement] = judge
    counts_restarts: bool = True
    dice: random.Random = field(default_factory=random.Random)
    _ticks: int = 0
    _ticked_at_s: float = 0.0
    _counted_at_s: float = -math.inf
    _heard: dict[ProcessId, tuple[float, Answer]] = field(default_factory=dict)
    _last: Judgement | None = None
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.history = History.of(self.rollout, self.ports.clock.now_s())

    def tick(self) -> Judgement:
        with_restarts, self._ticked_at_s = self._is_to_count(), self.ports.clock.now_s()
        self._counted_at_s = self._ticked_at_s if with_restarts else self._counted_at_s
        targets = targets_for(self.manifest, self.services, self.policy)
        with_services = (self._ticks - 1) % self.policy.services_every == 0 or (self.history.is_ours and not targets)
        snapshot = look(self.ports, targets, with_services=with_services, with_restarts=with_restarts)
        self._ticks += 1
        self.services = snapshot.services if snapshot.services is not None else self.services
        self.history = after(self.history, snapshot, self.policy)
        judgement = self.judging(self.history, self.policy)
        self._tell(self.history.latest or snapshot, judgement)
        return judgement

    def rest(self) -> None:
        """
        Wait for the next tick, which is due a tick after this one began, or when it may settle it. Raises Interrupted.

        With jitter, so that many deployers do not march in step.
        """
        spread = 1 + self.policy.jitter * self.dice.uniform(-1, 1)
        due_s = min(self._ticked_at_s + self.policy.tick_s * spread, self._settles_s())
        self.ports.clock.sleep(max(LEAST_REST_S, due_s - self.ports.clock.now_s()))

    def _settles_s(self) -> float:
        """When the next look may settle it: at the end of the soak, and soon after one that only missed a word."""
        if not isinstance(self._last, Proven):
            return math.inf
        soaked_s, soon_s = self._soaked_s(self._last), self._ticked_at_s + self.policy.settle_tick_s
        is_to_begin = self._may_count(self._last) and self._counted_at_s < self._last.since_s
        return soon_s if is_to_begin or soaked_s <= self._ticked_at_s else soaked_s

    def _soaked_s(self, proven: Proven) -> float:
        return proven.since_s + soak_s(self.history, self.policy)

    def _is_to_count(self) -> bool:
        """
        Restarts are read at both ends of a soak: a crash that is over between two looks shows in nothing else.
        """
        if not isinstance(self._last, Proven) or not self._may_count(self._last):
            return False
        # a look that takes as long as the last one may end after the soak and settle it
        last_s = self._soaked_s(self._last) - max(self.policy.settle_tick_s, self.history.now_s - self._ticked_at_s)
        now_s, counted_s = self.ports.clock.now_s(), self._counted_at_s
        is_old = counted_s < last_s or now_s - counted_s >= self.policy.quiet_tick_s
        return counted_s < self._last.since_s or (now_s >= last_s and is_old)

    def _may_count(self, proven: Proven) -> bool:
        """Without a soak one count tells nothing; and the rack looks at each process for it (convox-facts 2.10)."""
        has_ends = self._soaked_s(proven) > proven.since_s
        return self.counts_restarts and has_ends and len(self.history.tracks) <= self.policy.counted_up_to

    def _tell(self, snapshot: Snapshot, judgement: Judgement) -> None:
        for each in snapshot.answers:
            if each.process and not each.error:
                self._heard[each.process] = (snapshot.at_s, each)
        self.ports.sink.record(self._looked(snapshot))
        if _word(judgement) != _word(self._last):
            self.ports.sink.record(_judged(judgement))
        self._last = judgement

    def _looked(self, snapshot: Snapshot) -> Looked:
        heard = [each for each in snapshot.answers if not each.error]
        lost = sum(each.is_lost for each in snapshot.answers)
        release = self.rollout.release
        return Looked(
            self.step,
            release,
            snapshot.app.status if snapshot.app else "no answer",
            progress_of(self.history, self.policy),
            tuple(self._seen(row, snapshot.at_s) for row in snapshot.processes or ()),
            answers=len(heard),
            wrong=sum(not each.is_ok or each.release != release for each in heard),
            trouble=snapshot.trouble,
            heard=_told_apart(snapshot.answers),
            errors=sum(each.is_error for each in heard),
            lost=lost,
            unknown=len(snapshot.answers) - len(heard) - lost,
            looked_at=self.ports.clock.utc().isoformat(timespec="milliseconds"),
        )

    def _seen(self, row: Process, at_s: float) -> ProcessSeen:
        heard_s, answer = self._heard.get(row.id, (0.0, None))
        return ProcessSeen(
            row.id,
            row.service,
            row.release,
            row.status,
            is_new=row.release == self.rollout.release,
            answered_s_ago=at_s - heard_s if answer else None,
            answer_ms=answer.elapsed_s * 1000 if answer else None,
        )


def _told_apart(answers: Iterable[Answer]) -> tuple[Heard, ...]:
    """How many answers said the same, each in the words of the last."""
    counts: Counter[tuple[str, int | None, ReleaseId | None]] = Counter()
    said: dict[tuple[str, int | None, ReleaseId | None], str] = {}
    for each in answers:
        kind = (each.service, each.status_code, each.release)
        counts[kind] += 1
        said[kind] = each.error or each.said
    return tuple(Heard(*kind, number, said[kind]) for kind, number in counts.items())


def _word(judgement: Judgement | None) -> str:
    match judgement:
        case None | Waiting():
            return "waiting"
        case Proven(is_settled=True):
            return "settled"
        case Proven():
            return "proven"
        case Believed():
            return "believed"
        case Doomed():
            return "doomed"
        case RackRolledBack():
            return "rack went back"
        case Superseded():
            return "superseded"
        case LostSight():
            return "lost sight"


def _judged(judgement: Judgement) -> Judged:
    match judgement:
        case Doomed():
            return Judged(_word(judgement), f"{judgement.why} ({judgement.reason.value})", judgement.process)
        case RackRolledBack() | LostSight():
            return Judged(_word(judgement), judgement.why)
        case Superseded():
            return Judged(_word(judgement), f"{judgement.by} is active")
        case Proven() | Believed() | Waiting():
            return Judged(_word(judgement))
