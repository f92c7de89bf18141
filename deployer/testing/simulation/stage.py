"""One world: the simulated rack as a schedule has it, in its weather, with the others who are at work on it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from deployer.core.names import ReleaseId, ShipId
from deployer.engine.ports import LockNote, ProvenEntry
from deployer.rackmodel import ProcessKind, ProcessRow, Refused
from deployer.rackmodel.manifest_read import read_manifest
from deployer.testing.clock import ManualClock
from deployer.testing.simulation.faulty import Trail
from deployer.testing.simulation.layout import PROGRAMS, Reach
from deployer.testing.simulation.lock import SharedLedger
from deployer.testing.simulation.schedule import Act, Errand, Schedule
from deployer.testing.simulation.seat import APP, Seat
from deployer.testing.simulation.weather import Kind, Weather
from deployer.testing.world import SimulatedWorld

SHIP = ShipId("20261124-120000-000001")
THEIRS = ShipId("20261124-115900-ffffff")
BEFORE = ShipId("20261123-120000-00000b")
SECRETS = ("s3cr3t-old-4711", "s3cr3t-new-0815")
HOUR_S = 3600.0
# Others had a hand in what serves now.
MEDDLING = frozenset({Act.PROMOTE, Act.ON_CALL, Act.CANCEL, Act.RACK_ERROR})


@dataclass
class Stage:
    """
    One world, at rest until `open`, in which a first process of ours is at work, and a second one in some.

    `moves` are the writes that took effect: when, by which seat (`None`: by somebody else) and what. `least` is the
    fewest replicas that were ever wanted of a service, `met` counts the acts that took effect, and `touched_s` is when.
    """

    schedule: Schedule
    clock: ManualClock = field(default_factory=ManualClock)
    moves: list[tuple[float, Seat | None, str]] = field(default_factory=list)
    least: dict[str, int] = field(default_factory=dict)
    met: Counter[Act] = field(default_factory=Counter)
    older: str | None = None
    before: str | None = None
    rolling: str | None = None
    touched_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        schedule = self.schedule
        self.world = SimulatedWorld(self.clock, seed=schedule.seed, physics=schedule.physics)
        self.world.programs.update(PROGRAMS)
        self.model = self.world.model
        self.model.create_app(APP)
        self.ledger = SharedLedger(self.clock)
        self.dice = random.Random(schedule.seed + 1)  # noqa: S311 - not a secret
        self.weather = Weather(self.clock, (), self.dice)
        self.first = Seat(schedule, SHIP, self.clock, self.world, self.weather)
        self.begin_second: Callable[[Errand], None] = lambda _: None
        self.least = {each.name: each.count for each in (*schedule.layout.parts, *schedule.layout_before.parts)}

    # What was there before us

    def begin(self) -> None:
        """What served before us, at rest; what a rollback would go back to; and what was built and never promoted."""
        schedule = self.schedule
        if schedule.errand is Errand.ROLLBACK:
            self.older = self._serve("good", "OLD")
        if schedule.before is not None:
            program = "before" if schedule.before == "crashing" else schedule.before
            self.before = self._serve(program, SECRETS[0])
            if schedule.before == "crashing":
                self._spoil()
                for row in self.replicas():
                    self.world.crash(APP, row.id)
                self.clock.advance(60.0)
        if schedule.errand is Errand.RELEASE:
            self.first.built = self.build(schedule.program)
            if schedule.seed % 2:
                self.model.create_release(APP, env="THEIRS=2")
        if schedule.rolling:
            self.rolling = self.build(schedule.rolling)
            self.model.promote(APP, self.rolling, force=True)
            self.clock.advance(self.dice.choice([0.0, 3.0, 10.0]))
        if schedule.is_locked:
            self.ledger.take_lock(_note(THEIRS))

    def _serve(self, program: str, secret: str) -> str:
        build = self.model.create_build(APP, description=f"build a before [ship {BEFORE}]")
        text = self.schedule.layout_before.manifest(program, self.schedule.companion)
        made = self.model.complete_build(APP, build.id, text)
        release = self.model.create_release(APP, build=made.build, env=f"MODE=old\nTOKEN={secret}").id
        # a deadline of its own: the physics may have a short one
        self.model.promote(APP, release, timeout_s=3000.0)
        self.clock.advance(30.0)
        for _ in range(30):
            if self.model.app(APP).status == "running" and self.model.app(APP).release == release:
                break
            self.clock.advance(30.0)
        if program == "turned-bad":
            self.clock.advance(150.0)
        if self.schedule.is_known or program == "good":
            self.ledger.record_proven(ProvenEntry(ReleaseId(release), None, "earlier", "somebody", BEFORE))
        return release

    def build(self, program: str) -> str:
        """A release that nobody has promoted."""
        build = self.model.create_build(APP, description=f"build {program} [ship {BEFORE}]")
        text = self.schedule.layout.manifest(program, self.schedule.companion)
        self.note("build", None)
        return self.model.complete_build(APP, build.id, text).id

    # What goes on meanwhile

    def open(self) -> None:
        """Let the schedule's faults and acts come, counted from now."""
        began_s = self.clock.now_s()
        self.moves.clear()
        faults = [
            replace(each, from_s=each.from_s + began_s, until_s=each.until_s + began_s) for each in self.schedule.faults
        ]
        self.weather.put(faults)
        if Kind.PS_STALE in self.weather.of_kind:
            self.first.rack.trail = Trail(self.world, APP, self.clock, self.schedule.ps_lag_s)
        for at_s, act in self.schedule.acts:
            self.clock.at(began_s + at_s, partial(self._act, act))
            if act is Act.SLEEP:
                self.clock.nap_at(began_s + at_s, 1200.0)
        for at_s, signum in self.schedule.signals:
            self.clock.interrupt_at(began_s + at_s, signum)

    def go_back(self) -> None:
        """A way back of the first process begins with the write that is about to be tried."""
        now_s, back = self.clock.now_s(), self.schedule.back
        for after_s, act in back.acts:
            self.clock.at(now_s + after_s, partial(self._act, act))
        self.weather.add(
            [replace(each, from_s=now_s + each.from_s, until_s=now_s + each.until_s) for each in back.faults]
        )

    def _act(self, act: Act) -> None:
        with suppress(Refused, IndexError):  # the rack may say no to them as well, and there may be nothing there
            self._acts()[act]()
            self.met[act] += 1
            self.touched_s.append(self.clock.now_s())

    def _acts(self) -> dict[Act, Callable[[], object]]:
        return {
            Act.PROMOTE: self._promote_theirs,
            Act.ON_CALL: self._take_over,
            Act.TAKE_LOCK: lambda: self.ledger.take_lock(_note(THEIRS)),
            Act.SHIPS_TOO: lambda: self.begin_second(Errand.SHIP),
            Act.PROMOTES_TOO: lambda: self.begin_second(Errand.RELEASE),
            Act.ROLLS_BACK_TOO: lambda: self.begin_second(Errand.ROLLBACK),
            Act.ENV: self._set_env,
            Act.SCALE: self._scale,
            Act.CANCEL: lambda: self.model.cancel(APP),
            Act.RACK_ERROR: lambda: self.model.fail_next_check(APP),
            Act.STOP: lambda: self.model.stop_process(APP, self.dice.choice(self.replicas()).id),
            Act.CRASH: self._crash_one,
            Act.RESTART: lambda: self.model.restart(APP, self.schedule.layout.subject),
            Act.RUN: lambda: self.model.run_process(APP, self.schedule.layout.host, "console"),
            Act.TASK: self._run_task,
            Act.SPOIL: self._spoil,
            Act.SLEEP: lambda: None,
            Act.SET_CLOCK: self._set_clock,
        }

    def _set_env(self) -> None:
        self.model.create_release(APP, env="THEIRS=1")
        self.note("env set", None)

    def _promote_theirs(self) -> None:
        release = self.build("good")
        self.model.promote(APP, release, force=self.dice.random() < 0.5)
        self.note(f"promote {release}", None)

    def _take_over(self) -> None:
        """What `deployer rollback` of somebody on call does: never stopped by a lock (design 2.7)."""
        self.ledger.take_lock(_note(THEIRS))
        self._promote_theirs()

    def _scale(self) -> None:
        part = self.dice.choice([each for each in self.schedule.layout.parts if each.count])
        self.model.scale(APP, part.name, self.dice.choice([1, 2, 3, 5]))
        desired = {str(name): each.desired for name, each in self.model.held()[0].deployments.items()}
        self.least[part.name] = min(self.least[part.name], desired[part.name])

    def _run_task(self) -> None:
        release = self.dice.choice([self.model.app(APP).release, self.model.releases(APP, 1)[0].id])
        job = self.dice.choice(["job", "broken-job"])
        self.model.run_process(APP, self.schedule.layout.host, job, release=release)

    def _crash_one(self) -> None:
        rows = [row for row in self.replicas() if row.id in self.world.lives]
        self.world.crash(APP, self.dice.choice(rows).id)

    def _spoil(self) -> None:
        """New processes of the old release die from now on; those that are there live on (faults P21)."""
        name = self.schedule.before
        if name in (self.schedule.companion, self.schedule.program):
            raise IndexError(name)  # the new release starts it too
        self.world.started_as["before" if name in (None, "crashing") else str(name)] = "crashes"

    def _set_clock(self) -> None:
        self.clock.utc_offset_s += self.dice.choice([-HOUR_S, HOUR_S])

    # Who did what

    def note(self, words: str, by: Seat | None) -> None:
        """A write took effect."""
        self.moves.append((self.clock.now_s(), by, words))

    def theirs(self, seat: Seat) -> dict[str, float]:
        """The releases that others than `seat` promoted, and when."""
        promotes = [each for each in self.moves if each[1] is not seat and each[2].startswith("promote ")]
        return {words.removeprefix("promote "): at_s for at_s, _, words in promotes}

    def has_new_release(self, seat: Seat) -> bool:
        """Others made one, which may be the newest by now."""
        return any(
            by is not seat and words.startswith(("build", "env set", "create-from")) for _, by, words in self.moves
        )

    def is_meddled(self, seat: Seat) -> bool:
        """Others had a hand in what serves."""
        is_moved = any(by is not seat and words.startswith(("promote ", "cancel")) for _, by, words in self.moves)
        return is_moved or any(self.met[act] for act in MEDDLING)

    # What is really there

    def replicas(self) -> list[ProcessRow]:
        """The replicas that are there to stay."""
        rows = self.model.processes(APP)
        return [row for row in rows if row.kind is ProcessKind.REPLICA and not row.terminating]

    def serves(self, release: str | None, *, fully: bool = True) -> bool:
        """
        Whether `release` really serves: it is active, each of its services has its replicas, all of them ready and
        answering well for it, and no other replica is there to stay. `fully=False` asks for one
        of each service that can be asked from outside.
        """
        if not release or self.model.truth(APP).release != release:
            return False
        rows, text = self.replicas(), self.model.release(APP, release).manifest
        for service in read_manifest(text, {}).services:
            if not fully and (service.port is None or service.internal or service.agent):
                continue
            own = [row for row in rows if row.service == service.name]
            well = [row for row in own if row.release == release and row.ready and self._answers(row)]
            least = 1 if self.least.get(service.name, 1) and not fully else self.least.get(service.name, 1)
            if len(well) < least or (fully and any(row.release != release for row in own)):
                return False
        return True

    def _answers(self, row: ProcessRow) -> bool:
        life = self.world.lives.get(row.id)
        if life is None:
            return False
        program = self.world.program_of(life)
        part = self.schedule.layout.part(row.service)
        is_heard = part is not None and part.reach is Reach.PUBLIC  # what it says of itself matters to nobody else
        is_right = not is_heard or program.says_release in (None, life.env["RELEASE"])
        return is_right and (row.port is None or program.code(self.clock.now_s() - life.began_s) < 400)


def _note(ship: ShipId) -> LockNote:
    return LockNote(ship, "somebody", "2026-11-24T11:59:00+00:00", "2026-11-24T13:00:00+00:00", "rollback")
