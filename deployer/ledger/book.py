"""
The text of a ledger: a JSON object that people and other versions of deployer write to as well.

Pure. What we do not know in it is kept as it is; what cannot be read at all is never written over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployer.core.names import BuildId, ReleaseId, ShipId, is_release_id, is_ship_id
from deployer.core.redact import first_line
from deployer.engine.ports import LockNote, ProvenEntry

VERSION = 1
KEPT = 50

_BUILD = re.compile(r"B[A-Z0-9]{1,32}")
_TEXT_LIMIT = 200


class Unreadable(Exception):
    """This is no ledger that we understand, and why: a short phrase."""


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger as it is written down. Changes give a new one, which equals the old where there is nothing to change."""

    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Book:
        """Nothing yet is an empty book. Raises Unreadable."""
        if text is None or not text.strip():
            return cls()
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise Unreadable("it is not JSON") from None
        if not isinstance(data, dict) or not isinstance(data.get("proven", []), list):
            raise Unreadable("it is not a ledger")
        if data.get("v") != VERSION:
            raise Unreadable(f"it is of version {first_line(repr(data.get('v')), limit=20)}, not {VERSION}")
        return cls(data)

    def text(self) -> str:
        return json.dumps({"v": VERSION, **self.data}, indent=1)

    @property
    def proven(self) -> tuple[ProvenEntry, ...]:
        """Newest first; entries that are none of ours are passed over."""
        return tuple(entry for entry in map(_entry_of, self._rows) if entry)

    @property
    def lock(self) -> LockNote | None:
        return _lock_of(self.data.get("lock"))

    @property
    def is_partly_odd(self) -> bool:
        """There is something in the place of an entry or a lock that is none."""
        return len(self.proven) < len(self._rows) or (self.lock is None and self.data.get("lock") is not None)

    def with_proven(self, entry: ProvenEntry) -> Book:
        """`entry` comes first, in the place of what was known of its release."""
        others = [row for row in self._rows if _release_in(row) != entry.release]
        return self._with_rows([_plain(entry), *others][:KEPT])

    def with_gone_back(self, release: ReleaseId) -> Book:
        if all(_release_in(row) != release for row in self._rows):
            return self
        return self._with_rows(
            [{**row, "gone_back_from": True} if _release_in(row) == release else row for row in self._rows]
        )

    def with_lock(self, note: LockNote) -> Book:
        return Book({**self.data, "lock": _plain(note)})

    def without_lock(self, ship: ShipId | None = None) -> Book:
        """Whoever holds it, or only if `ship` does."""
        is_held = self.data.get("lock") is not None if ship is None else self.lock and self.lock.ship == ship
        return Book({**self.data, "lock": None}) if is_held else self

    @property
    def _rows(self) -> Sequence[Any]:
        rows: Sequence[Any] = self.data.get("proven", [])
        return rows

    def _with_rows(self, rows: Sequence[Any]) -> Book:
        return Book({**self.data, "proven": list(rows)})


def is_expired(note: LockNote, now: datetime) -> bool:
    return moment(note.expires) <= now


def moment(text: str) -> datetime:
    """A time as ledgers have it; one without a zone is taken for UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def merged(*books: Book) -> tuple[ProvenEntry, ...]:
    """What all books know, newest first: of each release the newest entry, which was gone back from if any says so."""
    newest: dict[ReleaseId, ProvenEntry] = {}
    for entry in (entry for book in books for entry in book.proven):
        known = newest.get(entry.release)
        order = (moment(entry.at), entry.gone_back_from)
        if known is None or order > (moment(known.at), known.gone_back_from):
            newest[entry.release] = entry
    return tuple(sorted(newest.values(), key=lambda entry: moment(entry.at), reverse=True))


def _plain(record: ProvenEntry | LockNote) -> dict[str, Any]:
    values = asdict(record)
    return {
        name: first_line(each, limit=_TEXT_LIMIT) if isinstance(each, str) else each for name, each in values.items()
    }


def _release_in(row: Any) -> object:
    return row.get("release") if isinstance(row, dict) else None


def _entry_of(row: object) -> ProvenEntry | None:
    if not isinstance(row, dict):
        return None
    try:
        return ProvenEntry(
            release=ReleaseId(_text(row, "release", is_release_id)),
            build=BuildId(_text(row, "build", _BUILD.fullmatch)) if row.get("build") is not None else None,
            at=_text(row, "at", moment),
            by=_text(row, "by"),
            ship=ShipId(_text(row, "ship", is_ship_id)),
            description=_text(row, "description"),
            gone_back_from=row.get("gone_back_from") is True,
            cannot_undo=_text(row, "cannot_undo"),
        )
    except ValueError:
        return None


def _lock_of(row: object) -> LockNote | None:
    if not isinstance(row, dict):
        return None
    try:
        return LockNote(
            ship=ShipId(_text(row, "ship", is_ship_id)),
            by=_text(row, "by"),
            since=_text(row, "since", moment),
            expires=_text(row, "expires", moment),
            what=_text(row, "what"),
            url=_text(row, "url"),
            promoting=_release(row, "promoting"),
            over=_release(row, "over"),
        )
    except ValueError:
        return None


def _release(row: Mapping[str, object], name: str) -> ReleaseId | None:
    return ReleaseId(_text(row, name, is_release_id)) if row.get(name) is not None else None


def _anything(_: str) -> bool:
    return True


def _text(row: Mapping[str, object], name: str, is_valid: Callable[[str], object] = _anything) -> str:
    """A field as harmless text, "" where it is missing. Raises ValueError where it is not valid."""
    value = row.get(name, "")
    if not isinstance(value, str) or not is_valid(value):
        raise ValueError(name)
    return first_line(value, limit=_TEXT_LIMIT)
