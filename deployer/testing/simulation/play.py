"""One seed played, and held against the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from deployer.core.names import ShipId
from deployer.core.verdict import Verdict
from deployer.testing.clock import Endless
from deployer.testing.simulation.runs import Runs
from deployer.testing.simulation.schedule import Errand, Schedule, Wishes, draw
from deployer.testing.simulation.seat import Seat
from deployer.testing.simulation.shift import Shift
from deployer.testing.simulation.stage import Stage
from deployer.testing.simulation.steps import Steps
from deployer.testing.simulation.truth import Truth

# Longer than a run, its way back and every deadline in them, and being taken up three times.
ENDLESS_S = 24 * 3600.0
HEARTBEAT_S = 30.0
SECOND_SHIP = ShipId("20261124-120000-000002")


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a seed came to. `broken` names every invariant that does not hold, `fired` the faults and acts that met
    somebody, `exercised` how often each invariant was put to the test.
    """

    seed: int
    verdict: str
    broken: tuple[str, ...]
    needless: bool
    fired: frozenset[str]
    exercised: Counter[str]


def play(seed: int) -> Outcome:
    """Run one seed and judge it by the ground truth."""
    return play_out(draw(seed))


def play_out(schedule: Schedule) -> Outcome:
    stage = Stage(schedule)
    stage.begin()
    first, second = Player(stage, stage.first), Second(stage)
    stage.clock.limit_s = stage.clock.now_s() + ENDLESS_S
    stage.open()
    try:
        first.play()
        _take_up_what_is_over(first.runs, first.steps)
        second.finish()
    except Endless:
        first.steps.broken.append("I12: it waits for ever")
    finally:
        second.leave()
    fired = {each.name for each in stage.weather.fired} | {each.name for each in stage.met} | _ends(first.runs)
    return Outcome(
        schedule.seed,
        first.verdict.label if first.verdict else "killed",
        tuple(dict.fromkeys((*first.steps.broken, *second.broken))),
        first.is_needless or second.is_needless,
        frozenset(fired | second.fired),
        first.steps.exercised + second.exercised,
    )


class Player:
    """One seat: its runs, what must hold at every step of them, and what their verdict claims."""

    def __init__(self, stage: Stage, seat: Seat) -> None:
        self.steps = Steps(stage, seat)
        self.runs = Runs(stage, seat, self.steps.on_event, self.steps.on_write)
        self.verdict: Verdict | None = None
        self.is_needless = False
        self._truth = Truth(stage, seat, self.steps, self.runs)

    def play(self) -> None:
        self.runs.play()
        self._truth.check()
        self.verdict, self.is_needless = self._truth.verdict, self._truth.is_needless()


class Second:
    """The second process of ours on a stage, where an act begins one (faults F28)."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._shift: Shift | None = None
        self._player: Player | None = None
        stage.begin_second = self._begin

    def _begin(self, errand: Errand) -> None:
        stage, program = self._stage, self._stage.schedule.second_program
        shift = self._shift = Shift(stage.clock, lambda: player.play())
        asked = replace(
            stage.schedule, errand=errand, program=program, wishes=Wishes(), signals=(), kills=(), aborts=False
        )
        seat = Seat(asked, SECOND_SHIP, shift, stage.world, stage.weather)
        if errand is Errand.RELEASE:
            seat.built = stage.build(program)
        elif stage.schedule.second_names:
            seat.built = stage.before
        seat.rack.trail = stage.first.rack.trail
        player = self._player = Player(stage, seat)
        shift.begin()

    def finish(self) -> None:
        """Let time pass until it has its verdict too. Raises Endless where it never has."""
        while self._shift and not self._shift.is_over:
            self._stage.clock.advance(HEARTBEAT_S)

    def leave(self) -> None:
        """Raises what went wrong in it, of the simulation."""
        if self._shift:
            self._shift.end()

    @property
    def broken(self) -> tuple[str, ...]:
        return tuple(f"second run: {each}" for each in self._player.steps.broken) if self._player else ()

    @property
    def is_needless(self) -> bool:
        return self._player is not None and self._player.is_needless

    @property
    def exercised(self) -> Counter[str]:
        return self._player.steps.exercised if self._player else Counter()

    @property
    def fired(self) -> set[str]:
        """What its run ended as."""
        verdict = self._player.verdict if self._player else None
        return {f"second run: {verdict.label}"} if verdict else set()


def _ends(runs: Runs) -> set[str]:
    """The faults that are the end of a process of ours, and what was asked for."""
    killed = {"KILL F26"} if any(run.ended is None for run in runs.done) else set()
    interrupted = (
        {"SIGNAL F22 F24 F25 F27"}
        if any(run.ended and run.ended.verdict.status in (42, 129, 130, 143) for run in runs.done)
        else set()
    )
    return killed | interrupted | {f"errand: {runs.seat.schedule.errand.value}"}


def _take_up_what_is_over(runs: Runs, steps: Steps) -> None:
    """`resume` of a run that was brought to its end: it says so, and writes nothing (I9: it is idempotent)."""
    if len(runs.done) == 1 or runs.done[-1].is_cut_short or runs.seat.schedule.errand in (Errand.VERIFY,):
        return
    ended = runs.done[-1].ended
    is_over = ended is not None and ended.verdict.status in (0, 18, 20, 21, 30, 31)
    again = runs.resume_again()
    steps.exercised["I9"] += 1
    if is_over and again.writes:
        steps.broken.append(f"I9: resumed after its end, it writes {again.writes}")
