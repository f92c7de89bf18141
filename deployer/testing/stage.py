"""One world, one ship: the simulated rack as a schedule has it, and the engine that production runs."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from deployer.core.environment import Environment
from deployer.core.events import Ended, Started
from deployer.core.models import Source
from deployer.core.names import AppName, ShipId
from deployer.core.policy import Policy
from deployer.engine.draft import ShipRequest
from deployer.engine.ports import Ports
from deployer.engine.run import Bug, Recorder, run
from deployer.engine.ship import ship
from deployer.rackmodel import ProcessKind, ProcessRow, Refused
from deployer.testing.clock import ManualClock
from deployer.testing.faults import FaultyProbe, FaultyRack, Weather
from deployer.testing.ledger import MemoryLedger
from deployer.testing.rack import manifest_text, read_manifest
from deployer.testing.schedule import PROGRAMS, Act, Schedule
from deployer.testing.sink import RecordingSink
from deployer.testing.world import SimulatedWorld

APP = AppName("demo")
SHIP = ShipId("20261124-120000-000001")
# Longer than a ship, its way back and every deadline in them.
ENDLESS_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Overwritten:
    """A write of ours that moves the app: what was really active then, and the status that anybody could see."""

    words: str
    at_s: float
    active: str
    status: str


@dataclass
class Stage:
    """One world, one ship."""

    schedule: Schedule
    clock: ManualClock = field(default_factory=ManualClock)
    theirs: dict[str, float] = field(default_factory=dict)
    overwritten: list[Overwritten] = field(default_factory=list)

    def __post_init__(self) -> None:
        physics, seed = self.schedule.physics, self.schedule.seed
        self.world = SimulatedWorld(self.clock, seed=seed, physics=physics)
        self.world.programs.update(PROGRAMS)
        self.model = self.world.model
        self.model.create_app(APP)
        self.ledger = MemoryLedger()
        self.sink = RecordingSink(self.clock)
        self.dice = random.Random(seed + 1)  # noqa: S311 - not a secret

    @property
    def service(self) -> dict[str, object]:
        scale = {"count": self.schedule.count}
        return {"scale": scale, "deployment": {"minimum": self.schedule.minimum, "maximum": 200}}

    def begin(self) -> str | None:
        """What served before us, at rest."""
        if self.schedule.before is None:
            return None
        build = self.model.create_build(APP)
        release = self.model.complete_build(APP, build.id, manifest_text(self.schedule.before, **self.service)).id
        self.model.promote(APP, release)
        self.clock.advance(400.0)
        return release

    def run(self) -> tuple[Ended, Bug | None]:
        began_s = self.clock.now_s()
        self.clock.limit_s = began_s + ENDLESS_S
        faults = [replace(f, from_s=f.from_s + began_s, until_s=f.until_s + began_s) for f in self.schedule.faults]
        self.weather = Weather(self.clock, faults, self.dice)
        self.rack = FaultyRack(self.world, APP, self.clock)
        self.rack.weather, self.rack.service = self.weather, self.service
        self.rack.on_write = self._note_write
        probe = FaultyProbe(self.world, APP, self.clock)
        probe.weather = self.weather
        for at_s, act in self.schedule.acts:
            self.world.at(began_s + at_s, partial(self._act, act))
        if self.schedule.signal:
            self.clock.interrupt_at(began_s + self.schedule.signal[0], self.schedule.signal[1])
        ports = Ports(APP, self.rack, probe, self.ledger, self.clock, self.sink)
        started = Started(SHIP, "ship", APP, "simulation", "0")
        return run(started, lambda ready: ship(self._request(), ready), ports, Recorder(self.sink))

    def _request(self) -> ShipRequest:
        program = self.schedule.program
        return ShipRequest(
            ship=SHIP,
            actor="simulation",
            # without jitter: the same seed must be the same run
            policy=replace(Policy(), soak_s=self.schedule.soak_s, jitter=0.0),
            source=Source(program, "0123456789", program),
            manifest=read_manifest(manifest_text(program, **self.service)),
            wanted=Environment.of(MODE="new"),
        )

    def _act(self, act: Act) -> None:
        with suppress(Refused):  # the rack may say no to them as well
            self._acts()[act]()

    def _acts(self) -> dict[Act, Callable[[], None]]:
        return {
            Act.PROMOTE: self._promote_theirs,
            Act.ENV: lambda: None if not self.model.releases(APP, 1) else self._set_theirs(),
            Act.SCALE: lambda: self.model.scale(APP, "api", self.dice.choice([1, 2, 3, 5])),
            Act.CANCEL: lambda: self.model.cancel(APP),
            Act.RACK_ERROR: lambda: self.model.fail_next_check(APP),
            Act.STOP: self._stop_one,
            Act.RUN: self._leave_console,
        }

    def _note_write(self, words: str) -> None:
        """What was really active when a write of ours that moves the app went out."""
        if words == "cancel" or words.startswith("promote "):
            truth, seen = self.model.truth(APP), self.model.app(APP)
            self.overwritten.append(Overwritten(words, self.clock.now_s(), truth.release, seen.status))

    def _set_theirs(self) -> None:
        self.model.create_release(APP, env="THEIRS=1")

    def _promote_theirs(self) -> None:
        build = self.model.create_build(APP)
        release = self.model.complete_build(APP, build.id, manifest_text("good", **self.service)).id
        self.model.promote(APP, release, force=self.dice.random() < 0.5)
        self.theirs[release] = self.clock.now_s()

    def _leave_console(self) -> None:
        self.model.run_process(APP, "api", "console")

    def _stop_one(self) -> None:
        rows = self.model.processes(APP, service="api")
        if rows:
            self.model.stop_process(APP, self.dice.choice(rows).id)

    def replicas(self) -> list[ProcessRow]:
        """The replicas that are there to stay."""
        rows = self.model.processes(APP, service="api")
        return [row for row in rows if row.kind is ProcessKind.REPLICA and not row.terminating]
