"""Times as the rack's API writes them (convox-facts 5.1)."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

UNSET = "0001-01-01T00:00:00Z"

_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?)(h|ms|m|s|us|µs|ns)")


def rfc3339(at_s: float | None, *, digits: int = 6) -> str:
    """UTC, with so many digits of a second; a time that is not set is the year 1."""
    if at_s is None:
        return UNSET
    moment = datetime.fromtimestamp(at_s, UTC)
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def go_duration_s(text: str) -> float:
    """`5s`, `2m0s`, `24h0m0s`. Raises ValueError on anything else."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"invalid duration {text}")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


class Clock:
    """Seconds since the epoch that never run back: rows can be shown, and durations trusted."""

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def __call__(self) -> float:
        return self._offset_s + time.monotonic()
