"""An app on a simulated rack, and the words to ship it with."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from deployer.core.environment import Environment
from deployer.core.events import Ended, Intended, Started
from deployer.core.models import Source
from deployer.core.names import AppName, ReleaseId, ShipId
from deployer.core.policy import Policy
from deployer.core.summary import PROMOTE
from deployer.engine.draft import ShipRequest
from deployer.engine.ports import Ports
from deployer.engine.rollback import RollbackRequest, rollback
from deployer.engine.run import Recorder, run
from deployer.engine.ship import ship
from deployer.rackmodel import Physics
from deployer.testing import ManualClock, MemoryLedger, RecordingSink, SimulatedProbe, SimulatedRack
from deployer.testing.incidents import MemoryIncidents
from deployer.testing.rack import read_manifest
from deployer.testing.world import SimulatedWorld

APP = AppName("demo")


@dataclass
class Stage:
    """One app on one simulated rack, seen by one deployer."""

    policy: Policy = field(default_factory=lambda: Policy(jitter=0.0))
    clock: ManualClock = field(default_factory=ManualClock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    incidents: MemoryIncidents = field(default_factory=MemoryIncidents)
    ships: int = 0
    named: str = ""
    physics: Physics | None = None

    def __post_init__(self) -> None:
        self.sink = RecordingSink(self.clock)
        self.world = SimulatedWorld(self.clock, physics=self.physics)
        self.model = self.world.model
        self.model.create_app(APP)
        self.rack = SimulatedRack(self.world, APP, self.clock)
        self.probe = SimulatedProbe(self.world, APP, self.clock)

    @property
    def ports(self) -> Ports:
        return Ports(APP, self.rack, self.probe, self.ledger, self.clock, self.sink, self.named, self.incidents)

    def next_ship(self) -> ShipId:
        self.ships += 1
        return ShipId(f"20261124-120000-{self.ships:06x}")

    def ship(self, program: str = "good", /, **more: object) -> Ended:
        request = {
            "ship": self.next_ship(),
            "actor": "tester",
            "policy": self.policy,
            "source": Source(program, "0123456789abcdef", f"Make it {program}"),
            "manifest": read_manifest(self.rack.convox_yml(program)),
            "wanted": Environment({}),
            **more,
        }
        command = str(request.get("command", "ship"))
        return self.run(command, lambda ports: ship(ShipRequest(**request), ports), request["ship"])  # type: ignore[arg-type]

    def promote(self, release: str, **more: object) -> Ended:
        """A release that exists: what `promote` and `ship --release` ask for."""
        more = {"command": "promote", "release": ReleaseId(release), "source": None, "manifest": None, **more}
        return self.ship("", **more)

    def built(self, program: str = "better", env: str = "") -> str:
        """A release that somebody built, never promoted."""
        build = self.model.create_build(APP)
        release = self.model.complete_build(APP, build.id, self.rack.convox_yml(program)).id
        return self.model.create_release(APP, build=build.id, env=env).id if env else release

    def rollback(self, release: str | None = None, *, yes: bool = True, keep_env: bool = False) -> Ended:
        request = RollbackRequest(
            ship=self.next_ship(),
            actor="oncall",
            policy=self.policy,
            confirm=lambda _: yes,
            release=ReleaseId(release) if release else None,
            keep_env=keep_env,
        )
        return self.run("rollback", lambda ports: rollback(request, ports), request.ship)

    def run(self, command: str, body: object, ship_id: object) -> Ended:
        self.sink.events.clear()
        self.sink.times_s.clear()
        self.clock.ignored.clear()  # each run is a process of its own
        self.rack.writes.clear()
        started = Started(ship_id, command, APP, "tester", "0")  # type: ignore[arg-type]
        ended, bug = run(started, body, self.ports, Recorder(self.sink))  # type: ignore[arg-type]
        if bug:
            raise bug.error
        return ended

    @property
    def active(self) -> str:
        return self.model.app(APP).release

    @property
    def newest(self) -> str:
        return self.model.releases(APP, 1)[0].id

    def build_of(self, release: str) -> str:
        return self.model.release(APP, release).build

    def since_promote_s(self) -> float:
        """From the intent to promote to the verdict."""
        promoted = next(
            at_s
            for event, at_s in zip(self.sink.events, self.sink.times_s, strict=True)
            if isinstance(event, Intended) and event.write == PROMOTE
        )
        return self.sink.times_s[-1] - promoted

    def rest(self, seconds: float = 120.0) -> None:
        self.clock.advance(seconds)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def shipped(stage: Stage) -> Stage:
    """A stage on which a good release was shipped and has come to rest."""
    ended = stage.ship("good")
    assert 0 == ended.verdict.status
    stage.rest()
    return stage
