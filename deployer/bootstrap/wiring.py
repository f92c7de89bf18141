"""The ports of one app, built from concrete classes and closed again; and the session of one run around them."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from deployer import __version__
from deployer.bootstrap.options import Options
from deployer.bootstrap.place import actor, convox_words, place_of, run_url
from deployer.bootstrap.signals import signals
from deployer.convox.rack import ConvoxRack
from deployer.convox.request import Completed
from deployer.convox.runner import Runner
from deployer.convox.source import commits_between
from deployer.convox.target import Target, child_environment
from deployer.core.environment import Environment
from deployer.core.events import Ended, Event, Said, Sink, Started
from deployer.core.names import RackName, ShipId
from deployer.core.policy import Policy
from deployer.core.redact import Redactor
from deployer.engine.clock import SystemClock
from deployer.engine.ports import Incidents, NoIncidents, Ports
from deployer.engine.run import Recorder, by_hand, run
from deployer.ledger.incidents import keep_incident
from deployer.ledger.journal import Journal
from deployer.ledger.local_file import LocalFile
from deployer.ledger.places import state_root
from deployer.ledger.rack_ledger import RackLedger
from deployer.probe.http_probe import HttpProbe
from deployer.render.choose import Manner, Output, renderer_for
from deployer.render.github import Github
from deployer.render.incident import Incident
from deployer.render.stream import Renderer

T = TypeVar("T")


@dataclass(slots=True)
class Wiring:
    """The ports of one app, and what they were built from."""

    options: Options
    clock: SystemClock
    policy: Policy
    runner: Runner
    rack: ConvoxRack
    probe: HttpProbe
    ledger: RackLedger
    actor: str
    label: RackName
    redactor: Redactor
    named: str
    convox: str

    def ports(self, sink: Sink, incidents: Incidents | None = None) -> Ports:
        kept = incidents or NoIncidents()
        return Ports(self.options.app, self.rack, self.probe, self.ledger, self.clock, sink, self.named, kept)

    def by_hand(self, command: str, ship: ShipId, body: Callable[[Ports], T]) -> T:
        """What a person does to an env or a lock, with a journal of its own. Raises Refused where none can be kept."""
        with Journal.create(state_root(os.environ), self.label, self.options.app, ship, self.clock, _lost) as journal:
            started = Started(ship, command, self.options.app, self.actor, __version__)
            recorder = Recorder(journal)
            return by_hand(started, body, self.ports(recorder), recorder)


@dataclass(slots=True)
class Session:
    """One run: wiring, journal and renderer."""

    wiring: Wiring
    ship: ShipId
    run_url: str
    recorder: Recorder
    renderer: Renderer
    incidents: Incidents

    @property
    def clock(self) -> SystemClock:
        return self.wiring.clock

    @property
    def runner(self) -> Runner:
        return self.wiring.runner

    @property
    def policy(self) -> Policy:
        return self.wiring.policy

    @property
    def actor(self) -> str:
        return self.wiring.actor

    def keep_secret(self, values: Environment) -> None:
        for secret in values.values():
            self.wiring.redactor.learn(secret)
        if isinstance(self.renderer, Github):
            self.renderer.add_masks(values.values())

    def run(self, command: str, body: Callable[[Ports], Ended]) -> int:
        """Carry it out; the release id alone goes to stdout, on success only. A bug is shown after its verdict."""
        started = Started(self.ship, command, self.wiring.options.app, self.actor, __version__)
        ended, bug = run(started, body, self.wiring.ports(self.recorder, self.incidents), self.recorder)
        self.renderer.close()
        if ended.verdict.is_success and ended.release and self.wiring.options.output is not Output.JSON:
            print(ended.release, flush=True)  # noqa: T201 - the one thing that stdout is for
        if bug:
            _show_bug(bug.error, self.wiring.redactor)
        return ended.verdict.status


def new_ship_id(clock: SystemClock) -> ShipId:
    return ShipId(f"{clock.utc():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")


class Fan:
    """Hands every event to several sinks, in order: the journal first."""

    def __init__(self, sinks: tuple[Sink, ...]) -> None:
        self._sinks = sinks

    def record(self, event: Event) -> None:
        for each in self._sinks:
            each.record(event)


class Reports:
    """Implements the engine's `Incidents`: `report` has heard every event of the run of `ship`."""

    def __init__(self, report: Incident, wiring: Wiring, ship: ShipId, complain: Callable[[str], None]) -> None:
        self._report = report
        self._wiring = wiring
        self._ship = ship
        self._complain = complain

    def keep(self, ended: Ended) -> str:
        try:
            text = self._wiring.redactor.redact(self._report.text(ended, self._commits()))
            root, app = state_root(os.environ), self._wiring.options.app
            return str(keep_incident(root, self._wiring.label, app, self._ship, text))
        except Exception as error:  # whatever is wrong with a report, the verdict stands (I14)
            self._complain(type(error).__name__)
            return ""

    def _commits(self) -> tuple[str, ...]:
        known = self._report.commits
        return commits_between(*known, self._wiring.runner) if known else ()


