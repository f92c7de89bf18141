"""
A run that is struck at any line of its journal can be looked at and taken up again, and ends well (I2, I5, I9, I16).

Real processes on the local rack; what it shows over its own API is the truth. `pytest tests/crash` plays a sample,
`--all-points` every blow at every line.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crash.aftermath import BEFORE_PROMOTE, NOTHING_TO_DO, SECRETS, TAKEN_BACK, Aftermath, Case
from tests.crash.lines import Blow

pytestmark = pytest.mark.rack

# What only a run that is told to stop says: that the fork base could not be healed.
IN_TROUBLE = ("said heal",)
FINDS_NOTHING = ("nothing to", "tells of no promote", "no ship of")


def test_struck_run_is_brought_home(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """Whatever struck it where: what serves in the end is what the verdict says, proven, and nobody is locked out."""
    after = play(case)
    truth, told = after.truth, after.told

    ends = TAKEN_BACK if case.abort and not after.is_over else case.scene.ends
    assert after.verdict in (*BEFORE_PROMOTE, *ends), told
    assert after.keeps is (after.kept == truth.serves), told
    assert after.verdict not in BEFORE_PROMOTE or after.before == truth.active, told
    assert {("running", truth.active)} == truth.rows if truth.active else not truth.rows, told
    assert {truth.active} == truth.answers if truth.active else not truth.answers, told
    assert truth.lock is None, told


def test_what_failed_is_not_built_on(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """After a way back the newest release, which the next build begins with, has the content that serves (I16)."""
    after = play(case)

    if after.is_taken_back and after.kept:
        assert after.kept == after.truth.newest, after.told


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

    # a journal that was lost half way does not tell what was meant
    assert after.truth.promotes <= (2 if case.blow is Blow.FULL_FOR_GOOD else len(after.promised)) <= 2, after.told
    assert NOTHING_TO_DO == after.again.status, after.told
    assert any(words in after.again.err for words in FINDS_NOTHING), after.told


def test_no_secret_is_left_behind(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """Neither in a journal nor in anything that was said."""
    after = play(case)

    assert [] == [secret for secret in SECRETS if secret in after.journals + after.told]


def test_every_line_is_a_point(case: Case, play: Callable[[Case], Aftermath]) -> None:
    """A run writes the lines of its scene and no others: a new one is a new point to be struck at."""
    after = play(case)

    assert set() == after.lines - {*case.scene.lines, *IN_TROUBLE}
