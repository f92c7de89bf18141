"""
What is remembered of an app across runs, and who is at work on it: on the rack itself, so that every machine sees it.

Convox has no compare-and-swap, so the lock is advisory and the last writer wins; what protects a ship is the look
before each write (faults 3.8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from deployer.core.errors import RackFailure
from deployer.core.names import ReleaseId, ShipId
from deployer.core.redact import first_line
from deployer.engine.ports import Clock, LockNote, ProvenEntry
from deployer.ledger.book import Book, Unreadable, is_expired, merged
from deployer.ledger.local_file import LocalFile

CONFIG = "deployer"

Change = Callable[[Book], Book]


class ConfigStore(Protocol):
    """The app configs of a rack (convox-facts 2.12)."""

    def config_get(self, name: str) -> str | None:
        """`None` if there is none of that name. Raises RackFailure."""

    def config_set(self, name: str, text: str) -> None:
        """Raises RackFailure."""


class RackLedger:
    """
    Implements the engine's `Ledger` over the app config `deployer`.

    Proven releases are kept on this machine as well, so that a rollback works when the rack's configs are denied; the
    lock only where the rack does not take it. Never raises a RackFailure or an OSError: see `trouble`.
    """

    def __init__(self, store: ConfigStore, local: LocalFile, clock: Clock) -> None:
        self._store = store
        self._local = local
        self._clock = clock
        self._is_rack_closed = False
        self._troubles: dict[str, str] = {}

    @property
    def trouble(self) -> str:
        """What could not be read or kept when it was last tried, in a phrase; "" if all could."""
        return "; ".join(dict.fromkeys(each for each in self._troubles.values() if each))

    def proven(self) -> tuple[ProvenEntry, ...]:
        return merged(*self._books())

    def record_proven(self, entry: ProvenEntry) -> None:
        self._change_both(lambda book: book.with_proven(entry))

    def record_gone_back(self, release: ReleaseId) -> None:
        self._change_both(lambda book: book.with_gone_back(release))

    def holder(self) -> LockNote | None:
        now = self._clock.utc()
        notes = (book.lock for book in self._books())
        return next((note for note in notes if note and not is_expired(note, now)), None)

    def take_lock(self, note: LockNote) -> LockNote | None:
        before: list[LockNote | None] = []

        def take(book: Book) -> Book:
            before.append(book.lock)
            return book.with_lock(note)

        is_on_rack = self._change_rack(take)
        # a note kept here that was taken over must not come back once ours is released
        self._change_local(lambda book: book.without_lock() if is_on_rack else take(book))
        return next((each for each in before if each and each.ship != note.ship), None)

    def release_lock(self, ship: ShipId) -> None:
        self._change_both(lambda book: book.without_lock(ship))

    def _books(self) -> tuple[Book, ...]:
        return tuple(book for book in (self._read_rack(), self._read_local()) if book)

    def _change_both(self, change: Change) -> None:
        self._change_local(change)
        self._change_rack(change)

    def _change_rack(self, change: Change) -> bool:
        """Read, change, write; whether the rack now has it."""
        book = self._read_rack()
        if book is None:
            return False
        changed = change(book)
        try:
            if changed != book:
                self._store.config_set(CONFIG, changed.text())
        except RackFailure as exc:
            self._troubles["rack write"] = (
                f"the rack's ledger cannot be written, it is kept here: {first_line(exc.what)}"
            )
            return False
        self._troubles["rack write"] = ""
        return True

    def _change_local(self, change: Change) -> None:
        book = self._read_local()
        if book is None:
            return
        changed = change(book)
        try:
            if changed != book:
                self._local.write(changed)
        except OSError as exc:
            self._troubles["local write"] = f"the ledger of this machine cannot be written: {_reason(exc)}"
        else:
            self._troubles["local write"] = ""

    def _read_rack(self) -> Book | None:
        if self._is_rack_closed:
            return None
        try:
            book = Book.parse(self._store.config_get(CONFIG))
        except RackFailure as exc:
            self._is_rack_closed = not exc.is_transient
            self._troubles["rack read"] = f"the rack's ledger cannot be read, it is kept here: {first_line(exc.what)}"
        except Unreadable as exc:
            self._troubles["rack read"] = f"the rack's ledger is left alone, it is kept here: {exc}"
        else:
            self._troubles["rack read"] = "parts of the rack's ledger cannot be read" if book.is_partly_odd else ""
            return book
        return None

    def _read_local(self) -> Book | None:
        try:
            book = self._local.read()
        except OSError as exc:
            self._troubles["local read"] = f"the ledger of this machine cannot be read: {_reason(exc)}"
        except Unreadable as exc:
            self._troubles["local read"] = f"the ledger of this machine is left alone: {exc}"
        else:
            self._troubles["local read"] = ""
            return book
        return None


def _reason(exc: OSError) -> str:
    return first_line(exc.strerror or str(exc))
