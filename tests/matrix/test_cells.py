"""
Every cell of the fault matrix that the engine decides, by its id: `F12-PS`.

The CLI's faults come out of the real adapter and a real child, those of health addresses out of the real probe and a
real server; the engine is the one that production runs, on a simulated rack in virtual time. Each end is held against
the verdict, the words, all writes that were tried, and what the rack really serves.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.core.environment import Environment
from deployer.core.events import Ended
from deployer.core.verdict import Verdict
from tests.matrix.cells import SHIP, Cell, Outcome, Serves, Step
from tests.matrix.child import met_by_a_cancel
from tests.matrix.faults import TROUBLES, arm
from tests.matrix.rows import LOST_REPLIES, ROWS
from tests.matrix.stage import Stage

STAYS = [(row.fault, step, cell) for row in ROWS for step, cell in row.cells.items() if cell.stays]
MENDS = [(row.fault, step, cell) for row in ROWS for step, cell in row.cells.items() if cell.mends]


def param(fault: str, step: Step, cell: Cell) -> object:
    return pytest.param(fault, step, cell, id=f"{fault}-{step.name}")


@pytest.mark.parametrize(("fault", "step", "cell"), [param(*each) for each in STAYS])
def test_fault_that_stays(fault: str, step: Step, cell: Cell, tmp_path: Path) -> None:
    """The fault is there for good, or the write had no effect."""
    stage = Stage()
    arm(fault, tmp_path)(stage, step, None)

    ended = stage.go(step)

    holds(stage, ended, step, cell.stays)


@pytest.mark.parametrize(("fault", "step", "cell"), [param(*each) for each in MENDS])
def test_fault_that_mends(fault: str, step: Step, cell: Cell, tmp_path: Path) -> None:
    """The fault passes, or the effect is there and its reply is lost: what is good is still shipped."""
    stage = Stage()
    arm(fault, tmp_path)(stage, step, cell.lasts_s)

    ended = stage.go(step)

    holds(stage, ended, step, cell.mends)
    if cell.restarts_soak:
        assert stage.settled_s - ((stage.struck_s or 0.0) + cell.lasts_s) >= stage.policy.soak_s - stage.policy.tick_s


@pytest.mark.parametrize("fault", [pytest.param(each, id=f"{each}-RBK") for each in LOST_REPLIES])
def test_cancel_without_a_reply(fault: str) -> None:
    """What is there decides, not the silence: a cancel that came to nothing is made again, one that took is not."""
    _take_back(fault, has_effect=True, cancels=1)
    _take_back(fault, has_effect=False, cancels=3)


def _take_back(fault: str, *, has_effect: bool, cancels: int) -> None:
    """A release that crashes at start, and for 12 s a cancel without a reply; one every 5 s until one works."""
    stage = Stage()
    strike, strikes = met_by_a_cancel(TROUBLES[fault], has_effect=has_effect), stage.rack.strikes
    stage.during(Step.RBK, 12.0, lambda: strikes.update(cancel=strike), strikes.clear)

    ended = stage.ship("crashes", wanted=Environment.of(MODE="new"))

    assert (Verdict.ROLLED_BACK, cancels) == (ended.verdict, stage.rack.writes.count("cancel")), stage.told
    assert (*SHIP, "cancel", "copy") == stage.writes
    assert Serves.OLD is stage.serves


def holds(stage: Stage, ended: Ended, step: Step, outcome: Outcome | None) -> None:
    """Hold a verdict against the words it was told in, and against the rack's own state, at once and in the end."""
    assert outcome is not None
    assert stage.struck_s is not None, "the fault never came"
    at_once, writes, told = stage.serves, stage.writes, stage.told
    stage.settle()

    assert outcome.verdict is ended.verdict, told
    assert outcome.writes_at(step) == writes
    assert [] == [words for words in outcome.says if words not in told], told
    assert 1 == len(stage.sink.of(Ended))
    assert outcome.leaves is stage.serves
    if ended.verdict in (Verdict.SHIPPED, Verdict.ROLLED_BACK, Verdict.REVERTED) and stage.theirs == "":
        assert outcome.leaves is at_once
    for check in stage.checks:
        check()
