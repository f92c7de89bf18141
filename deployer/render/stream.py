"""What every renderer stands on: a stream that never fails a run, and a sink that never raises (I14)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TextIO

from deployer.core.events import Event


def local_time() -> datetime:
    """Now, as the clock on the wall shows it."""
    return datetime.now(UTC).astimezone()


class QuietStream(io.TextIOBase):
    """
    A text stream whose reader may go away at any time: from then on nothing is written, and nothing is raised.

    What its encoding cannot say becomes a question mark.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_open = True

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here, as it is on every stream
        return self._stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        if self._is_open:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self.write(text.encode(self.encoding, "replace").decode(self.encoding))
            except (OSError, ValueError):
                self._give_up()
        return len(text)

    def flush(self) -> None:
        if self._is_open:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def isatty(self) -> bool:
        with suppress(OSError, ValueError):
            return self._is_open and self._stream.isatty()
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    def _give_up(self) -> None:
        self._is_open = False
        # What is left in the buffer is flushed when Python exits; failing there would make the exit status 120.
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


class Renderer:
    """A sink for people or machines. Whatever goes wrong in showing an event, the run never hears of it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = QuietStream(stream)
        self._has_complained = False

    def record(self, event: Event) -> None:
        with self._unfailing():
            self._show(event)

    def close(self) -> None:
        with self._unfailing():
            self._finish()
        self.stream.flush()

    def _show(self, event: Event) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        """What is to be put back or closed, whatever became of the run."""

    @contextmanager
    def _unfailing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # our own bug; it must not cost a rollback its verdict
            if not self._has_complained:
                self._has_complained = True
                self.stream.write(f"deployer: the display failed ({type(error).__name__}); the run goes on\n")
                self.stream.flush()
