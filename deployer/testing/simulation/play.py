"""One seed played, and held against the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from deployer.core.verdict import Verdict
from deployer.testing.clock import Endless
from deployer.testing.simulation.runs import Runs
from deployer.testing.simulation.schedule import Errand, Schedule, draw
from deployer.testing.simulation.stage import Stage
from deployer.testing.simulation.steps import Steps
from deployer.testing.simulation.truth import Truth

# Longer than a run, its way back and every deadline in them, and being taken up three times.
ENDLESS_S = 24 * 3600.0


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
    steps = Steps(stage)
    runs = Runs(stage, steps.on_event, steps.on_write)
    stage.clock.limit_s = stage.clock.now_s() + ENDLESS_S
    stage.open()
    truth, is_needless = Truth(stage, steps, runs), False
    verdict: Verdict | None = None
    try:
        runs.play()
        truth.check()
        verdict, is_needless = truth.verdict, truth.is_needless()
        _take_up_what_is_over(runs, steps)
    except Endless:
        steps.broken.append("I12: it waits for ever")
    fired = {each.name for each in stage.weather.fired} | {each.name for each in stage.met} | _ends(runs)
    return Outcome(
        schedule.seed,
        verdict.label if verdict else "killed",
        tuple(dict.fromkeys(steps.broken)),
        is_needless,
        frozenset(fired),
        steps.exercised,
    )


def _ends(runs: Runs) -> set[str]:
    """The faults that are the end of a process of ours, and what was asked for."""
    killed = {"KILL F26"} if any(run.ended is None for run in runs.done) else set()
    interrupted = (
        {"SIGNAL F22 F24 F25 F27"}
        if any(run.ended and run.ended.verdict.status in (42, 129, 130, 143) for run in runs.done)
        else set()
    )
    return killed | interrupted | {f"errand: {runs.stage.schedule.errand.value}"}


def _take_up_what_is_over(runs: Runs, steps: Steps) -> None:
    """`resume` of a run that was brought to its end: it says so, and writes nothing (I9: it is idempotent)."""
    if len(runs.done) == 1 or runs.done[-1].is_cut_short or runs.stage.schedule.errand in (Errand.VERIFY,):
        return
    ended = runs.done[-1].ended
    is_over = ended is not None and ended.verdict.status in (0, 18, 20, 21, 30, 31)
    again = runs.resume_again()
    steps.exercised["I9"] += 1
    if is_over and again.writes:
        steps.broken.append(f"I9: resumed after its end, it writes {again.writes}")
