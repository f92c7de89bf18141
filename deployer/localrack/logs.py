"""What processes and the rack itself have to say: kept a while, on disk and for those who follow."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deployer.localrack.times import rfc3339

RING_LINES = 5000
"""Lines of an app that a `logs` can still ask for."""
LINE_BYTES = 16_384
FILE_BYTES = 1_048_576
"""A process keeps its last one or two such files' worth."""
QUEUE_LINES = 10_000
"""A follower that lags further behind loses lines."""

# A real CLI whose output is no terminal stops at the first escape (convox-facts 5.4): none is passed on.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an app's log. `service` and `process` are empty for the rack's own."""

    at_s: float
    source: str
    text: str
    service: str = ""
    process: str = ""

    def render(self, *, prefixed: bool = True) -> str:
        prefix = f"{rfc3339(self.at_s, digits=0)} {self.source} " if prefixed else ""
        return f"{prefix}{self.text}\n"


class AppLog:
    """The last lines of an app, and those who follow them."""

    def __init__(self, *, queue_lines: int = QUEUE_LINES) -> None:
        self._queue_lines = queue_lines
        self._lines: deque[Line] = deque(maxlen=RING_LINES)
        self._followers: set[asyncio.Queue[Line]] = set()

    def write(self, line: Line) -> None:
        self._lines.append(line)
        for follower in self._followers:
            if follower.qsize() < self._queue_lines:
                follower.put_nowait(line)

    def since(self, at_s: float) -> list[Line]:
        return [line for line in self._lines if line.at_s >= at_s]

    def follow(self) -> asyncio.Queue[Line]:
        """A queue of the lines to come; give it back with `unfollow`."""
        queue: asyncio.Queue[Line] = asyncio.Queue()
        self._followers.add(queue)
        return queue

    def unfollow(self, queue: asyncio.Queue[Line]) -> None:
        self._followers.discard(queue)


class LogFile:
    """A file that never grows past its bound: the older half is moved aside and then lost."""

    def __init__(self, path: Path, *, at_most_bytes: int = FILE_BYTES) -> None:
        self._at_most_bytes = at_most_bytes
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("a", buffering=1, encoding="utf-8")
        self._size = self._file.tell()

    def write(self, text: str) -> None:
        if self._size > self._at_most_bytes:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._file = self._path.open("w", buffering=1, encoding="utf-8")
            self._size = 0
        self._size += len(text)
        self._file.write(text)

    def close(self) -> None:
        self._file.close()


class Lines:
    """Cuts chunks of output into lines, whatever the bytes: no escapes, no bad UTF-8, none longer than the bound."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._tell(line)
        while len(self._rest) > LINE_BYTES:
            self._tell(self._rest[:LINE_BYTES])
            self._rest = self._rest[LINE_BYTES:]

    def end(self) -> None:
        if self._rest:
            self._tell(self._rest)
        self._rest = b""

    def _tell(self, line: bytes) -> None:
        for piece in _pieces(line):
            self._on_line(clean(piece.decode("utf-8", errors="replace")))


def clean(text: str) -> str:
    """Without terminal escapes and the carriage return of a line's end."""
    return _ESCAPE.sub("", text).rstrip("\r").replace("\x00", "")


def _pieces(line: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(line), 1), LINE_BYTES):
        yield line[start : start + LINE_BYTES]
