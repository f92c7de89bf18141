"""Calls that run beside us: the reads of a tick, and the promote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from deployer.convox.calls import Calls
from deployer.convox.effects import DEFINITE
from deployer.convox.runner import Running
from deployer.core.errors import Denied, Garbled, RackFailure, Unauthorised
from deployer.core.models import App, Process, Service
from deployer.core.names import ReleaseId
from deployer.engine.ports import PromoteState, Reads

T = TypeVar("T")


class Asked(Generic[T]):
    """One read that was started, how to read its answer, and what to ask when that is not readable."""

    def __init__(
        self, calls: Calls, child: Running, read: Callable[[str], T], otherwise: Callable[[], T] | None = None
    ) -> None:
        self.child = child
        self._calls = calls
        self._read = read
        self._otherwise = otherwise

    def answer(self) -> T:
        """Raises RackFailure, Interrupted."""
        try:
            return self._calls.answer(self.child.wait(), self._read)
        except Garbled:
            if self._otherwise is None:
                raise
            return self._otherwise()


class Tick:
    """The reads of one tick, started side by side and read once: a failed one waits for the next tick."""

    def __init__(
        self,
        app: Asked[App],
        processes: Asked[tuple[Process, ...]],
        services: Asked[tuple[Service, ...]] | None = None,
    ) -> None:
        self._app = app
        self._processes = processes
        self._services = services
        self._trouble: list[str] = []
        self._is_denied = False

    def collect(self) -> Reads:
        try:
            app, processes = self._take(self._app), self._take(self._processes)
            is_denied = self._is_denied
            services = self._take(self._services) if self._services else None
        except BaseException:
            for asked in (self._app, self._processes, self._services):
                if asked:
                    asked.child.kill()
            raise
        return Reads(app, processes, services, tuple(self._trouble), is_denied)

    def _take(self, asked: Asked[T]) -> T | None:
        try:
            return asked.answer()
        except RackFailure as error:
            self._trouble.append(str(error))
            self._is_denied |= isinstance(error, (Denied, Unauthorised))
            return None


class Promotion:
    """The `releases promote` child. What it prints is a hint (faults 0.1)."""

    def __init__(self, calls: Calls, child: Running, release: ReleaseId) -> None:
        self._calls = calls
        self._child = child
        self._release = release

    def state(self) -> PromoteState:
        said = self._child.stdout.text
        lines = (said + self._child.stderr.text).splitlines()
        return PromoteState(
            is_over=self._child.is_over,
            is_waiting="Waiting for app to be ready" in said,
            is_announced=f"Promoting {self._release}" in said,
            refusal=self._refusal(),
            lines=tuple(self._calls.runner.harmless(line) for line in lines if line.strip()),
        )

    def kill(self) -> None:
        self._child.kill()

    def _refusal(self) -> RackFailure | None:
        """Only what is certain not to have promoted; `ERROR: rollback` and a lost reply are no refusals."""
        if not self._child.is_over:
            return None
        failure = self._calls.failure(self._child.completed())
        return failure if isinstance(failure, DEFINITE) else None
