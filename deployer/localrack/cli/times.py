"""Times as the CLI shows them (convox-facts 2.0): `3 minutes ago`, `1m30s`, `151d`."""

from __future__ import annotations

from datetime import UTC, datetime

from deployer.localrack.cli import gotime
from deployer.localrack.cli.gotypes import ZERO_TIME

MINUTE, HOUR, DAY = 60, 3600, 86400
WEEK, MONTH = 7 * DAY, 30 * DAY
YEAR = 12 * MONTH
LONGEST_S = (2**63 - 1) // 10**9  # a duration in Go is nanoseconds in 64 bits, and no more

# Shorter than, what to say, unit. From the humanising library the CLI uses: a month has 30 days, a year 360.
MAGNITUDES: tuple[tuple[float, str, int], ...] = (
    (1, "now", 1),
    (2, "1 second {}", 1),
    (MINUTE, "{n} seconds {}", 1),
    (2 * MINUTE, "1 minute {}", 1),
    (HOUR, "{n} minutes {}", MINUTE),
    (2 * HOUR, "1 hour {}", 1),
    (DAY, "{n} hours {}", HOUR),
    (2 * DAY, "1 day {}", 1),
    (WEEK, "{n} days {}", DAY),
    (2 * WEEK, "1 week {}", 1),
    (MONTH, "{n} weeks {}", WEEK),
    (2 * MONTH, "1 month {}", 1),
    (YEAR, "{n} months {}", MONTH),
    (18 * MONTH, "1 year {}", 1),
    (2 * YEAR, "2 years {}", 1),
    (37 * YEAR, "{n} years {}", YEAR),
    (float("inf"), "a long while {}", 1),
)


def parse_time(text: str) -> datetime | None:
    """A time of the rack's answer; None for Go's zero time and for an absent one."""
    parsed = gotime.parse(text or ZERO_TIME)
    return None if parsed.year == 1 else parsed


def ago(text: str) -> str:
    """How long ago; nothing for the zero time."""
    then = parse_time(text)
    if then is None:
        return ""
    seconds = (datetime.now(UTC) - then).total_seconds()
    relation = "from now" if seconds < 0 else "ago"
    _, words, unit = next(row for row in MAGNITUDES if abs(seconds) < row[0])
    return words.format(relation, n=int(abs(seconds) // unit))


def duration(start: str, end: str) -> str:
    """Minutes and seconds from start to end; nothing while there is no end."""
    first, last = parse_time(start), parse_time(end)
    if last is None:
        return ""
    total = _seconds_between(first, last)
    minutes, seconds = divmod(total, 60) if total >= 0 else (0, -(-total % 60))
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def rfc3339(text: str) -> str:
    """Without fractions of a second; Go's zero time is printed as such."""
    then = parse_time(text)
    if then is None:
        return ZERO_TIME
    return then.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def seconds_since(text: str) -> int:
    return _seconds_between(parse_time(text), datetime.now(UTC))


def _seconds_between(first: datetime | None, last: datetime) -> int:
    seconds = (last - (first or gotime.parse(ZERO_TIME))).total_seconds()
    return int(min(max(seconds, -LONGEST_S), LONGEST_S))


def short_age(seconds: int) -> str:
    """`51s`, `1m`, `3h`, `2d`, as `deploy-debug` rounds ages down."""
    if seconds < 0:
        return "unknown"
    for size, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"
