"""The lines of a run's journal, by name, and the blows that can fall on each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Blow(StrEnum):
    """What happens at a line. `FULL`: no room from there on, but for the reserve; `FULL_FOR_GOOD`: not even that."""

    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"
    TORN = "torn"
    TERM = "term"
    FULL = "full disk"
    FULL_FOR_GOOD = "full for good"

    @property
    def is_fatal(self) -> bool:
        """The process is gone at once."""
        return self in (Blow.KILL_BEFORE, Blow.KILL_AFTER, Blow.TORN)


def name_of(line: Mapping[str, Any]) -> str:
    """`intended env set`, `looked watch`, `judged doomed`, `ended`: the event, and what it is about."""
    about = next((str(line[key]) for key in ("write", "step", "judgement") if line.get(key)), "")
    return f"{line['event']} {about}".strip()
