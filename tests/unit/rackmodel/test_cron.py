"""When a schedule is due, in UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from deployer.rackmodel.cron import read_schedule


def instant_s(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("* * * * *", "2026-01-01T00:00:59.5", "2026-01-01T00:01:00"),
        ("*/15 * * * ?", "2026-01-01T00:14:00", "2026-01-01T00:15:00"),
        ("5/20 * * * *", "2026-01-01T00:26:00", "2026-01-01T00:45:00"),
        ("0 3 * * *", "2026-01-01T03:00:00", "2026-01-02T03:00:00"),
        ("30 8-10,20 * * *", "2026-01-01T10:30:00", "2026-01-01T20:30:00"),
        # the first of January 2026 is a Thursday
        ("0 0 * * mon-fri", "2026-01-02T00:00:00", "2026-01-05T00:00:00"),
        ("0 0 * * 7", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("0 0 1 JAN,jul *", "2026-01-01T00:00:00", "2026-07-01T00:00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        # a day of the month and one of the week: either will do
        ("0 0 13 * 5", "2026-01-09T00:00:00", "2026-01-13T00:00:00"),
        # but a star restricts nothing, however it steps
        ("0 0 */2 * 5", "2026-01-03T00:00:00", "2026-01-09T00:00:00"),
    ],
)
def test_the_next_minute_that_is_due(schedule: str, after: str, due: str) -> None:
    """Strictly later, to the minute."""
    assert instant_s(due) == read_schedule(schedule).next_s(instant_s(after))


def test_a_day_that_never_comes() -> None:
    """The 30th of February is never due, and that takes no eternity to find out."""
    assert math.inf == read_schedule("0 0 30 2 *").next_s(instant_s("2026-01-01T00:00:00"))


@pytest.mark.parametrize(
    "schedule",
    ["", "* * * *", "@daily", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "x * * * *", "mon * * * *"],
)
def test_what_is_no_schedule(schedule: str) -> None:
    """Kubernetes would refuse it."""
    with pytest.raises(ValueError, match=r"."):
        read_schedule(schedule)
