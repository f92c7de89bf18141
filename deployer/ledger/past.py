"""Journals of runs that are over, or were cut short: finding and reading them changes nothing."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from deployer.core.encode import VERSION, decode
from deployer.core.errors import Busy, Problem, Refused
from deployer.core.events import Event
from deployer.core.names import AppName, RackName, ShipId, is_app_name, is_ship_id
from deployer.core.runs import Run, run_of
from deployer.core.summary import Summary
from deployer.ledger.places import parts_of, private_folder


@dataclass(frozen=True, slots=True)
class Meta:
    """When an event was recorded. `mono_s` can be compared within one journal only."""

    at: datetime
    mono_s: float


@dataclass(frozen=True, slots=True)
class Past:
    """`is_torn`: the run was cut off while it wrote a line, which is left out."""

    lines: tuple[tuple[Meta, Event], ...]
    is_torn: bool = False


def read(path: Path) -> Past:
    """
    The events of a run, in order.

    Raises Refused if it cannot be read: damaged before its last line, or written by another version of deployer.
    """
    *whole, rest = _bytes_of(path).split(b"\n")
    lines: list[tuple[Meta, Event]] = []
    for n, raw in enumerate(whole, 1):
        data = _json_of(raw)
        if data is None and n == len(whole) and not rest:
            return Past(tuple(lines), is_torn=True)  # after a power cut a line may have its length and not its bytes
        lines.append(_line(data, f"{path} line {n}"))
    return Past(tuple(lines), is_torn=bool(rest))


def is_at_work(path: Path) -> bool:
    """Whether the run whose journal this is has not ended yet: it holds its journal as long as it lives."""
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks does not tell
            return False
    return False


def run_in(path: Path) -> Run:
    """What became of the run whose journal this is; one that cannot be read is a finding, not an error."""
    ship = ShipId(path.stem)
    try:
        lines = read(path).lines
    except Refused as error:
        return Run(ship, trouble=error.what)
    return run_of(ship, lines[0][0].at if lines else None, [event for _, event in lines])


def to_take_up(root: Path, app: AppName, rack: RackName, ship: ShipId | None) -> tuple[Summary, datetime] | None:
    """
    The last run that brought `ship` as far as it is, or of any ship that wrote something; and when it was left.

    A run that was refused, or that found nothing to do, hides nothing that came before it. Raises Refused for a journal
    that cannot be read, Busy where that run is still at work.
    """
    for path in journals(root, app, rack):
        found = _folded(path)
        if found and (ship in (path.stem, found[0].owner) if ship else found[0].has_begun):
            if is_at_work(path):
                what = f"ship {path.stem} is still at work on this machine"
                raise Busy(what, hint="wait for its verdict, or end it first")
            return found
    return None


def _folded(path: Path) -> tuple[Summary, datetime] | None:
    summary, left = Summary(), None
    for meta, event in read(path).lines:
        summary, left = summary.after(event), meta.at
    return (summary, left) if left else None


def journals(root: Path, app: AppName, rack: RackName | None = None) -> tuple[Path, ...]:
    """
    Those of `app` on this machine, newest first by the time in the ship's id; of `rack` only, if given.

    Raises Refused if the folders are not safe to read.
    """
    if not is_app_name(app):
        raise Refused((Problem(f"not a name of an app: {app!r}"),))
    try:
        racks = [parts_of(rack, app)[0]] if rack else _names_in(root, "journal")
        found = [path for each in racks for path in _journals(root, each, app)]
    except OSError as exc:
        raise Refused((Problem(f"the journals in {root} cannot be read: {exc.strerror or exc}"),)) from exc
    return tuple(sorted(found, key=lambda path: path.stem, reverse=True))


def _journals(root: Path, rack: str, app: AppName) -> Iterator[Path]:
    names = (Path(each) for each in _names_in(root, "journal", rack, app))
    return (root / "journal" / rack / app / each for each in names if each.suffix == ".jsonl" and is_ship_id(each.stem))


def _names_in(root: Path, *parts: str) -> list[str]:
    try:
        with private_folder(root, *parts, create=False) as folder:
            return os.listdir(folder)  # noqa: PTH208 – pathlib cannot list a descriptor
    except (FileNotFoundError, NotADirectoryError):
        return []


def _bytes_of(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read()


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            yield file
    except OSError as exc:
        raise Refused((Problem(f"the journal {path} cannot be read: {exc.strerror or exc}"),)) from exc


def _json_of(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _line(data: Any, where: str) -> tuple[Meta, Event]:
    if not isinstance(data, dict):
        raise Refused((Problem(f"{where} is damaged", hint="look at the rack itself: deployer status"),))
    if data.get("v") != VERSION:
        raise Refused((Problem(f"{where} was written by another version of deployer", hint="use that version"),))
    try:
        return Meta(datetime.fromisoformat(data["at"]), float(data["mono"])), decode(data)
    except (KeyError, TypeError, ValueError) as exc:
        raise Refused(
            (Problem(f"{where} is damaged: {exc}", hint="look at the rack itself: deployer status"),)
        ) from exc
