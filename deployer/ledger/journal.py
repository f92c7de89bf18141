"""
What a run did, on disk before it counts: a line of JSON for each event, one file per run.

A killed run must be readable afterwards: an intent is on disk before its write goes out, so each line is synced as it
is written (design 2.7, faults 3.2). It holds names, ids and words, never a value of the environment.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from deployer.core.encode import encode
from deployer.core.errors import Problem, Refused
from deployer.core.events import (
    BuildLine,
    CommandLine,
    Ended,
    Event,
    Intended,
    Judged,
    Looked,
    Planned,
    Resumed,
    Started,
    Wrote,
)
from deployer.core.names import AppName, RackName, ShipId, is_ship_id
from deployer.core.redact import first_line
from deployer.engine.ports import Clock
from deployer.ledger.places import parts_of, private_folder

RESERVE_BYTES = 65_536
LOOK_EVERY_S = 30.0

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What `resume` cannot do without; once the disk is full, the reserve is kept for these.
_ESSENTIAL = (Started, Planned, Resumed, Intended, Wrote, Judged, Ended)


class Journal:
    """
    Implements the `Sink` of a run; make it with `create`, and close it.

    When a line cannot be written, the run goes on: space reserved at the start is freed for the lines that matter, and
    when that is used up too, `is_lost` is set, `on_lost` is told why, once, and nothing is added any more: what is on
    disk stays a true beginning.
    """

    def __init__(self, path: Path, file: int, reserve: int, clock: Clock, on_lost: Callable[[str], None]) -> None:
        self.path = path
        self.is_lost = False
        self._file = file
        self._reserve: int | None = reserve
        self._clock = clock
        self._on_lost = on_lost
        self._size = 0
        self._look: Looked | None = None
        self._looked_at_s = 0.0

    @classmethod
    def create(
        cls, root: Path, rack: RackName, app: AppName, ship: ShipId, clock: Clock, on_lost: Callable[[str], None]
    ) -> Self:
        """
        Begin the journal of `ship` in `root/journal/RACK/APP`, `root` being `places.state_root`.

        Raises Refused if it cannot be kept: nothing is written to a rack without it.
        """
        if not is_ship_id(ship):
            raise Refused((Problem(f"not the id of a ship: {ship!r}"),))
        parts = ("journal", *parts_of(rack, app))
        path = root.joinpath(*parts, f"{ship}.jsonl")
        try:
            with private_folder(root, *parts) as folder:
                reserve = _reserve(folder, f"{ship}.reserve")
                file = os.open(path.name, _NEW | os.O_APPEND, 0o600, dir_fd=folder)
                _hold(file)
                os.fsync(folder)
        except OSError as exc:
            problem = Problem(
                f"the journal cannot be kept in {path.parent}: {first_line(exc.strerror or str(exc))}",
                hint="set XDG_STATE_HOME to a folder of yours with space left",
            )
            raise Refused((problem,)) from exc
        return cls(path, file, reserve, clock, on_lost)

    def record(self, event: Event) -> None:
        if self.is_lost or not self._is_kept(event):
            return
        stamp = {"at": self._clock.utc().isoformat(), "mono": self._clock.now_s()}
        line = json.dumps(encode(event) | stamp, separators=(",", ":")).encode() + b"\n"
        try:
            self._append(line)
        except OSError:
            self._append_from_reserve(line)

    def close(self) -> None:
        """May be called twice. What comes after is lost, and said."""
        self._free_reserve()
        with suppress(OSError):
            os.close(self._file)
        self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _is_kept(self, event: Event) -> bool:
        if self._reserve is None:
            return isinstance(event, _ESSENTIAL)
        match event:
            case BuildLine() | CommandLine():
                return False
            case Looked():
                return self._is_news(event)
            case _:
                return True

    def _is_news(self, look: Looked) -> bool:
        """Most ticks see what the one before saw: such a look is kept each half minute only."""
        gist, now_s = _gist(look), self._clock.now_s()
        if gist == self._look and now_s - self._looked_at_s < LOOK_EVERY_S:
            return False
        self._look, self._looked_at_s = gist, now_s
        return True

    def _append(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)
        self._size += len(line)

    def _append_from_reserve(self, line: bytes) -> None:
        self._free_reserve()
        try:
            self._undo()
            self._append(line)
        except OSError as exc:
            with suppress(OSError):
                self._undo()
            self.is_lost = True
            self._on_lost(first_line(exc.strerror or "write failed"))

    def _undo(self) -> None:
        """Take away the piece of a line that did find room."""
        os.ftruncate(self._file, self._size)

    def _free_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None


def _hold(file: int) -> None:
    """The kernel lets go of it when the run ends, however it ends: `past.is_at_work` asks for it."""
    with suppress(OSError):  # a file system that has no locks keeps a journal all the same
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _reserve(folder: int, name: str) -> int:
    """Space on the same disk that closing the descriptor frees. The name is gone at once, so a kill leaves nothing."""
    file = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        os.unlink(name, dir_fd=folder)
        padding = memoryview(os.urandom(RESERVE_BYTES))  # zeros take no space where the file system compresses
        while padding:
            padding = padding[os.write(file, padding) :]
        os.fsync(file)
    except OSError:
        os.close(file)
        raise
    return file


def _gist(look: Looked) -> Looked:
    """The look without what differs at every tick: its time, counts and ages of answers."""
    rows = tuple(replace(each, answered_s_ago=None, answer_ms=None) for each in look.processes)
    return replace(look, answers=0, processes=rows, heard=(), errors=0, lost=0, unknown=0, looked_at="")
