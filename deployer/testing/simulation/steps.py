"""
What must hold at every step, held against the rack's own state as the step is made (faults 3.1).

A step is an event on the stream, or a write before it goes out. The checks know the ground truth and what the engine
was shown; they share no code with the judge.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from deployer.core.encode import encode
from deployer.core.events import BuildLine, Ended, Event, Intended, Looked, Planned, Resumed, Started
from deployer.core.models import Answer, App
from deployer.core.names import ProcessId
from deployer.core.plan import ASKED_NOT_TO
from deployer.core.summary import PROMOTE, RESUME
from deployer.rackmodel import AtomState, ProcessRow
from deployer.testing.simulation.schedule import Errand
from deployer.testing.simulation.seat import APP, Seat
from deployer.testing.simulation.stage import SECRETS, Stage

# What a race with somebody else can cost beyond the mirror's lag: our own look before a write (faults 0.15).
RACE_S = 3.0
# The look before a write is its last one; a copy is made in between, and a hanging read may come first.
FRESH_S = 5.0
WENT_BACK = frozenset({AtomState.ROLLBACK, AtomState.REVERTED, AtomState.FAILURE})


@dataclass(slots=True)
class Shown:
    """What the engine was shown, and when: all that it may go by."""

    apps: list[tuple[float, App]] = field(default_factory=list)
    rows: list[tuple[float, list[ProcessRow]]] = field(default_factory=list)
    answers: list[tuple[float, tuple[Answer, ...]]] = field(default_factory=list)
    restarts: list[tuple[float, dict[ProcessId, int]]] = field(default_factory=list)


@dataclass
class Steps:
    """Watches one seat. `broken` names what did not hold, `exercised` counts what was put to the test."""

    stage: Stage
    seat: Seat
    shown: Shown = field(default_factory=Shown)
    broken: list[str] = field(default_factory=list)
    exercised: Counter[str] = field(default_factory=Counter)
    promoted: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    is_planned: bool = False
    is_over: bool = False
    is_taken_up: bool = False
    planned_s: float = 0.0
    baseline: str | None = None
    baseline_served: bool = True
    no_way_back: str = ""
    promoting: str | None = None
    ship: str = ""
    ships: set[str] = field(default_factory=set)

    @property
    def is_abort(self) -> bool:
        """A person has it taken back, whatever was asked for before."""
        return self.seat.schedule.aborts and self.is_taken_up

    def __post_init__(self) -> None:
        rack, probe, now_s = self.seat.rack, self.seat.probe, self.stage.clock.now_s
        rack.on_app = lambda app: self.shown.apps.append((now_s(), app))
        rack.on_rows = lambda rows: self.shown.rows.append((now_s(), rows))
        rack.on_restarts = lambda counts: self.shown.restarts.append((now_s(), counts))
        probe.on_answers = lambda answers: self.shown.answers.append((now_s(), answers))

    # Events

    def on_event(self, event: Event) -> None:
        match event:
            case Started():
                self.ship = event.ship
                self.ships.add(event.ship)
                self.is_planned = self.is_over = False
                self.promoting, self.tried = None, []
            case Planned():
                self._note_plan(event)
            case Resumed():
                self.promoting, self.is_taken_up = event.release, True
            case Intended() if event.write == PROMOTE:
                self.promoting = event.release
        self._holds("I2", not self.is_over or isinstance(event, Started), "an event after the verdict")
        self.is_over = isinstance(event, Ended)
        if not isinstance(event, Looked | BuildLine):
            said = json.dumps(encode(event)) + repr(event)
            self._holds("I8", not any(secret in said for secret in SECRETS), f"a secret in {type(event).__name__}")

    def _note_plan(self, event: Planned) -> None:
        """A run that takes up another is judged by that one's plan, unless it adopts a build by one of its own."""
        self.is_planned = True
        is_its_own = event.plan.ship == self.ship
        if is_its_own and event.plan.command in ("ship", RESUME):
            self._holds("I15", not self._is_anothers(), "planned what somebody else is at work on")
        if is_its_own or not self.planned_s:
            self.planned_s = self.stage.clock.now_s()
            baseline = event.plan.baseline
            self.baseline = baseline.release if baseline else None
            known = {
                self.stage.before,
                self.stage.rolling,
                *self.stage.theirs(self.seat),
                self.stage.model.app(APP).release or None,
            }
            self._holds("I4", self.baseline in known, "planned over what nobody has promoted")
            self.baseline_served = baseline is None or self.stage.serves(baseline.release, fully=False)
        self.no_way_back = event.plan.no_way_back

    # Writes

    def on_write(self, words: str) -> None:
        """A write is about to be tried, whatever will come of it."""
        self._holds("I11", self.is_planned, f"{words} before the plan was shown")
        self._holds("I13", self.seat.schedule.errand is not Errand.VERIFY, f"verify writes: {words}")
        self._holds("I15", not self._is_anothers(), f"{words}, and somebody else holds the lock")
        if words == "cancel" or words.startswith("promote "):
            self._on_move(words)
        if words.startswith("promote "):
            self._on_promote(words.removeprefix("promote "))
        self.moves += [words] if words == "cancel" or words.startswith("promote ") else []

    def _is_anothers(self) -> bool:
        """Somebody else holds the lock, and not only since a moment ago."""
        holder, since_s = self.stage.ledger.lock, self.stage.ledger.since_s
        return holder is not None and holder.ship not in self.ships and self.stage.clock.now_s() - since_s > RACE_S

    def _on_move(self, words: str) -> None:
        """A write that changes what serves."""
        stage, now_s = self.stage, self.stage.clock.now_s()
        active = stage.model.truth(APP)
        since_s = stage.theirs(self.seat).get(active.release)
        is_rollback = self.seat.schedule.errand is Errand.ROLLBACK  # goes on from whatever its cancel brings back
        if since_s is not None and active.state in WENT_BACK and not is_rollback:  # of which its words tell no sooner
            since_s = max(since_s, active.since_s)
        lag_s = RACE_S + stage.schedule.physics.mirror_lag_s
        is_theirs = since_s is not None and self.planned_s < since_s < now_s - lag_s
        self._holds("I3", not is_theirs, f"{words} over what somebody else promoted")
        self._holds("I6", self._has_looked(words, now_s), f"{words} without a look that allows it")

    def _has_looked(self, words: str, now_s: float) -> bool:
        """The last look at the app came right before, and showed what may be moved."""
        if not self.shown.apps:
            return False
        at_s, app = self.shown.apps[-1]
        if now_s - at_s > FRESH_S:
            return False
        if self.seat.schedule.errand is Errand.ROLLBACK:
            return app.status == ("updating" if words == "cancel" else "running")
        if words == "cancel":
            return app.status == "updating" and app.release in self.promoted
        release = words.removeprefix("promote ")
        over = {self.baseline, *self.promoted} - {release} if self.promoted else {self.baseline}
        return app.is_running and app.release in over

    def _on_promote(self, release: str) -> None:
        self._holds("I9", release == self.promoting, f"{release} is promoted, and {self.promoting} was written down")
        # one of a run that was killed may be made again by the next, where what it was to replace is there at rest
        is_first = release not in self.tried and self.stage.model.truth(APP).release != release
        self._holds("I5", is_first, f"{release} is promoted twice")
        is_rollback = self.seat.schedule.errand is Errand.ROLLBACK
        others = set(self.promoted) - {release}
        most = 1 if is_rollback and not self.is_abort else 2
        self._holds("I5", len(others) < most, "more than one way back")
        if others and not is_rollback:
            self._on_way_back(release)
        self.tried.append(release)
        self.promoted += [release] if release not in self.promoted else []

    def _on_way_back(self, release: str) -> None:
        is_off = bool(self.no_way_back) and not (self.is_abort and self.no_way_back in ASKED_NOT_TO)
        self._holds("I4", not is_off, f"went back where that is off: {self.no_way_back}")
        self._holds("I4", self.baseline_served, "went back to what did not serve")
        made, before = (self.stage.model.release(APP, each) for each in (release, str(self.baseline)))
        is_same = (made.build, made.env) == (before.build, before.env)
        self._holds("I4", is_same, "went back to something else")

    def _holds(self, invariant: str, is_held: bool, otherwise: str) -> None:
        self.exercised[invariant] += 1
        if not is_held:
            self.broken.append(f"{invariant}: {otherwise}")
