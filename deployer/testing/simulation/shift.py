"""A second process in the same virtual time: it runs while the first one waits, and never both at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from deployer.testing.clock import Killed, ManualClock


class Shift:
    """
    Implements the engine's `Clock` for `body`, whose waits are alarms on the clock of the first process.

    The engine is synchronous, so its stack is kept by a thread; but the two hand over at their waits and only there,
    so that a seed stays one run, whatever the threads are about.
    """

    def __init__(self, clock: ManualClock, body: Callable[[], None]) -> None:
        self._clock = clock
        self._body = body
        self._may_run = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_left = False
        self._error: BaseException | None = None
        self.is_over = False

    def now_s(self) -> float:
        return self._clock.now_s()

    def utc(self) -> datetime:
        return self._clock.utc()

    def ignore(self, signum: int) -> None:
        """Nobody signals this one."""

    def sleep(self, seconds: float) -> None:
        self._clock.at(self._clock.now_s() + seconds, self._go_on)
        self._has_stopped.release()
        self._may_run.acquire()
        if self._is_left:
            raise Killed

    def advance(self, seconds: float) -> None:
        """Nothing of this process is at work, and time passes."""
        self.sleep(seconds)

    def new_process(self) -> None:
        """What the last one was to hear is gone with it: nothing."""

    def begin(self) -> None:
        """Run up to its first wait."""
        self._thread.start()
        self._go_on()

    def end(self) -> None:
        """Leave it where it is, if it is not over. Raises what it has raised."""
        if self._thread.is_alive() and not self.is_over:
            self._is_left = True
            self._go_on()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _go_on(self) -> None:
        if not self.is_over:
            self._may_run.release()
            self._has_stopped.acquire()

    def _run(self) -> None:
        self._may_run.acquire()
        try:
            self._body()
        except Killed:
            pass
        except BaseException as error:  # told by `end`, on the thread that asks
            self._error = error
        finally:
            self.is_over = True
            self._has_stopped.release()
