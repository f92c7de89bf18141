from __future__ import annotations

import pytest

from deployer.testing.simulation.play import play
from tests.simulation.gallery import MISTAKES, ROOT, Mistake

# Seeds that once broke something, each with what it broke; they run every time.
FAILED = {
    57: "a burst of 503 doomed a good release",
    829: "an empty process list was taken for no processes",
    860: "jitter without a seed made runs that could not be made again",
    960: "a promote that was reverted between two looks was watched for ever",
    20_001_672: "answers older than the process list they were read with doomed a slow start",
    20_002_623: "a console on the release kept a failed first deploy from being settled",
    3184: "somebody's promote before our plan is our baseline",
}
FRESH = range(10_000_000, 10_000_300)


@pytest.mark.parametrize("seed", FAILED)
def test_a_seed_that_failed_once_stays_mended(seed: int) -> None:
    """A bug found is a test."""
    outcome = play(seed)

    assert () == outcome.broken
    assert not outcome.needless


def test_no_seed_breaks_an_invariant() -> None:
    """Whatever fails: no false verdict, nothing written over others, no good release taken back for nothing."""
    outcomes = [play(seed) for seed in FRESH]

    assert [] == [(each.seed, each.broken) for each in outcomes if each.broken]
    assert [] == [each.seed for each in outcomes if each.needless]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.rule)
def test_a_seeded_mistake_still_fits(mistake: Mistake) -> None:
    """The gallery is worth something only while each mistake can be put back into today's code."""
    text = (ROOT / "deployer" / mistake.file).read_text(encoding="utf-8")

    assert 1 == text.count(mistake.old)


def test_a_seed_is_the_same_run_again() -> None:
    """What one line reproduces must be reproducible."""
    assert [play(seed) for seed in range(40)] == [play(seed) for seed in range(40)]
