"""A clock that ticks as Go's `time.Ticker` does, in real seconds."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Ticker:
    """
    Ticks every `every_s` seconds from its making.

    A tick that came while nobody waited is delivered at once, further missed
    ones are dropped, and the later ones come when they would have come anyway.
    """

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self.start = time.monotonic()
        self.due = self.start + every_s

    def wait(self, pause: Callable[[float], object] = time.sleep) -> None:
        """Until the next tick. `pause` waits for some seconds, or less when it is to be cut short."""
        delay = self.due - time.monotonic()
        if delay > 0:
            pause(delay)
            self.due += self.every_s
            return
        passed = (time.monotonic() - self.start) // self.every_s
        self.due = self.start + (passed + 1) * self.every_s
