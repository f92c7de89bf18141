"""The ledger of one app, in memory."""

from __future__ import annotations

from dataclasses import replace

from deployer.core.names import ReleaseId, ShipId
from deployer.engine.ports import LockNote, ProvenEntry


class MemoryLedger:
    """Implements the engine's `Ledger`."""

    def __init__(self) -> None:
        self.entries: list[ProvenEntry] = []
        self.lock: LockNote | None = None
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
        return self.lock

    def take_lock(self, note: LockNote) -> None:
        self.lock = note

    def release_lock(self, ship: ShipId) -> None:
        if self.lock and self.lock.ship == ship:
            self.lock = None
