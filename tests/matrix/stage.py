"""A ship or a way back on a simulated rack, and a fault that comes at the step it is meant for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby

from deployer.core.environment import Environment
from deployer.core.events import Ended, Event, Intended, Judged, Sink, Started, Wrote
from deployer.core.names import ShipId
from deployer.core.policy import Policy
from deployer.core.summary import DONE, PROMOTE
from deployer.engine.ports import Ports
from deployer.engine.run import Recorder, run
from deployer.rackmodel import Physics
from deployer.render.plain import plain_text
from deployer.render.story import Story
from deployer.testing import ManualClock, MemoryLedger, RecordingSink
from deployer.testing.clock import EPOCH
from deployer.testing.programs import Program
from deployer.testing.world import SimulatedWorld
from tests.engine.conftest import APP
from tests.engine.conftest import Stage as EngineStage
from tests.matrix.cells import Serves, Step
from tests.matrix.struck import SleeperClock, StruckProbe, StruckRack

Hook = Callable[[], None]

SETTLES_S = 200.0
# The new release is ready only then, so that there is a while in which it is watched.
READY_S = 20.0
BAD = "crashes-late"
"""Serves for 20 s and then crashes for good: doomed in its soak, when the rack calls it running."""


def step_of(event: Event) -> Step | None:
    """The step that begins with this event."""
    match event:
        case Started():
            return Step.PRE
        case Intended(write="env set"):
            return Step.ENV
        case Intended(write="build"):
            return Step.BLD
        case Intended(write=write) if write == PROMOTE:
            return Step.PRO
        case Wrote(write=write, outcome=outcome) if (write, outcome) == (PROMOTE, DONE):
            return Step.PS
        case Judged(judgement="proven"):
            return Step.SOK
        case Judged(judgement="doomed"):
            return Step.RBK
        case Judged(judgement="settled"):
            return Step.NTF
    return None


class Watcher(RecordingSink):
    """Keeps every event, and calls each hook once, when its step begins."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.hooks: dict[Step, Hook] = {}
        self.others: list[Sink] = []

    def forget(self) -> None:
        self.events.clear()
        self.times_s.clear()

    def record(self, event: Event) -> None:
        super().record(event)
        step = step_of(event)
        steps = (Step.PS, Step.HLT) if step is Step.PS else (step,)
        for each in steps:
            if each in self.hooks:
                self.hooks.pop(each)()
        for sink in self.others:
            sink.record(event)


@dataclass
class Stage(EngineStage):
    """One app that serves a release of somebody's, and one run of ours on it. The rack has a real one's times."""

    policy: Policy = field(default_factory=lambda: Policy(jitter=0.0))
    clock: SleeperClock = field(default_factory=SleeperClock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    theirs: str = ""
    struck_s: float | None = None
    checks: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sink: Watcher = Watcher(self.clock)
        self.world = SimulatedWorld(self.clock, physics=Physics())
        self.model = self.world.model
        self.model.create_app(APP)
        self.rack: StruckRack = StruckRack(self.world, APP, self.clock)
        self.probe: StruckProbe = StruckProbe(self.world, APP, self.clock)
        self.world.programs["better"] = Program(ready_after_s=READY_S)
        self.before = self.put("good")

    def run(self, command: str, body: Callable[[Ports], Ended], ship: ShipId) -> Ended:  # type: ignore[override]
        self.sink.forget()
        self.rack.writes.clear()
        self.clock.ignored.clear()  # each run is a process of its own
        ended, _ = run(Started(ship, command, APP, "tester", "0"), body, self.ports, Recorder(self.sink))
        return ended

    def put(self, program: str) -> str:
        """Somebody deploys without deployer, and waits until it serves."""
        release = self.built(program)
        self.model.promote(APP, release)
        self.rest()
        return release

    def when(self, step: Step, do: Hook) -> None:
        """Have it done when the step begins, once."""

        def strike() -> None:
            self.struck_s = self.clock.now_s()
            do()

        self.sink.hooks[step] = strike

    def during(self, step: Step, for_s: float | None, on: Hook, off: Hook) -> None:
        """Have it on from the beginning of the step, for so long or for good."""

        def begin() -> None:
            on()
            if for_s is not None:
                self.later(for_s, off)

        self.when(step, begin)

    def later(self, seconds: float, do: Hook) -> None:
        self.world.at(self.clock.now_s() + seconds, do)

    def go(self, step: Step) -> Ended:
        """The ship in which this step is met: a good one, or for the way back one that is bad."""
        if step is Step.RBK:
            self.policy = replace(self.policy, soak_s=60.0)
        return self.ship(BAD if step is Step.RBK else "better", wanted=Environment.of(MODE="new"))

    def settle(self) -> None:
        """All faults are over, and the rack comes to rest."""
        self.rack.strikes.clear()
        self.rest(SETTLES_S)

    # What came of it

    @property
    def settled_s(self) -> float:
        """When the release was judged to be proven for a whole soak."""
        dated = zip(self.sink.events, self.sink.times_s, strict=True)
        return next(at_s for event, at_s in dated if event == Judged("settled"))

    @property
    def told(self) -> str:
        """The whole run as the plain renderer tells it."""
        story = Story(shows_build=True, verbose=True)
        lines = []
        for event, at_s in zip(self.sink.events, self.sink.times_s, strict=True):
            at = EPOCH + timedelta(seconds=at_s)
            lines += [plain_text(line, at) for line in story.tell(event, at)]
        return "\n".join(lines)

    @property
    def writes(self) -> tuple[str, ...]:
        """
        What was tried, in order; of a second promote that it is of a copy of the old release.

        A cancel is tried again every five seconds while the rack says "not now"; those are told as one.
        """
        promotes, named = 0, []
        for each in self.rack.writes:
            if each.startswith("promote "):
                promotes += 1
                named.append("promote" if promotes == 1 else "promote copy")
            else:
                named.append("copy" if each.startswith("create-from") else each)
        return tuple(name for name, _ in groupby(named))

    @property
    def serves(self) -> Serves | str:
        """By the processes that the balancer sends requests to; words where it is neither one nor the other."""
        found = {row.release for row in self.world.answering(APP, "api")}
        active = self.model.truth(APP).release
        if found != ({active} if found else set()):
            return f"{found} answer and {active} is active"
        if not found:
            return Serves.NOTHING
        if active in (self.before, self.theirs):
            return Serves.OLD if active == self.before else Serves.THEIRS
        return Serves.COPY if self.build_of(active) == self.build_of(self.before) else Serves.NEW


Arm = Callable[[Stage, Step, float | None], None]
"""
Has a fault come at a step. `for_s` is how long it lasts, `None` for good; for a write, whether its effect is there.
"""
