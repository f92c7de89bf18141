"""
Ship in many worlds, and hold each verdict against what is really there.

    python -m deployer.testing.simulate --seeds 4000 --base 0

runs the engine that production runs, in virtual time. Every invariant that is broken is printed with the seed that
reproduces it. The figures describe the rack model, not the world (faults 5.2).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from deployer.core.environment import Environment
from deployer.core.events import Ended, Intended, Planned, Started
from deployer.core.models import Source
from deployer.core.names import AppName, ShipId
from deployer.core.policy import Policy
from deployer.core.verdict import Verdict
from deployer.engine.ports import Ports
from deployer.engine.preflight import ShipRequest
from deployer.engine.run import Bug, Recorder, run
from deployer.engine.ship import ship
from deployer.rackmodel import Refused
from deployer.testing.clock import ManualClock
from deployer.testing.faults import FaultyProbe, FaultyRack, Kind, Weather
from deployer.testing.ledger import MemoryLedger
from deployer.testing.rack import manifest_text, read_manifest
from deployer.testing.schedule import GOOD, PROGRAMS, Act, Schedule, draw
from deployer.testing.sink import RecordingSink
from deployer.testing.world import SimulatedWorld

APP = AppName("demo")
SHIP = ShipId("20261124-120000-000001")
# What a race with somebody else's promote can cost: as long as the rack's mirror lags, and our own read before a write.
RACE_S = 3.0
SETTLE_S = 150.0


@dataclass
class Stage:
    """One world, one ship."""

    schedule: Schedule
    clock: ManualClock = field(default_factory=ManualClock)
    theirs: dict[str, float] = field(default_factory=dict)
    overwritten: list[tuple[str, float, str]] = field(default_factory=list)

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
        faults = [replace(f, from_s=f.from_s + began_s, until_s=f.until_s + began_s) for f in self.schedule.faults]
        self.weather = Weather(self.clock, faults, self.dice)
        self.rack = FaultyRack(self.world, APP, self.clock)
        self.rack.weather, self.rack.service = self.weather, self.service
        self.rack.on_write = self._note_write
        probe = FaultyProbe(self.world, APP, self.clock)
        probe.weather = self.weather
        for at_s, act in self.schedule.acts:
            self.world.at(began_s + at_s, lambda act=act: self._act(act))  # type: ignore[misc]
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
        }

    def _note_write(self, words: str) -> None:
        """What was really active when a write of ours that moves the app went out."""
        if words == "cancel" or words.startswith("promote "):
            self.overwritten.append((words, self.clock.now_s(), self.model.truth(APP).release))

    def _set_theirs(self) -> None:
        self.model.create_release(APP, env="THEIRS=1")

    def _promote_theirs(self) -> None:
        build = self.model.create_build(APP)
        release = self.model.complete_build(APP, build.id, manifest_text("good", **self.service)).id
        self.model.promote(APP, release, force=self.dice.random() < 0.5)
        self.theirs[release] = self.clock.now_s()

    def _stop_one(self) -> None:
        rows = self.model.processes(APP, service="api")
        if rows:
            self.model.stop_process(APP, self.dice.choice(rows).id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a seed came to. `broken` names every invariant that does not hold."""

    seed: int
    verdict: Verdict
    broken: tuple[str, ...]
    fired: Counter[str]
    needless: bool = False


def play(seed: int) -> Outcome:
    """Run one seed and judge it by the ground truth."""
    stage = Stage(draw(seed))
    before = stage.begin()
    ended, bug = stage.run()
    at_verdict_s = stage.clock.now_s()
    truth = Truth(stage, ended, before, at_verdict_s)
    broken = [f"a bug of ours: {bug.error!r}"] if bug else []
    broken += truth.broken()
    fired = Counter({kind.name: n for kind, n in stage.weather.fired.items()})
    fired.update(act.name for _, act in stage.schedule.acts)
    return Outcome(seed, ended.verdict, tuple(broken), fired, truth.is_needless())


