"""When a timer is due: the five fields of a cron schedule, in UTC (convox-facts 7, 3.8)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_PART = re.compile(r"(\*|\d+|[a-z]{3})(?:-(\d+|[a-z]{3}))?(?:/(\d+))?")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_DAYS = "sun mon tue wed thu fri sat".split()  # noqa: SIM905
_LOOK_AHEAD_DAYS = 366 * 8 + 1
"""The 29th of February may be eight years away."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values of each field. `either`: both kinds of day are restricted, and then one of them is enough."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def next_s(self, after_s: float) -> float:
        """The first minute that is due after `after_s`, in seconds since the epoch; infinity if none ever is."""
        minute = datetime.fromtimestamp(math.floor(after_s / 60) * 60, UTC) + timedelta(minutes=1)
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = minute.date() + timedelta(days=ahead)
            if self._takes(day):
                earliest = (minute.hour, minute.minute) if ahead == 0 else (0, 0)
                due = [(hour, at) for hour in self.hours for at in self.minutes if (hour, at) >= earliest]
                if due:
                    hour, at = min(due)
                    return datetime(day.year, day.month, day.day, hour, at, tzinfo=UTC).timestamp()
        return math.inf

    def _takes(self, day: date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (of_month or of_week if self.either else of_month and of_week)


def read_schedule(text: str) -> Schedule:
    """Raises ValueError if it is not five fields of `*`, numbers, names, lists, ranges and steps; `?` is `*`."""
    fields = text.lower().replace("?", "*").split()
    if len(fields) != 5:
        raise ValueError(f"a schedule has five fields: {text}")
    minutes, hours, days, months, weekdays = fields
    return Schedule(
        minutes=_values(minutes, 0, 59),
        hours=_values(hours, 0, 23),
        days=_values(days, 1, 31),
        months=_values(months, 1, 12, _MONTHS),
        # 7 is Sunday too
        weekdays=frozenset(value % 7 for value in _values(weekdays, 0, 7, _DAYS)),
        either=not days.startswith("*") and not weekdays.startswith("*"),
    )


def is_schedule(text: str) -> bool:
    """Would Kubernetes take it."""
    try:
        read_schedule(text)
    except ValueError:
        return False
    return True


def _values(field: str, low: int, high: int, names: list[str] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part} is no part of a schedule")
        first, last, step = match[1], match[2], int(match[3] or 1)
        start = low if first == "*" else _number(first, low, names)
        # `5/15` goes on from 5 to the end, as `5-59/15` does
        end = _number(last, low, names) if last else high if first == "*" or match[3] else start
        if not low <= start <= end <= high or step < 1:
            raise ValueError(f"{part} is not within {low}-{high}")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(word: str, low: int, names: list[str] | None) -> int:
    if word.isdigit():
        return int(word)
    if word not in (names or []):
        raise ValueError(f"{word} is no number")
    return (names or []).index(word) + low
