"""
Time and waiting: the one place that sleeps.

A signal handler or a child's end must cut a wait short at once and from any thread, so a wait is a `select` on a pipe
of our own (faults 3.7: the handler sets a flag and wakes the loop by pipe, nothing else).
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from deployer.core.errors import Interrupted


def _never() -> bool:
    return False


class SystemClock:
    """Implements the engine's `Clock` port."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._signum = 0
        self._deaf_to: frozenset[int] = frozenset()

    def now_s(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Raises Interrupted as soon as a signal has asked us to stop."""
        self.wait(seconds, _never)

    def wait(self, seconds: float, ready: Callable[[], bool]) -> bool:
        """
        Wait until `ready()`, at most `seconds`; say whether it is. `wake` makes it look again.

        Raises Interrupted as soon as a signal has asked us to stop.
        """
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            if ready():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            select.select([self._reader], [], [], left)
            self._drain()

    def check(self) -> None:
        """Raises Interrupted, once for each signal: the waits of the clean-up that follows are ordinary waits."""
        signum, self._signum = self._signum, 0
        if signum and signum not in self._deaf_to:
            raise Interrupted(signum)

    @property
    def wake_fd(self) -> int:
        """Readable whenever a wait should look again, for those who wait in an event loop of their own."""
        return self._reader

    def is_interrupted(self) -> bool:
        """A signal has asked us to stop, and no wait has heard it yet."""
        self._drain()
        return bool(self._signum) and self._signum not in self._deaf_to

    def wake(self) -> None:
        """Cut a wait short so that it looks again. Safe in signal handlers and from other threads."""
        with suppress(BlockingIOError):  # a full pipe wakes the wait as it is
            os.write(self._writer, b".")

    def interrupt(self, signum: int) -> None:
        """What a signal handler calls: the wait that is on, or the next one, raises Interrupted."""
        if signum not in self._deaf_to:  # one that is ignored must not take the place of one that is not
            self._signum = signum
        self.wake()

    def ignore(self, signum: int) -> None:
        """From now on `signum` does not interrupt (a hang-up after the promote: design 2.7)."""
        self._deaf_to |= {signum}

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._reader, 1024):
                pass
