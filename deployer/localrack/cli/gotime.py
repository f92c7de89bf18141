"""RFC 3339 times as Go's time.Parse reads them, and what it says of those that are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from deployer.localrack.cli.errors import CommandError

LAYOUT = "2006-01-02T15:04:05Z07:00"
# The elements of the layout in order: how Go calls each, what it takes for one, and its range.
ELEMENTS = (
    ("2006", "([0-9]{4})", "", 0, 9999), ("-", "-", "", 0, 0), ("01", "([0-9]{2})", "month", 1, 12),
    ("-", "-", "", 0, 0), ("02", "([0-9]{2})", "", 0, 99), ("T", "T", "", 0, 0), ("15", "([0-9]{1,2})", "hour", 0, 23),
    (":", ":", "", 0, 0), ("04", "([0-9]{2})", "minute", 0, 59), (":", ":", "", 0, 0),
    ("05", "([0-9]{2})(?:[.,]([0-9]+))?", "second", 0, 59), ("Z07:00", "Z|([+-][0-9]{2}):([0-9]{2})", "", -99, 99),
)  # fmt: skip
FARTHEST_ZONE_M = 24 * 60 - 1  # that Python has; Go's go a little farther


def parse(text: str) -> datetime:
    """Raises CommandError in Go's words. The year 0, which Python has not, becomes the year 4."""
    found: list[str | None] = []
    rest = text
    for name, pattern, unit, least, most in ELEMENTS:
        match = re.match(pattern, rest)
        if not match:
            raise _error(text, f" as {_quote(LAYOUT)}: cannot parse {_quote(rest)} as {_quote(name)}")
        groups = match.groups()
        if groups and groups[0] and not least <= int(groups[0]) <= most:
            raise _error(text, f": {unit} out of range")
        found += groups
        rest = rest[match.end() :]
    if rest:
        raise _error(text, f": extra text: {_quote(rest)}")
    return _made(text, found)


def _made(text: str, found: list[str | None]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in found[:6])
    fraction, zone_h, zone_m = found[6:]
    micros = int(f"{fraction or ''}000000"[:6])
    zone = _zone(text, zone_h, zone_m)
    try:
        return datetime(year or 4, month, day, hour, minute, second, micros, tzinfo=zone)
    except ValueError as exc:  # all else was in its range
        raise _error(text, ": day out of range") from exc


def _zone(text: str, hours: str | None, minutes: str | None) -> timezone:
    if hours is None or minutes is None:
        return UTC
    if int(hours[1:]) > 24:
        raise _error(text, ": time zone offset hour out of range")
    if int(minutes) > 60:
        raise _error(text, ": time zone offset minute out of range")
    total = min(int(hours[1:]) * 60 + int(minutes), FARTHEST_ZONE_M)
    return timezone(timedelta(minutes=-total if hours.startswith("-") else total))


def _error(text: str, what: str) -> CommandError:
    return CommandError(f"parsing time {_quote(text)}{what}")


def _quote(text: str) -> str:
    """Package time has a quoting of its own: bytes that are no printable ASCII in hexadecimal."""
    shown = (f"\\x{byte:02x}" if not 0x20 <= byte < 0x80 else chr(byte) for byte in text.encode())
    return '"' + "".join(f"\\{char}" if char in '"\\' else char for char in shown) + '"'