@dataclass(slots=True)
class Truth:
    """The rack's own state at the verdict, and once everything has settled, against what the verdict claims."""

    stage: Stage
    ended: Ended
    before: str | None
    at_s: float

    def broken(self) -> list[str]:
        checks = (self._i1_success, self._i2_one_verdict, self._i3_theirs, self._i5_one_promote, self._i11_plan_first)
        found = [text for check in checks if (text := check())]
        self.stage.clock.advance(SETTLE_S)
        return found + [text for check in (self._i1_lasts, self._i4_back) if (text := check())]

    def is_needless(self) -> bool:
        """A good release was taken back, and nobody else had a hand in it, nor a front door full of errors."""
        schedule = self.stage.schedule
        if self.stage.weather.fired[Kind.PROBE_5XX]:
            return False
        others = {Act.RACK_ERROR, Act.CANCEL, Act.PROMOTE} & {act for _, act in schedule.acts}
        return schedule.program in GOOD and not others and self.ended.verdict.status in (18, 20, 30, 31)

    def _i1_success(self) -> str:
        if self.ended.verdict is not Verdict.SHIPPED:
            return ""
        claimed = str(self.ended.release)
        rows = [row for row in self.stage.model.processes(APP, service="api") if row.kind.value == "replica"]
        ours = [row for row in rows if row.release == claimed and row.ready]
        if self.stage.model.truth(APP).release != claimed:
            return "I1: shipped, and another release is active"
        if any(row.release != claimed and not row.terminating for row in rows):
            return "I1: shipped, and a replica of another release is there to stay"
        if not ours or self.stage.schedule.program in ("errors-at-once", "never-ready", "lies", "crashes"):
            return "I1: shipped what cannot have been proven"
        return ""

    def _i1_lasts(self) -> str:
        """A good release that was shipped still serves when all has settled, unless others had a hand in it."""
        if self.ended.verdict is not Verdict.SHIPPED or self.stage.schedule.program not in GOOD or self.stage.theirs:
            return ""
        acts = {act for _, act in self.stage.schedule.acts}
        is_there = self.stage.model.truth(APP).release == str(self.ended.release)
        return "" if is_there or acts & {Act.RACK_ERROR, Act.CANCEL} else "I1: shipped, and it did not last"

    def _i2_one_verdict(self) -> str:
        count = len(self.stage.sink.of(Ended))
        return "" if count == 1 else f"I2: {count} verdicts"

    def _i3_theirs(self) -> str:
        """Nothing is written over what somebody promoted after our plan, but in seconds that nobody can see (0.15)."""
        lag_s = RACE_S + self.stage.schedule.physics.mirror_lag_s
        sink = self.stage.sink
        planned_s = next((t for e, t in zip(sink.events, sink.times_s, strict=True) if isinstance(e, Planned)), 0.0)
        for words, at_s, active in self.stage.overwritten:
            since_s = self.stage.theirs.get(active)
            if since_s is not None and planned_s < since_s < at_s - lag_s:
                return f"I3: {words} over somebody else's release"
        return ""

    def _i4_back(self) -> str:
        """Rolled back means: the content that served before serves again."""
        if self.ended.verdict not in (Verdict.ROLLED_BACK, Verdict.REVERTED) or self.stage.theirs:
            return ""
        active = self.stage.model.truth(APP).release
        if not active or not self.before:
            return "I4: went back to nothing"
        same = self.stage.model.release(APP, active).build == self.stage.model.release(APP, self.before).build
        return "" if same else "I4: went back to something else"

    def _i5_one_promote(self) -> str:
        promoted = [each for each in self.stage.rack.writes if each.startswith("promote ")]
        if len(promoted) != len(set(promoted)):
            return "I5: a release was promoted twice"
        return "" if len(promoted) <= 2 else "I5: more than one way back"

    def _i11_plan_first(self) -> str:
        kinds = [type(event) for event in self.stage.sink.events]
        if Intended not in kinds:
            return ""
        is_first = Planned in kinds and kinds.index(Planned) < kinds.index(Intended)
        return "" if is_first else "I11: written before the plan"


@dataclass(slots=True)
class Report:
    """Many seeds, added up."""

    verdicts: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    broken: list[Outcome] = field(default_factory=list)
    needless: list[int] = field(default_factory=list)
    seeds: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.verdicts[outcome.verdict.label] += 1
        self.fired.update(outcome.fired)
        if outcome.broken:
            self.broken.append(outcome)
        if outcome.needless:
            self.needless.append(outcome.seed)

    def __str__(self) -> str:
        bound = 3 / max(1, self.seeds)
        lines = [f"{self.seeds} seeds"]
        lines += [f"  {count:7d}  {label}" for label, count in self.verdicts.most_common()]
        lines += ["faults and acts that met somebody:"]
        lines += [f"  {count:7d}  {name}" for name, count in self.fired.most_common()]
        lines += [f"broken invariants: {len(self.broken)} of {self.seeds} (95 % bound of none: {bound:.5f})"]
        lines += [f"  seed {each.seed}: {'; '.join(each.broken)} [{each.verdict.label}]" for each in self.broken[:20]]
        lines += [f"good releases taken back needlessly: {len(self.needless)} of {self.seeds} {self.needless[:20]}"]
        return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--base", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    options = parser.parse_args(argv)
    report, began_s = Report(), time.perf_counter()
    with multiprocessing.Pool(options.jobs) as pool:
        for outcome in pool.imap(play, range(options.base, options.base + options.seeds), chunksize=20):
            report.add(outcome)
    print(f"{report}\nin {time.perf_counter() - began_s:.1f} s")  # noqa: T201
    return 1 if report.broken or report.needless else 0


if __name__ == "__main__":
    sys.exit(main())
