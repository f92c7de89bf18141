"""Finds processes of a rack that outlived it, by a mark in their environment, and ends them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from deployer.localrack.options import MARK


def leftovers(home: Path) -> Iterator[psutil.Process]:
    """Processes that carry the rack's mark. Those we may not read are not ours."""
    for process in psutil.process_iter():
        try:
            # a shell that an `exec` opened may be where the next `rack up` is typed: never ourselves
            marked = process.pid != os.getpid() and process.environ().get(MARK) == str(home)
        except (psutil.Error, OSError):
            continue
        if marked:
            yield process


def sweep(home: Path, *, grace_s: float = 1.0) -> int:
    """TERM, then KILL whatever carries the mark; how many there were. Call it only while the rack is down."""
    found = list(leftovers(home))
    for process in found:
        _end(process, force=False)
    _, alive = psutil.wait_procs(found, timeout=grace_s)
    for process in alive:
        _end(process, force=True)
    psutil.wait_procs(alive, timeout=grace_s)
    return len(found)


def is_alive(pid: int) -> bool:
    """A zombie is not: whoever started it has only not asked yet."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _end(process: psutil.Process, *, force: bool) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill() if force else process.terminate()
