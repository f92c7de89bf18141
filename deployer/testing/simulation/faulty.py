"""
The engine's ports in bad weather: answers that are lost, late, wrong or never come.

Reads that fail are named errors, as the adapter would raise them; writes may fail before their effect, or after it, and
then nobody can tell (faults 3.6).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from deployer import rackmodel
from deployer.core.environment import Environment
from deployer.core.errors import (
    BuildUnknown,
    CannotTell,
    Crashed,
    Denied,
    Garbled,
    NotFound,
    RackFailure,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
    TimedOut,
    Transport,
    Unauthorised,
)
from deployer.core.models import (
    Answer,
    App,
    HealthTarget,
    Process,
    RackInfo,
    Release,
    ReleaseCommand,
    Service,
    Source,
)
from deployer.core.names import AppName, ProcessId, ReleaseId, ShipId
from deployer.engine.ports import Clock, CommandEnd, PromoteState, Reads
from deployer.rackmodel import ProcessRow
from deployer.testing.clock import ManualClock
from deployer.testing.probe import SimulatedProbe
from deployer.testing.rack import READ_S, READ_WITHIN_S, SimulatedPromote, SimulatedRack
from deployer.testing.simulation.weather import Kind, Weather
from deployer.testing.world import SimulatedWorld

T = TypeVar("T")

WAKES_AFTER_S = 60.0


class Trail:
    """What the process list was like some seconds ago: a mirror of it, `lag_s` behind."""

    def __init__(self, world: SimulatedWorld, app: AppName, clock: ManualClock, lag_s: float) -> None:
        self._world = world
        self._app = app
        self._lag_s = lag_s
        self._kept: deque[tuple[float, list[ProcessRow]]] = deque()
        clock.watch(self._keep)

    def _keep(self, now_s: float) -> None:
        self._kept.append((now_s, self._world.model.processes(self._app)))
        self.rows(now_s)

    def rows(self, now_s: float) -> list[ProcessRow]:
        """The newest list that is `lag_s` old; the oldest that there is where none is."""
        while len(self._kept) > 1 and self._kept[1][0] <= now_s - self._lag_s:
            self._kept.popleft()
        return self._kept[0][1]


class FaultyRack(SimulatedRack):
    """A simulated rack in bad weather."""

    weather: Weather
    trail: Trail | None = None
    on_written: Callable[[str], None] = staticmethod(lambda _: None)
    on_stray: Callable[[str], None] = staticmethod(lambda _: None)
    on_restarts: Callable[[dict[ProcessId, int]], None] = staticmethod(lambda _: None)

    def start_reads(self, *, with_services: bool = False, with_restarts: bool = False) -> _FaultyReads:
        return _FaultyReads(self, self._clock, with_services=with_services, with_restarts=with_restarts)

    def processes(self) -> tuple[Process, ...]:
        if self.weather.strikes(Kind.EMPTY_PS):
            return self._read(lambda: ())
        return super().processes()

    def restarts(self) -> dict[ProcessId, int]:
        counts = super().restarts()
        self.on_restarts(counts)
        return counts

    def _rows(self) -> list[ProcessRow]:
        if self.trail is not None and self.weather.strikes(Kind.PS_STALE):
            return self.trail.rows(self._clock.now_s())
        return super()._rows()

    def info(self) -> RackInfo:
        return self._read(lambda: self.rack_info)

    def _write(self, words: str) -> None:  # noqa: ARG002
        """Takes its time; it was noted when it was tried, whatever came of it."""
        self._clock.sleep(READ_S)

    def _tried(self, words: str) -> None:
        self.writes.append(words)
        self.on_write(words)

    def _read(self, ask: Callable[[], T], within_s: float = READ_WITHIN_S) -> T:
        if failure := self._failure(within_s):
            raise failure
        return super()._read(ask)

    def _failure(self, within_s: float) -> RackFailure | None:
        if not self.weather.of_kind:
            return None
        strikes, dice = self.weather.strikes, self.weather.dice
        if strikes(Kind.RACK_DOWN):
            return RackUnreachable("the rack did not answer")
        if strikes(Kind.READ_HANGS):
            self._clock.sleep(within_s)
            return TimedOut("convox ps did not answer in time")
        if strikes(Kind.READ_CRASHES):
            return Crashed("convox was killed")
        if strikes(Kind.READ_DENIED):
            return dice.choice([Denied, Unauthorised])("you are unauthorized to access this")
        if strikes(Kind.READ_MISSES):
            return NotFound("no such app: demo")
        if strikes(Kind.READ_FAILS):
            return dice.choice([ServerFault, Transport, Garbled])("the rack's answer was no answer")
        return None

    def set_env(self, wanted: Environment, *, replace: bool) -> Release:
        return self._risky("env set", lambda: super(FaultyRack, self).set_env(wanted, replace=replace))

    def build(self, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
        try:
            return self._risky("build", lambda: super(FaultyRack, self).build(source, ship, on_line))
        except CannotTell as error:
            raise BuildUnknown("the build's stream was lost") from error

    def run(
        self, command: ReleaseCommand, release: ReleaseId, ship: ShipId, on_line: Callable[[str], None]
    ) -> CommandEnd:
        return self._risky("run", lambda: super(FaultyRack, self).run(command, release, ship, on_line))

    def stop(self, process: ProcessId) -> None:
        self._risky(f"stop {process}", lambda: super(FaultyRack, self).stop(process))

    def cancel(self) -> None:
        self._risky("cancel", super().cancel)

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
        return self._risky(
            f"create-from {build_from} {env_from}", lambda: super(FaultyRack, self).copy(build_from, env_from)
        )

    def promote(self, release: ReleaseId) -> SimulatedPromote:
        self._tried(f"promote {release}")
        if failure := self._no_effect():
            return _promoted(failure)
        if self.weather.strikes(Kind.PROMOTE_SILENT):
            return SimulatedPromote(PromoteState(is_over=False))
        if self.weather.strikes(Kind.PROMOTE_LOST):
            return SimulatedPromote(PromoteState(is_over=True, is_announced=True))
        if self.weather.strikes(Kind.PROMOTE_WAITS):
            return self._promote_later(release)
        child = super().promote(release)
        if child.state().refusal is None:
            self.on_written(f"promote {release}")
        if self.weather.strikes(Kind.REPLY_LOST):
            return _promoted(Transport("unexpected EOF"))
        return child

    def _promote_later(self, release: ReleaseId) -> SimulatedPromote:
        """A child that waits for the app, and promotes on top of whatever is there by then unless it was killed."""
        child = SimulatedPromote(PromoteState(is_over=False, is_waiting=True))

        def wakes() -> None:
            if not child.is_killed:
                self.on_stray(release)
                with suppress(rackmodel.Refused):
                    self.world.model.promote(self._app, release, force=True)
                    self.on_written(f"promote {release}")

        self.world.at(self._clock.now_s() + WAKES_AFTER_S, wakes)
        return child

    def _no_effect(self) -> RackFailure | None:
        if self.weather.strikes(Kind.RACK_DOWN):
            return RackUnreachable("the rack did not answer")
        if self.weather.strikes(Kind.WRITE_REFUSED):
            return RefusedByRack("response status 409")
        return ServerFault("response status 503") if self.weather.strikes(Kind.WRITE_FAILS) else None

    def _risky(self, words: str, do: Callable[[], T]) -> T:
        self._tried(words)
        if failure := self._no_effect():
            raise failure
        done = do()
        self.on_written(words)
        if self.weather.strikes(Kind.REPLY_LOST):
            raise CannotTell("the reply was lost")
        return done


def _promoted(failure: RackFailure) -> SimulatedPromote:
    return SimulatedPromote(PromoteState(is_over=True, is_announced=True, refusal=failure))


class _FaultyReads:
    """The reads of a tick, each struck by its own fault; none is tried again."""

    def __init__(self, rack: FaultyRack, clock: Clock, *, with_services: bool, with_restarts: bool) -> None:
        self._rack = rack
        self._clock = clock
        self._with_services = with_services
        self._with_restarts = with_restarts
        self._trouble: list[str] = []
        self._is_denied = False

    def collect(self) -> Reads:
        app: App | None = self._take(self._rack.app)
        rows = self._take(self._rack.processes)
        had_s = self._clock.now_s()
        services: tuple[Service, ...] | None = self._take(self._rack.services) if self._with_services else None
        restarts = self._count()
        waited_s = self._clock.now_s() - had_s
        return Reads(app, rows, services, restarts, tuple(self._trouble), self._is_denied, waited_s)

    def _count(self) -> dict[ProcessId, int] | None:
        """What cannot be had is no trouble."""
        with suppress(RackFailure):
            return self._rack.restarts() if self._with_restarts else None
        return None

    def _take(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except RackFailure as error:
            self._trouble.append(error.what)
            self._is_denied |= isinstance(error, Denied | Unauthorised)
            return None


class FaultyProbe(SimulatedProbe):
    """Health answers in bad weather. `on_answers` is told what was answered, as the engine is."""

    on_answers: Callable[[tuple[Answer, ...]], None] = staticmethod(lambda _: None)

    weather: Weather

    def round(self, targets: Sequence[HealthTarget]) -> tuple[Answer, ...]:
        if self.weather.strikes(Kind.BUG):
            raise ZeroDivisionError
        answers = super().round(targets)
        self.on_answers(answers)
        return answers

    def _ask(self, target: HealthTarget, ready: list[ProcessRow]) -> Answer:
        if not self.weather.of_kind:
            return super()._ask(target, ready)
        if self.weather.strikes(Kind.PROBE_DEAF):
            return Answer(target.service, error="timed out")
        answer = super()._ask(target, ready)
        if self.weather.strikes(Kind.PROBE_5XX):
            return Answer(target.service, 503)
        if self.weather.strikes(Kind.PROBE_CACHED):
            return replace(answer, is_cached=True)
        if self.weather.strikes(Kind.PROBE_STALE):
            return replace(answer, release=ReleaseId("RLONGGONE"), process=None)
        if self.weather.strikes(Kind.PROBE_NO_RELEASE):
            return replace(answer, release=None)
        return answer
