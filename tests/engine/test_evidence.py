from __future__ import annotations

import pytest

from deployer.core.events import Gathered, Intended, Looked, Said
from deployer.core.summary import LOCK, PROMOTE
from deployer.core.verdict import Verdict
from deployer.testing.programs import Program
from tests.engine.conftest import Stage


def test_evidence_is_gathered_before_anything_is_taken_away(shipped: Stage) -> None:
    """A cancel deletes the failing processes and their logs, so they are read first, and once."""
    shipped.ship("crashes")
    events = shipped.sink.events
    [gathered] = [n for n, each in enumerate(events) if isinstance(each, Gathered)]
    cancel = events.index(Intended("apps cancel"))

    assert gathered < cancel
    assert shipped.sink.of(Gathered)[0].release == shipped.sink.of(Looked)[0].release
    assert {"fatal: MODE must be set"} == {line.text for line in shipped.sink.of(Gathered)[0].evidence.log}


def test_it_costs_the_way_back_nothing_that_can_be_felt(shipped: Stage) -> None:
    """It is read while two looks are waited for that must agree."""
    shipped.ship("crashes")
    dated = list(zip(shipped.sink.events, shipped.sink.times_s, strict=True))
    doomed_s = next(at_s for event, at_s in dated if getattr(event, "judgement", "") == "doomed")
    cancel_s = next(at_s for event, at_s in dated if event == Intended("apps cancel"))

    assert cancel_s - doomed_s < shipped.policy.look_gap_s + 0.5


def test_the_reason_is_in_the_words_of_a_process(shipped: Stage) -> None:
    """What stops being ready says why in its log."""
    shipped.world.programs["errs"] = Program(fails_from_s=8.0, last_words="OperationalError: no such table: jobs")
    ended = shipped.ship("errs")

    assert Verdict.ROLLED_BACK is ended.verdict
    assert "no such table: jobs" in ended.why


INCIDENTS = [
    ("crashes", {}, Verdict.ROLLED_BACK),
    ("crashes", {"no_rollback": True}, Verdict.LEFT_BAD),
    ("lies", {}, Verdict.ROLLED_BACK),
]


@pytest.mark.parametrize(("program", "wishes", "verdict"), INCIDENTS)
def test_a_run_that_goes_wrong_is_written_down(
    shipped: Stage, program: str, wishes: dict[str, object], verdict: Verdict
) -> None:
    """Its verdict names the file, and the file has the verdict."""
    ended = shipped.ship(program, **wishes)

    assert verdict is ended.verdict
    assert "incidents/1.md" == ended.evidence
    assert [verdict] == [each.verdict for each in shipped.incidents.kept]


def test_out_of_sight_is_gathered_too(shipped: Stage) -> None:
    """Nobody can say what is wrong, so all that can be read is kept."""
    shipped.world.programs["still"] = Program(names_process=False)
    ended = shipped.ship("still")

    assert Verdict.LOST_SIGHT is ended.verdict
    assert "incidents/1.md" == ended.evidence


def test_a_good_run_leaves_no_report(shipped: Stage) -> None:
    """There is nothing to look into."""
    ended = shipped.ship("better")

    assert "" == ended.evidence
    assert [] == shipped.incidents.kept


def test_answers_are_told_apart(shipped: Stage) -> None:
    """Each look says how many answers were alike: service, status, release."""
    shipped.ship("better")
    last = shipped.sink.of(Looked)[-1]

    assert [("api", 200, shipped.active)] == [(each.service, each.status_code, each.release) for each in last.heard]
    assert last.answers == sum(each.count for each in last.heard)


def test_writes_come_after_the_plan_all_the_same(shipped: Stage) -> None:
    """Gathering writes nothing."""
    shipped.ship("crashes")

    assert {LOCK, "build", PROMOTE, "apps cancel", "releases create-from"} == {
        each.write for each in shipped.sink.of(Intended)
    }
    assert 1 == len([each for each in shipped.sink.of(Said) if each.step == "why"])
