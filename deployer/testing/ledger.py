"""The ledger of one app, in memory."""

from __future__ import annotations

from dataclasses import replace

from deployer.core.names import ReleaseId, ShipId
from deployer.engine.ports import LockNote, ProvenEntry


class MemoryLedger:
    """Implements the engine's `Ledger`. `is_expired`: the lock that stands there is nobody's any more."""

    def __init__(self) -> None:
        self.entries: list[ProvenEntry] = []
        self.lock: LockNote | None = None
        self.is_expired = False
        self.trouble = ""

    def proven(self) -> tuple[ProvenEntry, ...]:
        return tuple(self.entries)

    def record_proven(self, entry: ProvenEntry) -> None:
        self.entries.insert(0, entry)

    def record_gone_back(self, release: ReleaseId) -> None:
        self.entries = [
            replace(each, gone_back_from=each.gone_back_from or each.release == release) for each in self.entries
        ]

    def holder(self) -> LockNote | None:
        return None if self.is_expired else self.lock

    def take_lock(self, note: LockNote) -> LockNote | None:
        before, self.lock, self.is_expired = self.lock, note, False
        return before if before and before.ship != note.ship else None

    def release_lock(self, ship: ShipId) -> None:
        if self.lock and self.lock.ship == ship:
            self.lock = None
