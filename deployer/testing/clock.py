"""A clock that moves only when somebody waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from deployer.core.errors import Interrupted

EPOCH = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Endless(AssertionError):
    """Somebody waits for ever: past every deadline there is (I12)."""


class Killed(BaseException):
    """SIGKILL: nothing of ours gets to act on it, so no `except Exception` may hear it."""


class ManualClock:
    """
    Implements the engine's `Clock`. Watchers are told of every move; a signal can be set to come at an instant.

    `utc_offset_s` sets the wall clock wrong; nothing that waits looks at that one. At `kill_s` the wait raises Killed.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self.limit_s = float("inf")
        self.kill_s = float("inf")
        self.utc_offset_s = 0.0
        self._watchers: list[Callable[[float], None]] = []
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._signals: list[tuple[float, int]] = []
        self._naps: list[tuple[float, float]] = []
        self.ignored: set[int] = set()

    def now_s(self) -> float:
        return self._now_s

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self._now_s + self.utc_offset_s)

    def sleep(self, seconds: float) -> None:
        until_s = self._now_s + seconds
        due = [each for each in self._signals if each[0] <= until_s and each[1] not in self.ignored]
        if self.kill_s <= until_s and all(self.kill_s <= at_s for at_s, _ in due):
            self.advance(max(0.0, self.kill_s - self._now_s))
            raise Killed
        if due:
            at_s, signum = min(due)
            self._signals.remove((at_s, signum))
            self.advance(max(0.0, at_s - self._now_s))
            raise Interrupted(signum)
        self.advance(seconds + self._naps_until(until_s))

    def _naps_until(self, until_s: float) -> float:
        due = [each for each in self._naps if each[0] <= until_s]
        self._naps = [each for each in self._naps if each not in due]
        return sum(lasts_s for _, lasts_s in due)

    def ignore(self, signum: int) -> None:
        self.ignored.add(signum)

    def new_process(self) -> None:
        """Another process of ours begins: what the last one was to hear, or was deaf to, is gone with it."""
        self._signals, self.kill_s = [], float("inf")
        self.ignored.clear()

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody waiting; no signal is heard. Raises Endless past `limit_s`."""
        until_s = self._now_s + seconds
        while self._alarms and self._alarms[0][0] <= until_s:
            at_s, _, do = heapq.heappop(self._alarms)
            self._move(max(at_s, self._now_s))
            do()
        self._move(until_s)

    def _move(self, to_s: float) -> None:
        self._now_s = to_s
        if self._now_s > self.limit_s:
            raise Endless
        for each in self._watchers:
            each(self._now_s)

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Have something done at that instant, on the way to wherever the clock is moved then."""
        heapq.heappush(self._alarms, (at_s, next(self._order), do))

    def watch(self, watcher: Callable[[float], None]) -> None:
        """Have `watcher(now_s)` called after every move."""
        self._watchers.append(watcher)

    def interrupt_at(self, at_s: float, signum: int) -> None:
        """A signal comes at that instant, and is heard by the wait that is on then, or the next one."""
        self._signals.append((at_s, signum))

    def nap_at(self, at_s: float, lasts_s: float) -> None:
        """The machine sleeps: the wait that is on then takes that much longer, while the world goes on (faults F49)."""
        self._naps.append((at_s, lasts_s))
