"""The ledger that all who are at work on one app share, which knows since when its lock is whose."""

from __future__ import annotations

from deployer.engine.ports import LockNote
from deployer.testing.clock import ManualClock
from deployer.testing.ledger import MemoryLedger


class SharedLedger(MemoryLedger):
    """`since_s` is when the lock last went from one ship to another."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.since_s = 0.0

    def take_lock(self, note: LockNote) -> LockNote | None:
        before = self.lock
        if before is None or before.ship != note.ship:
            self.since_s = self._clock.now_s()
        return super().take_lock(note)
