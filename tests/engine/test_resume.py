from __future__ import annotations

import signal

import pytest

from deployer.core.errors import TimedOut
from deployer.core.events import Ended
from deployer.core.models import RackInfo
from deployer.core.summary import Summary
from deployer.core.verdict import Verdict
from deployer.engine.resume import ResumeRequest, resume
from deployer.rackmodel import Physics
from deployer.testing import SimulatedRack
from deployer.testing.programs import Program
from tests.engine.conftest import APP, Stage


def interrupted(stage: Stage, program: str) -> Summary:
    """A ship of `program` that a signal ended 10 s in, after its promote, as its journal tells it."""
    stage.clock.interrupt_at(stage.clock.now_s() + 10.0, signal.SIGTERM)
    assert Verdict.INTERRUPTED is stage.ship(program).verdict
    return told(stage)


def told(stage: Stage) -> Summary:
    summary = Summary()
    for event in stage.sink.events:
        summary = summary.after(event)
    return summary


def taken_up(stage: Stage, past: Summary, *, age_s: float = 60.0, yes: bool = False) -> Ended:
    request = ResumeRequest(
        ship=stage.next_ship(), actor="tester", policy=stage.policy, past=past, age_s=age_s, yes=yes
    )
    return stage.run("resume", lambda ports: resume(request, ports), request.ship)


def test_good_release_is_shipped_after_all(shipped: Stage) -> None:
    """The watch goes on where it was left, and nothing is promoted again."""
    past = interrupted(shipped, "better")
    ended = taken_up(shipped, past)

    assert Verdict.SHIPPED is ended.verdict
    assert past.promoting == ended.release
    assert [] == shipped.rack.writes


def test_a_promote_that_does_not_show_yet_is_waited_for() -> None:
    """The rack's words lag behind what it does: so soon after a promote they cannot say that there was none."""
    stage = Stage(physics=Physics(resync_s=2.0, mirror_lag_s=20.0))
    stage.ship("good")
    stage.rest()
    past = interrupted(stage, "better")
    ended = taken_up(stage, past, age_s=1.0)

    assert past.is_promote_unknown
    assert Verdict.SHIPPED is ended.verdict
    assert past.promoting == ended.release


def test_a_rack_that_does_not_answer_leaves_it_interrupted(shipped: Stage) -> None:
    """Nothing was seen, so nobody may say that nothing is rolling out."""
    past = interrupted(shipped, "better")
    shipped.rack = Unreachable(shipped.world, APP, shipped.clock)
    ended = taken_up(shipped, past)

    assert Verdict.INTERRUPTED is ended.verdict
    assert past.promoting == ended.release


def test_bad_release_is_taken_back(shipped: Stage) -> None:
    """What is doomed is taken back, as the ship would have done."""
    before = shipped.active
    past = interrupted_while_starting(shipped)
    ended = taken_up(shipped, past)

    assert Verdict.ROLLED_BACK is ended.verdict
    assert before == shipped.active


class Unreachable(SimulatedRack):
    def info(self) -> RackInfo:
        raise TimedOut("convox did not answer in time")


def test_an_interrupted_way_back_ends_as_one(shipped: Stage) -> None:
    """What it proves is what served before: nobody may read that the release was shipped."""
    before = shipped.build_of(shipped.active)
    shipped.world.programs["fails"] = Program(fails_from_s=8.0)
    past = interrupted_on_the_way_back(shipped)
    ended = taken_up(shipped, past)

    assert Verdict.ROLLED_BACK is ended.verdict
    assert before == shipped.build_of(shipped.active)
    assert [] == shipped.rack.writes


def interrupted_on_the_way_back(stage: Stage) -> Summary:
    def stops(words: str) -> None:
        if words.startswith("promote ") and len([w for w in stage.rack.writes if w.startswith("promote ")]) == 2:
            stage.clock.interrupt_at(stage.clock.now_s() + 1.0, signal.SIGTERM)

    stage.rack.on_write = stops
    assert Verdict.INTERRUPTED is stage.ship("fails").verdict
    return told(stage)


def interrupted_while_starting(stage: Stage) -> Summary:
    stage.world.programs["dies"] = Program(ready_after_s=60.0, exits_after_s=6.0)
    return interrupted(stage, "dies")


def test_rack_that_went_back_meanwhile_is_reverted(shipped: Stage) -> None:
    """The rack is on the old release again: it is proven, nothing is promoted."""
    before = shipped.active
    past = interrupted_while_starting(shipped)
    shipped.model.cancel(APP)
    shipped.rest()
    ended = taken_up(shipped, past)

    assert Verdict.REVERTED is ended.verdict
    assert before == shipped.active


def test_an_old_ship_is_not_taken_back_without_a_yes(shipped: Stage) -> None:
    """After half an hour somebody may have come to rely on what is there (design 2.7)."""
    past = interrupted_while_starting(shipped)
    ended = taken_up(shipped, past, age_s=3600.0)

    assert Verdict.LEFT_BAD is ended.verdict
    assert "cancel" not in shipped.rack.writes


def test_a_ship_that_promoted_nothing_has_nothing_to_resume(shipped: Stage) -> None:
    """Interrupted during the build: say so."""
    shipped.clock.interrupt_at(shipped.clock.now_s() + 3.0, signal.SIGINT)
    shipped.ship("better")
    ended = taken_up(shipped, told(shipped))

    assert Verdict.REFUSED is ended.verdict


def test_a_ship_that_ended_is_over(shipped: Stage) -> None:
    """A verdict is final."""
    shipped.ship("better")
    ended = taken_up(shipped, told(shipped))

    assert Verdict.REFUSED is ended.verdict
    assert "shipped" in ended.why


@pytest.mark.parametrize("at_s", [8.0, 10.0, 14.0, 20.0])
def test_resume_may_itself_be_interrupted(shipped: Stage, at_s: float) -> None:
    """Taken up, interrupted and taken up again, the ship still ends shipped, with one promote in all."""
    past = interrupted(shipped, "better")
    shipped.clock.interrupt_at(shipped.clock.now_s() + at_s - 7.9, signal.SIGINT)
    first = taken_up(shipped, past)
    ended = first if first.verdict is Verdict.SHIPPED else taken_up(shipped, told(shipped))

    assert first.verdict in (Verdict.SHIPPED, Verdict.INTERRUPTED)
    assert Verdict.SHIPPED is ended.verdict
