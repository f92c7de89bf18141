"""`--no-verify`: the rack's word is taken, nothing is asked and nothing taken back, and the verdict says so."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from deployer.core.events import Looked, Planned
from deployer.core.models import Manifest, ServiceSpec
from deployer.core.names import ServiceName
from deployer.core.verdict import Verdict
from deployer.testing.programs import Program
from tests.engine.conftest import Stage
from tests.engine.test_resume import taken_up, told


def test_it_ends_unverified(shipped: Stage) -> None:
    """Status 0, the release named, and the words that nothing was proven."""
    ended = shipped.ship("better", no_verify=True)

    assert (Verdict.UNVERIFIED, shipped.active) == (ended.verdict, ended.release)
    assert "nothing was proven" in ended.serving


def test_it_is_said_before_anything_is_written(shipped: Stage) -> None:
    """The plan warns of it, and promises no way back."""
    shipped.ship("better", no_verify=True)

    plan = shipped.sink.of(Planned)[0].plan
    assert "--no-verify" in plan.warnings[0]
    assert "--no-verify" == plan.no_way_back


def test_no_question_is_asked(shipped: Stage) -> None:
    """What answers wrongly is not even heard."""
    shipped.world.programs["lies"] = Program(says_release="ROTHERCODE")
    ended = shipped.ship("lies", no_verify=True)

    assert Verdict.UNVERIFIED is ended.verdict
    assert {0} == {each.answers for each in shipped.sink.of(Looked)}


def test_it_waits_for_the_rack_and_the_soak(shipped: Stage) -> None:
    """The rack must call it running for as long as the soak says."""
    shipped.world.programs["slow"] = Program(ready_after_s=40.0)
    shipped.policy = replace(shipped.policy, soak_s=20.0)
    shipped.ship("slow", no_verify=True)

    assert "running" == shipped.model.app("demo").status
    assert 60.0 < shipped.since_promote_s() < 90.0


def test_it_is_not_remembered_as_proven(shipped: Stage) -> None:
    """A rollback without argument must not lead to it."""
    ended = shipped.ship("better", no_verify=True)

    assert ended.release not in {each.release for each in shipped.ledger.entries}


def test_what_never_starts_is_left_alone(shipped: Stage) -> None:
    """Nothing dooms it: at the cap it is out of sight, and what the rack does with it is the rack's."""
    ended = shipped.ship("crashes", no_verify=True)

    assert Verdict.LOST_SIGHT is ended.verdict
    assert "the rack still says updating" in ended.why
    assert ["build", f"promote {shipped.active}"] == shipped.rack.writes


def test_a_rack_that_goes_back_is_still_told_from_success(shipped: Stage) -> None:
    """The rack's word is taken when it says no, too: the old release is proven, as ever."""
    before = shipped.active
    shipped.world.programs["slow"] = Program(ready_after_s=40.0)
    shipped.world.at(shipped.clock.now_s() + 9.0, lambda: shipped.model.fail_next_check("demo"))
    ended = shipped.ship("slow", no_verify=True)

    assert (Verdict.REVERTED, before) == (ended.verdict, shipped.active)


def test_no_service_needs_an_answer(stage: Stage) -> None:
    """An app that nobody can ask is shipped without --identity ps."""
    stage.rack.service = {"internal": True}
    manifest = Manifest((ServiceSpec(ServiceName("api"), 8000, is_internal=True, count=2),))

    assert Verdict.REFUSED is stage.ship("good", manifest=manifest).verdict
    assert Verdict.UNVERIFIED is stage.ship("good", manifest=manifest, no_verify=True).verdict


@pytest.mark.parametrize("program", ["better", "lies"])
def test_taken_up_it_is_no_more_curious(shipped: Stage, program: str) -> None:
    """`resume` knows from the journal's plan that nothing was to be verified."""
    shipped.clock.interrupt_at(shipped.clock.now_s() + 12.0, signal.SIGINT)
    assert Verdict.INTERRUPTED is shipped.ship(program, no_verify=True).verdict

    assert Verdict.UNVERIFIED is taken_up(shipped, told(shipped)).verdict
