"""The net that no secret must be caught in: canaries, the shapes they could leak in, where to look (faults 4.3)."""

from __future__ import annotations

import base64
import json
import shlex
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

VALUE, OLD_VALUE, PASSWORD = "cAnArY-value-%d-1", "cAnArY-old-2", "cAnArY-password-3"
MARKED, QUOTED, ESCAPED = "cAnArY::set-output name=a::4", "cAnArY 'single' \"double\" 5", "cAnArY-\x1b[31mred\x1b[0m-6"
PEM_LINE = "cAnArYMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ7"
LONG = "cAnArY-8" * 7_500
CANARIES = (VALUE, OLD_VALUE, PASSWORD, MARKED, QUOTED, ESCAPED, PEM_LINE, LONG)
PIECE = 12


@cache
def shapes(canary: str) -> frozenset[str]:
    """Raw, in pieces, and as the usual encodings would show it: what a mask of the raw value does not cover."""
    data = canary.encode()
    in_base64 = (base64.b64encode(b"\0" * offset + data).decode()[4:-4] for offset in range(3))
    pieces = {canary[start : start + PIECE] for start in range(max(1, min(len(canary) - PIECE + 1, 100)))}
    quoted = {quote(canary, safe=""), json.dumps(canary)[1:-1], shlex.quote(canary), data.hex(), canary[::-1]}
    return frozenset(pieces | quoted | set(in_base64))


def leaks_in(texts: Iterable[str]) -> list[str]:
    """The texts in which any canary can be made out."""
    return [text for text in texts if any(shape in text for canary in CANARIES for shape in shapes(canary))]


def texts_of(error: BaseException | None, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Everything that a traceback, a logger or a debugger could show of an exception and of those behind it."""
    if error is None or id(error) in seen:
        return
    kept = {
        name: getattr(error, name)
        for name in ("doc", "object", "cmd", "output", "stdout", "stderr")
        if hasattr(error, name)
    }
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)), repr(kept))
    for inner in (error.__cause__, error.__context__):
        yield from texts_of(inner, seen | {id(error)})


def files_below(folder: Path, *, but: tuple[str, ...] = ()) -> list[str]:
    """Names and contents of every file: a temp file, a cache, a core dump. `but` are a test's own."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name not in but]
    return [f"{path}\n{path.read_bytes().decode(errors='replace')}" for path in found]


class Cmdlines:
    """Samples the argv of every process on this machine while something runs."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Cmdlines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._is_over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().decode(errors="replace"))
                except OSError:
                    continue
            time.sleep(0.01)
