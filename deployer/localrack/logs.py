"""What processes and the rack itself have to say: kept a while, on disk and for those who follow."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deployer.localrack.times import rfc3339

RING_BYTES = 4 * 1024**2
"""Of an app's lines, the newest: what a `logs` can still ask for."""
LINE_BYTES = 16_384
FILE_BYTES = 1_048_576
"""A process keeps its last one or two such files' worth."""
QUEUE_BYTES = 4 * 1024**2
"""A follower that lags further behind loses lines."""
_LINE_COSTS = 256
"""Bytes of memory that even an empty line takes."""

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

    @property
    def cost(self) -> int:
        """About so many bytes of memory."""
        return len(self.text) + _LINE_COSTS

    def render(self, *, prefixed: bool = True) -> str:
        prefix = f"{rfc3339(self.at_s, digits=0)} {self.source} " if prefixed else ""
        return f"{prefix}{self.text}\n"


class Follower:
    """The lines to come, for one who may be slow to take them."""

    def __init__(self, at_most_bytes: int) -> None:
        self._at_most_bytes = at_most_bytes
        self._held_bytes = 0
        self._queue: asyncio.Queue[Line] = asyncio.Queue()

    def offer(self, line: Line) -> None:
        if self._held_bytes < self._at_most_bytes:
            self._held_bytes += line.cost
            self._queue.put_nowait(line)

    async def next(self) -> Line:
        line = await self._queue.get()
        self._held_bytes -= line.cost
        return line


class AppLog:
    """The last lines of an app, and those who follow them."""

    def __init__(self, *, ring_bytes: int = RING_BYTES, queue_bytes: int = QUEUE_BYTES) -> None:
        self._ring_bytes = ring_bytes
        self._queue_bytes = queue_bytes
        self._held_bytes = 0
        self._lines: deque[Line] = deque()
        self._followers: set[Follower] = set()

    def write(self, line: Line) -> None:
        self._lines.append(line)
        self._held_bytes += line.cost
        while self._held_bytes > self._ring_bytes:
            self._held_bytes -= self._lines.popleft().cost
        for follower in self._followers:
            follower.offer(line)

    def since(self, at_s: float) -> list[Line]:
        return [line for line in self._lines if line.at_s >= at_s]

    def follow(self) -> Follower:
        """Give it back with `unfollow`."""
        follower = Follower(self._queue_bytes)
        self._followers.add(follower)
        return follower

    def unfollow(self, follower: Follower) -> None:
        self._followers.discard(follower)


class LogFile:
    """
    A file that never grows past its bound: the older half is moved aside and then lost.

    Never raises: a disk that is full costs the lines, not the process that says them.
    """

    def __init__(self, path: Path, *, at_most_bytes: int = FILE_BYTES) -> None:
        self._path = path
        self._at_most_bytes = at_most_bytes
        self._file: IO[bytes] | None = None
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._open()

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            if self._file is None:
                self._file = self._open()
            if self._file.tell() > self._at_most_bytes:
                self.close()
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                self._file = self._open()
            self._file.write(text.encode())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> IO[bytes]:
        return self._path.open("ab", buffering=0)


class Lines:
    """Cuts chunks of output into lines, whatever the bytes: no escapes, no bad UTF-8, none longer than the bound."""

    def __init__(self, on_lines: Callable[[list[str]], None]) -> None:
        self._on_lines = on_lines
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        pieces = [piece for line in lines for piece in _pieces(line)]
        *whole, self._rest = _pieces(rest)
        self._tell(pieces + whole)

    def end(self) -> None:
        if self._rest:
            self._tell([self._rest])
        self._rest = b""

    def _tell(self, pieces: list[bytes]) -> None:
        # all at once: a process that writes nothing but line ends has thousands of them in a chunk
        if pieces:
            text = clean(b"\n".join(pieces).decode("utf-8", errors="replace"))
            self._on_lines([line.rstrip("\r") for line in text.split("\n")])


def clean(text: str) -> str:
    """Without terminal escapes."""
    return _ESCAPE.sub("", text).replace("\x00", "")


def _pieces(line: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(line), 1), LINE_BYTES):
        yield line[start : start + LINE_BYTES]
