"""Calls that run beside us: the reads of a tick, and the promote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

from deployer.convox.calls import Calls
from deployer.convox.effects import DEFINITE
from deployer.convox.request import Request
from deployer.convox.runner import Running
from deployer.core.errors import Denied, Garbled, RackFailure, Unauthorised
from deployer.core.models import App, Process, Service
from deployer.core.names import ProcessId, ReleaseId
from deployer.engine.ports import Clock, PromoteState, Reads

T = TypeVar("T")

# When the CLI first asks for the app's status after the rack has answered the promote (convox-facts 2.6).
FIRST_POLL_S = 5.0


class Asked(Generic[T]):
    """One read, started at once: how to read its answer, and what to ask when that is not readable."""

    def __init__(
        self, calls: Calls, request: Request, read: Callable[[str], T], otherwise: Callable[[], T] | None = None
    ) -> None:
        self._calls = calls
        self._read = read
        self._otherwise = otherwise
        self._child = _started(calls, request)

    def answer(self) -> T:
        """Raises RackFailure, Interrupted."""
        if isinstance(self._child, RackFailure):
            raise self._child
        try:
            return self._calls.answer(self._child.wait(), self._read)
        except Garbled:
            if self._otherwise is None:
                raise
            return self._otherwise()

    def kill(self) -> None:
        if not isinstance(self._child, RackFailure):
            self._child.kill()


def _started(calls: Calls, request: Request) -> Running | RackFailure:
    """A CLI that cannot be started is trouble of this tick, like one that fails."""
    try:
        return calls.runner.start(request)
    except RackFailure as error:
        return error


class Tick:
    """The reads of one tick, started side by side and read once: a failed one waits for the next tick."""

    def __init__(
        self,
        app: Asked[App],
        processes: Asked[tuple[Process, ...]],
        services: Asked[tuple[Service, ...]] | None = None,
        restarts: Asked[Mapping[ProcessId, int]] | None = None,
        *,
        clock: Clock,
    ) -> None:
        self._app = app
        self._processes = processes
        self._services = services
        self._restarts = restarts
        self._clock = clock
        self._trouble: list[str] = []
        self._is_denied = False

    def collect(self) -> Reads:
        try:
            app, processes = self._take(self._app), self._take(self._processes)
            is_denied, had_s = self._is_denied, self._clock.now_s()
            services = self._take(self._services) if self._services else None
            restarts = self._count()
        except BaseException:
            for asked in (self._app, self._processes, self._services, self._restarts):
                if asked:
                    asked.kill()
            raise
        waited_s = self._clock.now_s() - had_s
        return Reads(app, processes, services, restarts, tuple(self._trouble), is_denied, waited_s)

    def _count(self) -> Mapping[ProcessId, int] | None:
        with suppress(RackFailure):
            return self._restarts.answer() if self._restarts else None
        return None

    def _take(self, asked: Asked[T]) -> T | None:
        try:
            return asked.answer()
        except RackFailure as error:
            self._trouble.append(str(error))
            self._is_denied |= isinstance(error, (Denied, Unauthorised))
            return None


class Promotion:
    """The `releases promote` child. What it prints is a hint (faults 0.1)."""

    def __init__(self, calls: Calls, child: Running, release: ReleaseId, *, first_poll_s: float = FIRST_POLL_S) -> None:
        self._calls = calls
        self._child = child
        self._release = release
        self._first_poll_s = first_poll_s

    def state(self) -> PromoteState:
        said = self._child.stdout.text
        lines = (said + self._child.stderr.text).splitlines()
        return PromoteState(
            is_over=self._child.is_over,
            is_waiting="Waiting for app to be ready" in said,
            is_announced=self._is_announced(said),
            refusal=self._refusal(),
            lines=tuple(self._calls.runner.harmless(line) for line in lines if line.strip()),
        )

    def kill(self) -> None:
        self._child.kill()

    def _refusal(self) -> RackFailure | None:
        """
        Only what is certain not to have promoted; `ERROR: rollback` and a lost reply are no refusals.

        After the announcement an error is the promote's own answer for as long as the CLI has not begun to poll the
        app: a token that expires while it polls looks the same (convox-facts 2.6).
        """
        if not self._child.is_over:
            return None
        completed = self._child.completed()
        failure = self._calls.failure(completed)
        is_certain = completed.seconds < self._first_poll_s or not self._is_announced(completed.stdout)
        return failure if isinstance(failure, DEFINITE) and is_certain else None

    def _is_announced(self, said: str) -> bool:
        return f"Promoting {self._release}" in said
