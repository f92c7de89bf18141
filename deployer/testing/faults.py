"""
Faults to order: the engine's ports, with answers that are lost, late, wrong or never come.

A fault is a window of time and what goes wrong in it. Reads that fail are named errors, as the adapter would raise
them; writes may fail before their effect, or after it, and then nobody can tell (faults 3.6).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from deployer.core.environment import Environment
from deployer.core.errors import (
    BuildUnknown,
    CannotTell,
    Denied,
    Garbled,
    RackFailure,
    ServerFault,
    TimedOut,
    Transport,
)
from deployer.core.models import Answer, App, HealthTarget, Process, Release, ReleaseCommand, Service, Source
from deployer.core.names import ReleaseId, ShipId
from deployer.engine.ports import CommandEnd, PromoteState, Reads
from deployer.rackmodel import ProcessRow
from deployer.testing.clock import ManualClock
from deployer.testing.probe import SimulatedProbe
from deployer.testing.rack import SimulatedPromote, SimulatedRack

T = TypeVar("T")


class Kind(Enum):
    """What can go wrong. The letters are the rows of the fault matrix (faults 3.6)."""

    READ_FAILS = "F1 F5 F12 a read fails or cannot be understood"
    READ_HANGS = "F2 F13 a read takes its whole deadline and says nothing"
    READ_DENIED = "F7 F8 the credential expires"
    EMPTY_PS = "F33 the process list is empty"
    PROBE_DEAF = "F13 F16 no health answer"
    PROBE_CACHED = "F38 a cache answers for the service"
    PROBE_NO_RELEASE = "F39 an answer without the release"
    PROBE_STALE = "F38 the balancer still sends some requests to nobody's release"
    PROBE_5XX = "F40 some answers are 503"
    WRITE_FAILS = "F1 F12 a write fails before its effect"
    REPLY_LOST = "F3 F15 a write takes effect and its reply is lost"
    PROMOTE_SILENT = "F2 the promote is sent and nothing is printed"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong from one second to another; of all chances, in a `share`."""

    kind: Kind
    from_s: float
    until_s: float
    share: float = 1.0


@dataclass(slots=True)
class Weather:
    """Which faults are on now. `fired` counts those that met somebody."""

    clock: ManualClock
    faults: Sequence[Fault]
    dice: random.Random
    fired: Counter[Kind] = field(default_factory=Counter)

    def strikes(self, kind: Kind) -> bool:
        of_kind = [each for each in self.faults if each.kind is kind] if self.faults else ()
        now_s = self.clock.now_s()
        if not any(each.from_s <= now_s < each.until_s and self.dice.random() < each.share for each in of_kind):
            return False
        self.fired[kind] += 1
        return True


class FaultyRack(SimulatedRack):
    """A simulated rack in bad weather."""

    weather: Weather
    deadline_s: float = 10.0

    def start_reads(self, *, with_services: bool = False) -> _FaultyReads:
        return _FaultyReads(self, with_services=with_services)

    def processes(self) -> tuple[Process, ...]:
        rows = super().processes()
        return () if self.weather.strikes(Kind.EMPTY_PS) else rows

    def _read(self, ask: Callable[[], T]) -> T:
        if failure := self._failure():
            raise failure
        return super()._read(ask)

    def _failure(self) -> RackFailure | None:
        if self.weather.strikes(Kind.READ_HANGS):
            self._clock.sleep(self.deadline_s)
            return TimedOut("convox ps did not answer in time")
        if self.weather.strikes(Kind.READ_DENIED):
            return Denied("you are unauthorized to access this")
        if self.weather.strikes(Kind.READ_FAILS):
            return self.weather.dice.choice([ServerFault, Transport, Garbled])("the rack's answer was no answer")
        return None

    def set_env(self, wanted: Environment, *, replace: bool) -> Release:
        return self._risky(lambda: super(FaultyRack, self).set_env(wanted, replace=replace))

    def build(self, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
        try:
            return self._risky(lambda: super(FaultyRack, self).build(source, ship, on_line))
        except CannotTell as error:
            raise BuildUnknown("the build's stream was lost") from error

    def run(
        self, command: ReleaseCommand, release: ReleaseId, ship: ShipId, on_line: Callable[[str], None]
    ) -> CommandEnd:
        return self._risky(lambda: super(FaultyRack, self).run(command, release, ship, on_line))

    def cancel(self) -> None:
        self._risky(super().cancel)

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
        return self._risky(lambda: super(FaultyRack, self).copy(build_from, env_from))

    def promote(self, release: ReleaseId) -> SimulatedPromote:
        if self.weather.strikes(Kind.WRITE_FAILS):
            return _promoted(ServerFault("response status 503"))
        if self.weather.strikes(Kind.PROMOTE_SILENT):
            return SimulatedPromote(PromoteState(is_over=False))
        child = super().promote(release)
        if self.weather.strikes(Kind.REPLY_LOST):
            return _promoted(Transport("unexpected EOF"))
        return child

    def _risky(self, do: Callable[[], T]) -> T:
        if self.weather.strikes(Kind.WRITE_FAILS):
            raise ServerFault("response status 503")
        done = do()
        if self.weather.strikes(Kind.REPLY_LOST):
            raise CannotTell("the reply was lost")
        return done


def _promoted(failure: RackFailure) -> SimulatedPromote:
    return SimulatedPromote(PromoteState(is_over=True, is_announced=True, refusal=failure))


class _FaultyReads:
    """The reads of a tick, each struck by its own fault; none is tried again."""

    def __init__(self, rack: FaultyRack, *, with_services: bool) -> None:
        self._rack = rack
        self._with_services = with_services
        self._trouble: list[str] = []
        self._is_denied = False

    def collect(self) -> Reads:
        app: App | None = self._take(self._rack.app)
        rows = self._take(self._rack.processes)
        services: tuple[Service, ...] | None = self._take(self._rack.services) if self._with_services else None
        return Reads(app, rows, services, tuple(self._trouble), self._is_denied)

    def _take(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except RackFailure as error:
            self._trouble.append(error.what)
            self._is_denied |= isinstance(error, Denied)
            return None


class FaultyProbe(SimulatedProbe):
    """Health answers in bad weather."""

    weather: Weather

    def _ask(self, target: HealthTarget, ready: list[ProcessRow]) -> Answer:
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
