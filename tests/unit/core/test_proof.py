"""What sampling is worth: how likely an old process is that nobody has heard."""

from __future__ import annotations

import random

import pytest

from deployer.core.history import History
from deployer.core.judge import Proven, after, judge
from deployer.core.models import Answer, ProofMode
from deployer.core.policy import Policy
from deployer.core.proof import answers_needed
from tests.unit.core.snapshots import API, BASE, NEW, expected, rollout, row, snapshot

ROWS = tuple(row(name) for name in ("aaaaa", "bbbbb", "ccccc", "ddddd"))
AT_ONCE = Policy(soak_s=0.0)


@pytest.mark.parametrize("chance", [0.05, 0.01, 0.001])
def test_so_many_answers_are_needed_and_no_more(chance: float) -> None:
    """With as many in a row an unheard process among them is less likely than the chance; with one less it is not."""
    for replicas in range(2, 300):
        needed, unheard = answers_needed(replicas, chance), 1 - 1 / replicas

        assert unheard**needed <= chance < unheard ** (needed - 1)


def test_one_process_needs_one_answer() -> None:
    """Whoever answers is the one."""
    assert 1 == answers_needed(1, 0.01)


def is_ever_shipped(dice: random.Random, rounds: int) -> bool:
    """Four processes, one of which answers for the old release all the time; four answers a round."""
    history = History.of(rollout(expected(ProofMode.SAMPLED, desired=4)), 0.0)
    for n in range(1, rounds + 1):
        answers = [Answer(API, 200, BASE if dice.random() < 0.25 else NEW) for _ in range(4)]
        history = after(history, snapshot(2.0 * n, ROWS, answers), AT_ONCE)
        word = judge(history, AT_ONCE)
        if isinstance(word, Proven) and word.is_settled:
            return True
    return False


def test_trying_for_long_is_no_proof() -> None:
    """A lucky stretch comes to whoever waits: over ten minutes of looking, too, an old process stays unproven."""
    dice = random.Random(20261124)

    assert 0 == sum(is_ever_shipped(dice, 300) for _ in range(40))
