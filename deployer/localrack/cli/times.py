"""Times as the CLI shows them (convox-facts 2.0): `3 minutes ago`, `1m30s`, `151d`."""

from __future__ import annotations

from datetime import UTC, datetime

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote

MINUTE, HOUR, DAY = 60, 3600, 86400
WEEK, MONTH = 7 * DAY, 30 * DAY
YEAR = 12 * MONTH

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
    """
    A time from the rack's JSON; None for Go's zero time and for an absent one.

    Raises CommandError in Go's words when it is no time.
    """
    try:
        parsed = datetime.fromisoformat(text or "0001-01-01T00:00:00Z")
    except ValueError as exc:
        wanted = quote('"2006-01-02T15:04:05Z07:00"')
        raise CommandError(f'parsing time {quote(quote(text))} as {wanted}: cannot parse "{text}" as "2006"') from exc
    return None if parsed.year == 1 else parsed.replace(tzinfo=parsed.tzinfo or UTC)


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
    total = int((last - (first or datetime(1, 1, 1, tzinfo=UTC))).total_seconds())
    minutes, seconds = divmod(total, 60) if total >= 0 else (0, -(-total % 60))
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def rfc3339(text: str) -> str:
    """Without fractions of a second; Go's zero time is printed as such."""
    then = parse_time(text)
    if then is None:
        return "0001-01-01T00:00:00Z"
    return then.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def seconds_since(text: str) -> int:
    then = parse_time(text) or datetime(1, 1, 1, tzinfo=UTC)
    return int((datetime.now(UTC) - then).total_seconds())


def short_age(seconds: int) -> str:
    """`51s`, `1m`, `3h`, `2d`, as `deploy-debug` rounds ages down."""
    if seconds < 0:
        return "unknown"
    for size, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"
