"""The pipes of a child process: its input, fed without ever waiting for it, and its output for one who may be slow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import IO

OUTPUT_BYTES = 1_048_576
"""A command whose output nobody takes waits when there is so much of it."""


class InputPipe:
    """Takes what it is given at once and hands it on as fast as the child reads."""

    def __init__(self, stdin: IO[bytes]) -> None:
        self._stdin = stdin
        self._waiting = bytearray()
        self._ends = False
        os.set_blocking(stdin.fileno(), False)

    @property
    def backlog_bytes(self) -> int:
        """What the child has not read yet: a caller with much more to give waits for it to fall."""
        return len(self._waiting)

    def feed(self, data: bytes) -> None:
        """More input; an empty chunk says that there is no more."""
        if self._stdin.closed or self._ends:
            return
        self._waiting += data
        self._ends = not data
        self._flush()

    def close(self) -> None:
        """Whatever the child has not read is lost."""
        if not self._stdin.closed:
            asyncio.get_running_loop().remove_writer(self._stdin.fileno())
            self._stdin.close()

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._stdin.fileno(), self._waiting)]
        except BlockingIOError:
            asyncio.get_running_loop().add_writer(self._stdin.fileno(), self._flush)
            return
        except OSError:  # a pipe or a terminal whose other end is gone
            self._waiting.clear()
            self._ends = True
        asyncio.get_running_loop().remove_writer(self._stdin.fileno())
        if self._ends:
            self.close()


class OutputQueue:
    """What a command says, then its exit code, for whoever takes it; `hold` makes the command wait, or go on."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | int] = asyncio.Queue()
        self._held_bytes = 0
        self._is_wanted = True
        self.hold: Callable[[bool], None] | None = None

    def put(self, data: bytes) -> None:
        if self._is_wanted:
            self._queue.put_nowait(data)
            self._count(len(data))

    def end(self, code: int) -> None:
        self._queue.put_nowait(code)

    async def take(self) -> bytes | int:
        """The next of its output, or its exit code."""
        item = await self._queue.get()
        if isinstance(item, bytes):
            self._count(-len(item))
        return item

    def discard(self) -> None:
        """Nobody takes any more of it: the command goes on, and what it says is lost."""
        self._is_wanted = False
        self._queue = asyncio.Queue()
        self._count(-self._held_bytes)

    def _count(self, more_bytes: int) -> None:
        before, self._held_bytes = self._held_bytes, self._held_bytes + more_bytes
        if self.hold is not None and (before > OUTPUT_BYTES) is not (self._held_bytes > OUTPUT_BYTES):
            self.hold(self._held_bytes > OUTPUT_BYTES)
