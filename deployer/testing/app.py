"""An app on a simulated rack, shipped and rolled back by the engine that production runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from deployer.core.environment import Environment
from deployer.core.events import Ended, Event, Intended, Sink, Started
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
from deployer.testing.clock import ManualClock
from deployer.testing.incidents import MemoryIncidents
from deployer.testing.ledger import MemoryLedger
from deployer.testing.probe import SimulatedProbe
from deployer.testing.rack import SimulatedRack, read_manifest
from deployer.testing.sink import RecordingSink
from deployer.testing.world import SimulatedWorld

APP = AppName("demo")


@dataclass
class SimulatedApp:
    """
    One app on one simulated rack, and the words to ship it with. Each verb is a run of its own, with one verdict.

    `sink` has the events of the latest run, `rack.writes` what it wrote. A release's code is a `Program`, by its name
    in `world.programs`; `rest` lets time pass. `sinks` are told each event too.

    Raises what a run meets that is a bug of ours.
    """

    policy: Policy = field(default_factory=lambda: Policy(jitter=0.0))
    clock: ManualClock = field(default_factory=ManualClock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    incidents: MemoryIncidents = field(default_factory=MemoryIncidents)
    ships: int = 0
    named: str = ""
    physics: Physics | None = None
    sinks: list[Sink] = field(default_factory=list)

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

    def rollback(
        self, release: str | None = None, *, yes: bool = True, keep_env: bool = False, thinks_s: float = 0.0
    ) -> Ended:
        """`thinks_s`: how long whoever is asked takes to say it."""

        def confirm(_: object) -> bool:
            self.clock.sleep(thinks_s)
            return yes

        request = RollbackRequest(
            ship=self.next_ship(),
            actor="oncall",
            policy=self.policy,
            confirm=confirm,
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
        ended, bug = run(started, body, self.ports, Recorder(_Fan((self.sink, *self.sinks))))  # type: ignore[arg-type]
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


@dataclass(frozen=True, slots=True)
class _Fan:
    sinks: tuple[Sink, ...]

    def record(self, event: Event) -> None:
        for each in self.sinks:
            each.record(event)
