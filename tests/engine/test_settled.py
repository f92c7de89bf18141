"""How soon a good release has its verdict: nothing is waited for that nobody needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.core.events import Looked
from deployer.core.verdict import Verdict
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
