"""A clock that moves only when somebody waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from deployer.core.errors import Interrupted

EPOCH = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Endless(AssertionError):
    """Somebody waits for ever: past every deadline there is (I12)."""


class ManualClock:
    """Implements the engine's `Clock`. Watchers are told of every move; a signal can be set to come at an instant."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self.limit_s = float("inf")
        self._watchers: list[Callable[[float], None]] = []
        self._signals: list[tuple[float, int]] = []
        self.ignored: set[int] = set()

    def now_s(self) -> float:
        return self._now_s

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self._now_s)

    def sleep(self, seconds: float) -> None:
        until_s = self._now_s + seconds
        due = [each for each in self._signals if each[0] <= until_s and each[1] not in self.ignored]
        if due:
            at_s, signum = min(due)
            self._signals.remove((at_s, signum))
            self.advance(max(0.0, at_s - self._now_s))
            raise Interrupted(signum)
        self.advance(seconds)

    def ignore(self, signum: int) -> None:
        self.ignored.add(signum)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody waiting; no signal is heard. Raises Endless past `limit_s`."""
        self._now_s += seconds
        if self._now_s > self.limit_s:
            raise Endless
        for each in self._watchers:
            each(self._now_s)

    def watch(self, watcher: Callable[[float], None]) -> None:
        """Have `watcher(now_s)` called after every move."""
        self._watchers.append(watcher)

    def interrupt_at(self, at_s: float, signum: int) -> None:
        """A signal comes at that instant, and is heard by the wait that is on then, or the next one."""
        self._signals.append((at_s, signum))
