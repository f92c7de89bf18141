from __future__ import annotations

from datetime import datetime

import pytest

from deployer.core.events import Ended, Hearing
from deployer.core.verdict import Verdict
from deployer.render.heard import heard_words
from deployer.render.verdict import ended_line

FROM, TO = "2026-11-26T12:01:21.500+00:00", "2026-11-26T12:01:29.000+00:00"
# the story's times are those of the clock on the wall, wherever that hangs
BEGAN, OVER = (f"{datetime.fromisoformat(each).astimezone():%H:%M:%S}" for each in (FROM, TO))
GOOD = Hearing(FROM, answers=96)
BAD = Hearing(FROM, answers=96, errors=14, trouble_from=FROM, trouble_to=TO)


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("no error among 96 health answers", GOOD),
        (f"14 of 96 health answers were errors, from {BEGAN} to {OVER}", BAD),
        ("1 of 1 health answer was an error, at ?", Hearing(answers=1, errors=1)),
        (
            f"2 of 96 health answers were errors and 1 question got no answer, at {BEGAN}",
            Hearing(FROM, 96, 2, 1, trouble_from=FROM, trouble_to=FROM),
        ),
        (
            f"no error among 96 health answers, but 3 questions got no answer, from {BEGAN} to {OVER}",
            Hearing(FROM, 96, lost=3, trouble_from=FROM, trouble_to=TO),
        ),
        (
            f"none of 12 questions to its health was answered, from {BEGAN} to {OVER}",
            Hearing(FROM, lost=12, trouble_from=FROM, trouble_to=TO),
        ),
        (
            f"no error among 96 health answers, since {BEGAN} when it was taken up",
            Hearing(FROM, answers=96, is_partial=True),
        ),
        ("", Hearing(FROM, unknown=40)),
        ("", Hearing()),
    ],
)
def test_no_more_is_said_than_was_heard(words: str, heard: Hearing) -> None:
    """Errors, and questions that got lost, each by its number and its time; nothing where nothing got through."""
    assert words == heard_words(heard)


@pytest.mark.parametrize(
    "verdict", [Verdict.ROLLED_BACK, Verdict.REVERTED, Verdict.LEFT_BAD, Verdict.ROLLBACK_UNCONFIRMED]
)
@pytest.mark.parametrize("heard", [GOOD, BAD])
def test_a_bad_end_says_what_was_heard(verdict: Verdict, heard: Hearing) -> None:
    """Whoever is woken by it asks that first: good news or bad."""
    told = ended_line(Ended(verdict, None, "ROLD", heard=heard))

    assert told.text.endswith(f"; {heard_words(heard)}")


@pytest.mark.parametrize("verdict", [Verdict.SHIPPED, Verdict.RESTORED])
def test_a_good_end_says_only_what_went_wrong_on_the_way(verdict: Verdict) -> None:
    """It stays short, unless somebody may have met an error."""
    well, not_so_well = (ended_line(Ended(verdict, None, "RNEW", heard=each), times="2m30") for each in (GOOD, BAD))

    assert "RNEW serves (2m30)" == well.text
    assert f"RNEW serves (2m30); {heard_words(BAD)}" == not_so_well.text


@pytest.mark.parametrize("verdict", [Verdict.INTERRUPTED, Verdict.NOT_PROMOTED, Verdict.FIRST_FAILED])
def test_it_is_left_out_where_it_says_nothing(verdict: Verdict) -> None:
    """One line must do after a signal; nothing was promoted; nothing served before."""
    assert "answers" not in ended_line(Ended(verdict, None, "ROLD", heard=BAD)).text
