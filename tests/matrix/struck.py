"""The simulated rack and probe with answers that others give, and a clock that may be set wrong or stand still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from deployer.core.environment import Environment
from deployer.core.models import Answer, App, HealthTarget, Process, Release, Source
from deployer.core.names import ReleaseId, ShipId
from deployer.engine.ports import PendingReads, PromoteState, Reads
from deployer.testing import ManualClock, SimulatedProbe, SimulatedRack
from deployer.testing.rack import READ_S, READ_WITHIN_S, SimulatedPromote
from tests.matrix.cells import Step

T = TypeVar("T")
Rows = tuple[Process, ...]

# What a step asks of the port: the name of the call that is struck there.
CALLS = {
    Step.PRE: "read",
    Step.ENV: "env set",
    Step.BLD: "build",
    Step.PRO: "promote",
    Step.PS: "tick",
    Step.SOK: "tick",
    Step.RBK: "copy",
    Step.NTF: "read",
}


@dataclass(frozen=True, slots=True)
class Strike:
    """
    What a call of the port comes to instead, as the real adapter gave it.

    For a write `error` is what it raises, if anything, and `has_effect` whether it took effect all the same.
    """

    error: Exception | None = None
    reads: Reads | None = None
    promote: PromoteState | None = None
    has_effect: bool = False


class StruckRack(SimulatedRack):
    """A simulated rack behind an adapter whose calls, by name, come to something else while `strikes` says so."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.strikes: dict[str, Strike] = {}
        self._app_as: Callable[[App], App] | None = None
        self._rows_as: Callable[[Rows], Rows] | None = None

    def shows_app(self, shown: Callable[[App], App] | None = None) -> None:
        """From now on the app reads so, or again as it is."""
        self._app_as = shown

    def shows_rows(self, shown: Callable[[Rows], Rows] | None = None) -> None:
        """From now on the process list reads so, or again as it is."""
        self._rows_as = shown

    def app(self) -> App:
        app = super().app()
        return self._app_as(app) if self._app_as else app

    def processes(self) -> Rows:
        rows = super().processes()
        return self._rows_as(rows) if self._rows_as else rows

    def start_reads(self, *, with_services: bool = False, with_restarts: bool = False) -> PendingReads:
        strike = self.strikes.get("tick")
        if strike and strike.error:
            raise strike.error
        whole = super().start_reads(with_services=with_services, with_restarts=with_restarts)
        return whole if strike is None or strike.reads is None else _Given(strike.reads)

    def set_env(self, wanted: Environment, *, replace: bool) -> Release:
        return self._struck("env set", lambda: super(StruckRack, self).set_env(wanted, replace=replace))

    def build(self, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
        return self._struck("build", lambda: super(StruckRack, self).build(source, ship, on_line))

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
        words = f"create-from {build_from} {env_from}"
        return self._struck("copy", lambda: super(StruckRack, self).copy(build_from, env_from), words)

    def cancel(self) -> None:
        self._struck("cancel", super().cancel)

    def promote(self, release: ReleaseId) -> SimulatedPromote:
        strike = self.strikes.get("promote")
        if strike and strike.error:
            raise strike.error
        if strike is None or strike.promote is None:
            return super().promote(release)
        if strike.has_effect:
            super().promote(release)
        else:
            self._write(f"promote {release}")
        return SimulatedPromote(strike.promote)

    def _write(self, words: str) -> None:
        """A write that is tried counts, also one that a signal cuts short."""
        self.writes.append(words)
        self.on_write(words)
        self._clock.sleep(READ_S)

    def _read(self, ask: Callable[[], T], within_s: float = READ_WITHIN_S) -> T:
        strike = self.strikes.get("read")
        if strike and strike.error:
            self._clock.sleep(READ_S)
            raise strike.error
        return super()._read(ask, within_s)

    def _struck(self, name: str, do: Callable[[], T], words: str = "") -> T:
        strike = self.strikes.get(name)
        if strike is None:
            return do()
        if not strike.has_effect:
            self._write(words or name)
        else:
            made = do()
        if strike.error:
            raise strike.error
        return made


@dataclass(frozen=True, slots=True)
class _Given:
    reads: Reads

    def collect(self) -> Reads:
        return self.reads


class StruckProbe(SimulatedProbe):
    """Makes of each honest answer what is heard instead."""

    _hears: Callable[[Answer], Answer] | None = None

    def listens(self, hears: Callable[[Answer], Answer] | None = None) -> None:
        """From now on with this ear, or again with an honest one."""
        self._hears = hears

    def round(self, targets: Sequence[HealthTarget]) -> tuple[Answer, ...]:
        honest = super().round(targets)
        return tuple(map(self._hears, honest)) if self._hears else honest


class SleeperClock(ManualClock):
    """A clock of a machine that may be set wrong, or sleep: monotonic seconds do not count while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.wall_off_s = 0.0
        self._slept_s = 0.0

    def now_s(self) -> float:
        return super().now_s() - self._slept_s

    def utc(self) -> datetime:
        return super().utc() + timedelta(seconds=self.wall_off_s)

    def forget_signals(self) -> None:
        """Those that have not come were for a process that is gone."""
        self._signals.clear()

    def suspend(self, seconds: float) -> None:
        self.advance(seconds)
        self._slept_s += seconds