@contextmanager
def session_of(options: Options, *, keeps_journal: bool = True) -> Iterator[Session]:
    """Without a journal for a run that writes nothing: there is nothing to take up."""
    with wiring_of(options) as wiring:
        ship_id = new_ship_id(wiring.clock)
        manner = Manner(options.output, verbose=options.verbose)
        renderer = renderer_for(manner, sys.stdout, sys.stderr, os.environ)

        def lost(why: str) -> None:
            renderer.record(Said("journal", f"cannot be kept any more: {why}", is_warning=True))

        def not_kept(why: str) -> None:
            renderer.record(Said("report", f"cannot be kept: {why}", is_warning=True))

        root = state_root(os.environ)
        with (
            Journal.create(root, wiring.label, options.app, ship_id, wiring.clock, lost)
            if keeps_journal
            else nullcontext(Fan(()))
        ) as journal:
            report = Incident()
            recorder = Recorder(Fan((journal, renderer, report)))
            reports = Reports(report, wiring, ship_id, not_kept) if keeps_journal else NoIncidents()
            session = Session(wiring, ship_id, run_url(os.environ), recorder, renderer, reports)
            with signals(wiring.clock, recorder):
                try:
                    yield session
                finally:
                    renderer.close()


@contextmanager
def wiring_of(options: Options) -> Iterator[Wiring]:
    where = place_of(options, os.environ)
    clock, redactor = SystemClock(), Redactor()
    target = Target(
        options.app,
        where.rack,
        where.url,
        actor(os.environ),
        options.is_insecure,
        os.environ.get("CONVOX_HOST", "").strip(),
    )
    for secret in (*target.secrets, *options.health.headers.values()):
        redactor.learn(secret)
    named = options.rack or where.rack or ""
    policy = _policy(options, where.time_scale)
    told = _tell_commands if options.verbose else _tell_nothing
    words = convox_words(options, where)
    runner = Runner(clock, child_environment(os.environ, target), redactor, words, told)
    rack = ConvoxRack(runner, target, policy)
    ledger = RackLedger(rack, LocalFile(state_root(os.environ), where.label, options.app), clock)
    probe = HttpProbe(
        policy,
        fields=options.health.fields,
        headers=options.health.headers,
        allow_loopback=target.is_loopback,
        interruptions=clock,
        redact=redactor.redact,
    )
    try:
        yield Wiring(
            options,
            clock,
            policy,
            runner,
            rack,
            probe,
            ledger,
            target.actor,
            where.label,
            redactor,
            named,
            shlex.join(words),
        )
    finally:
        runner.close()


def _policy(options: Options, time_scale: float) -> Policy:
    return replace(Policy().scaled(time_scale), **options.numbers)  # what was set is meant as it was said


def _show_bug(error: Exception, redactor: Redactor) -> None:
    """Where a bug of ours came from, for its report: no local variables, and no known secret."""
    for line in traceback.format_exception(error):
        print(redactor.redact(line).rstrip(), file=sys.stderr)  # noqa: T201


def _lost(why: str) -> None:
    print(f"warning: the journal cannot be kept any more: {why}", file=sys.stderr)  # noqa: T201


def _tell_commands(done: Completed) -> None:
    print(f"  $ {done.command}   ({done.seconds:.1f}s, status {done.status})", file=sys.stderr)  # noqa: T201


def _tell_nothing(_: Completed) -> None:
    pass
