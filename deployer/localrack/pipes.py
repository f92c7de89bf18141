"""The input of a child process, fed without ever waiting for it."""

from __future__ import annotations

import asyncio
import os
from typing import IO


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
        except BrokenPipeError:
            self._waiting.clear()
            self._ends = True
        asyncio.get_running_loop().remove_writer(self._stdin.fileno())
        if self._ends:
            self.close()
