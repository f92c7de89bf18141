from __future__ import annotations

import pytest

from deployer.testing.simulation.__main__ import play_all
from deployer.testing.simulation.play import play
from deployer.testing.simulation.report import Report
from tests.simulation.failed import FAILED

# Used up: they were looked at while designing, so no figure of docs/reliability.md is from here.
BASE, SEEDS = 10_000_000, 4_000


@pytest.mark.parametrize("seed", FAILED)
def test_a_seed_that_failed_once_stays_mended(seed: int) -> None:
    """A bug found is a test."""
    outcome = play(seed)

    assert () == outcome.broken
    assert not outcome.needless


def test_no_seed_breaks_an_invariant() -> None:
    """Whatever fails: no false verdict, nothing written over others, no good release taken back for nothing."""
    report = Report()
    for outcome in play_all(BASE, SEEDS):
        report.add(outcome)

    assert report.is_clean, str(report)
    assert SEEDS == report.seeds


def test_a_seed_is_the_same_run_again() -> None:
    """What one line reproduces must be reproducible."""
    assert [play(seed) for seed in range(20)] == [play(seed) for seed in range(20)]
