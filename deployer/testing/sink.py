"""Keeps every event for a test to look at."""

from __future__ import annotations

from typing import TypeVar

from deployer.core.events import Event
from deployer.engine.ports import Clock

E = TypeVar("E")


class RecordingSink:
    """Implements `Sink`. `times_s[n]` is when `events[n]` happened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.events: list[Event] = []
        self.times_s: list[float] = []

    def record(self, event: Event) -> None:
        self.events.append(event)
        self.times_s.append(self._clock.now_s())

    def of(self, kind: type[E]) -> list[E]:
        """All events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
