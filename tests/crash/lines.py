"""The lines of a run's journal, by name, and the blows that can fall on each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Blow(StrEnum):
    """
    What happens at a line. `FULL`: no room from there on, but for the reserve; `FULL_FOR_GOOD`: not even that.

    `ORPHAN` and `UNHEARD` are a kill by the child that makes a write: before its work, which it then does without a
    parent, and after it. Theirs is the line of the write's intent.
    """

    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"
    TORN = "torn"
    TERM = "term"
    FULL = "full disk"
    FULL_FOR_GOOD = "full for good"
    ORPHAN = "orphan"
    UNHEARD = "unheard"

    @property
    def is_fatal(self) -> bool:
        """The process is gone at once."""
        return self in (Blow.KILL_BEFORE, Blow.KILL_AFTER, Blow.TORN, *BY_CHILD)


BY_CHILD = (Blow.ORPHAN, Blow.UNHEARD)
INTENT = "intended "


def name_of(line: Mapping[str, Any]) -> str:
    """`intended env set`, `looked watch`, `judged doomed`, `ended`: the event, and what it is about."""
    about = next((str(line[key]) for key in ("write", "step", "judgement") if line.get(key)), "")
    return f"{line['event']} {about}".strip()


def counted(lines: Sequence[str]) -> Iterator[str]:
    """Each with how often it has come by then: `looked watch#2`."""
    seen: Counter[str] = Counter()
    for line in lines:
        seen[line] += 1
        yield f"{line}#{seen[line]}"
