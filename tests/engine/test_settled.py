"""When a good release has its verdict: nothing is waited for that nobody needs, and the soak is a whole one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from deployer.core.events import Looked
from deployer.core.names import ProcessId
from deployer.core.verdict import Verdict
from deployer.rackmodel import Physics
from deployer.testing.programs import Program
from tests.engine.conftest import Stage


@pytest.mark.parametrize("soak_s", [0.0, 7.0, 15.0])
def test_the_verdict_comes_at_the_end_of_the_soak(stage: Stage, soak_s: float) -> None:
    """The last look is due when the soak is over, and not a whole tick later."""
    stage.policy = replace(stage.policy, soak_s=soak_s)
    stage.ship("good")
    stage.rest()
    ended = stage.ship("better")
    looks = [
        (at_s, event)
        for event, at_s in zip(stage.sink.events, stage.sink.times_s, strict=True)
        if isinstance(event, Looked)
    ]
    proven_s = next(at_s for at_s, look in looks if all(each.is_proven for each in look.progress))
    updating_s = max(at_s for at_s, look in looks if look.rack == "updating")
    running_s = next(at_s for at_s, look in looks if at_s > updating_s)

    assert Verdict.SHIPPED is ended.verdict
    # a look, and one that confirms the rack's word
    assert max(proven_s + soak_s, running_s + stage.policy.settle_tick_s) + 0.5 > stage.sink.times_s[-1]


def test_a_crash_between_two_looks_is_noticed_all_the_same(stage: Stage) -> None:
    """One that is over at once shows in no row and in no answer; the count of restarts tells, and the soak is one."""
    crashed_after_s = 9.0
    stage.world.programs["hiccups"] = Program(ready_after_s=0.1, exits_after_s=crashed_after_s, exits_on=1)
    stage.rack.service = {"health": {"path": "/health", "interval": 1, "grace": 0, "timeout": 1}}
    stage.ship("good")
    stage.rest()
    ended = stage.ship("hiccups")
    looks = [event for event in stage.sink.events if isinstance(event, Looked)]
    crashed_s = max(life.began_s for life in stage.world.lives.values())

    assert Verdict.SHIPPED is ended.verdict
    assert not [row for look in looks for row in look.processes if row.status == "crashed"]
    assert [each for look in looks for each in look.trouble if "crashed and was started again" in each]
    assert crashed_s + stage.policy.soak_s <= stage.sink.times_s[-1]


def counted(stage: Stage) -> list[float]:
    """When the rack is asked how often its processes were restarted, from now on."""
    asked_s: list[float] = []
    ask = stage.rack.restarts

    def count() -> dict[ProcessId, int]:
        asked_s.append(stage.clock.now_s())
        return ask()

    stage.rack.restarts = count  # type: ignore[method-assign]
    return asked_s


def test_restarts_are_counted_at_both_ends_of_a_soak_only(stage: Stage) -> None:
    """The rack looks at every process for it, so it is not asked in each look."""
    counts = counted(stage)
    stage.policy = replace(stage.policy, soak_s=60.0)
    stage.ship("good")

    assert 2 == len(counts)
    assert 55 < counts[1] - counts[0]


def test_restarts_are_counted_again_while_the_rack_lags() -> None:
    """A soak that is over waits for the rack's `running`: the last count is of the last seconds, and they are few."""
    stage = Stage(physics=Physics(resync_s=40.0))
    stage.policy = replace(stage.policy, soak_s=4.0)
    stage.ship("good")
    stage.rest()
    counts = counted(stage)
    stage.ship("better")

    assert 4 < len(counts)
    assert stage.policy.quiet_tick_s + 1 > stage.sink.times_s[-1] - counts[-1]
    assert all(stage.policy.quiet_tick_s <= later - one for one, later in itertools.pairwise(counts[1:]))


@pytest.mark.parametrize("policy", [{"soak_s": 0.0}, {"counted_up_to": 1}], ids=str)
def test_restarts_are_not_counted_where_it_is_no_use_or_too_much(stage: Stage, policy: dict[str, float]) -> None:
    """One count alone tells nothing, and of very many processes the rack is not asked."""
    counts = counted(stage)
    stage.policy = replace(stage.policy, **policy)  # type: ignore[arg-type]
    ended = stage.ship("good")

    assert Verdict.SHIPPED is ended.verdict
    assert not counts
