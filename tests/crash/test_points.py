"""
A run that is struck at any line of its journal can be looked at and taken up again, and ends well (I2, I5, I9, I16).

Real processes on the local rack; what it shows over its own API is the truth. `pytest tests/crash` plays a sample,
`--all-points` every blow at every line.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crash.aftermath import SECRETS, Aftermath, Case

pytestmark = pytest.mark.rack

# Nothing to take up: it had promoted nothing, or has its verdict. And: the rack never took the promote.
NOTHING, NOT_PROMOTED = 10, 17
BEFORE_PROMOTE = (10, 16, 17, 129, 130, 143)


def test_struck_run_is_brought_home(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """Whatever struck it where: what serves in the end is what the verdict says, proven, and nobody is locked out."""
    after = play(case)
    truth, told = after.truth, after.told

    assert after.verdict in (*BEFORE_PROMOTE, *case.scene.ends), told
    is_untouched = after.verdict in BEFORE_PROMOTE
    if is_untouched or case.scene.keeps:
        assert after.kept == truth.serves, told
    else:
        assert truth.active != after.before, told
    if is_untouched:
        assert after.before == truth.active, told
    elif case.scene.keeps and after.kept:
        assert after.kept == truth.newest, told
    if truth.active:
        assert {("running", truth.active)} == truth.rows, told
        assert {truth.active} == truth.answers, told
    else:
        assert frozenset() == truth.rows, told
    assert truth.lock is None, told


def test_struck_run_says_how_it_stands(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """A fatal blow leaves the process dead and `status` able to look; any other leaves it a status of its own."""
    after = play(case)

    assert case.blow.is_fatal is (after.struck.status == -9), after.told
    assert after.struck.status != 1, after.told
    assert after.status.status in (0, 31, 40, 41), after.told
    assert "Traceback" not in after.told


def test_nothing_is_done_twice(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """One promote for each release, one way back in all, and a second `resume` finds nothing to do."""
    after = play(case)

    assert {1} >= set(after.promised.values()), after.told
    assert after.truth.promotes <= len(after.promised) <= 2, after.told
    assert NOTHING == after.again.status, after.told
    assert "ended already" in after.again.err, after.told


def test_no_secret_is_left_behind(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """Neither in a journal nor in anything that was said."""
    after = play(case)

    assert [] == [secret for secret in SECRETS if secret in after.journals + after.told]


def test_every_line_is_a_point(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """A run writes the lines of its scene and no others: a new one is a new point to be struck at."""
    after = play(case)

    assert set() == after.lines - set(case.scene.lines)
