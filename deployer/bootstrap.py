"""
The composition root: names the concrete classes and hands them to the engine as ports.

Everything that is built here is closed here; nothing here decides anything about a release.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol
from urllib.parse import urlsplit

from deployer import __version__
from deployer.convox.manifest import read_manifest
from deployer.convox.rack import ConvoxRack
from deployer.convox.request import Completed
from deployer.convox.runner import Runner
from deployer.convox.source import source_of
from deployer.convox.target import Target, child_environment
from deployer.core.environment import Environment
from deployer.core.errors import Problem, RackUnreachable, Refused
from deployer.core.events import Ended, Event, Said, Sink, Started
from deployer.core.models import Manifest
from deployer.core.names import AppName, RackName, ReleaseId, ShipId
from deployer.core.plan import Plan
from deployer.core.policy import Policy
from deployer.core.redact import Redactor, Secret
from deployer.core.summary import Summary
from deployer.core.verdict import Verdict, cancelled_by
from deployer.engine.clock import SystemClock
from deployer.engine.ports import Ports
from deployer.engine.preflight import ShipRequest
from deployer.engine.resume import ResumeRequest
from deployer.engine.resume import resume as resume_ship
from deployer.engine.rollback import RollbackRequest
from deployer.engine.rollback import rollback as roll_back
from deployer.engine.run import Recorder, run
from deployer.engine.ship import ship as ship_release
from deployer.engine.status import Status, look_at_status
from deployer.ledger.journal import Journal
from deployer.ledger.local_file import LocalFile
from deployer.ledger.past import latest, read
from deployer.ledger.places import state_root
from deployer.ledger.rack_ledger import RackLedger
from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions
from deployer.probe.http_probe import HttpProbe
from deployer.render.choose import Manner, Output, renderer_for
from deployer.render.github import Github
from deployer.render.stream import Renderer

STAND_IN = (sys.executable, "-m", "deployer.localrack.convox")
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every run is told by its face. `rack` and `convox` are `None` where nothing was said."""

    app: AppName
    rack: str | None = None
    convox: Path | None = None
    output: Output = Output.AUTO
    verbose: bool = False
    soak_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipWish:
    """What a person wants shipped, and what went wrong while it was read."""

    source: Path
    release: ReleaseId | None = None
    wanted: Environment
    env_exclusive: bool = False
    refuse_staged: bool = False
    accept_ps: bool = False
    no_rollback: bool = False
    problems: tuple[Problem, ...] = ()


class Ask(Protocol):
    """Puts a question to a person. `wait` is how it may wait for the answer, so that a signal is heard."""

    def __call__(self, plan: Plan, wait: Callable[[float, Callable[[], bool]], bool]) -> bool: ...


def ship(options: Options, wish: ShipWish) -> int:
    """The exit status of one ship."""
    with _session(options) as session:
        session.keep_secret(wish.wanted)

        def body(ports: Ports) -> Ended:
            manifest, problems = (None, ()) if wish.release else _manifest_in(wish.source)
            request = ShipRequest(
                ship=session.ship,
                actor=session.actor,
                policy=session.policy,
                source=None if wish.release else source_of(wish.source, session.runner),
                manifest=manifest,
                release=wish.release,
                wanted=wish.wanted,
                env_exclusive=wish.env_exclusive,
                refuse_staged=wish.refuse_staged,
                accept_ps=wish.accept_ps,
                no_rollback=wish.no_rollback,
                problems=(*wish.problems, *problems),
                run_url=session.run_url,
            )
            return ship_release(request, ports)

        return session.run("ship", body)


def rollback(options: Options, release: ReleaseId | None, ask: Ask) -> int:
    """The exit status of one rollback."""
    with _session(options) as session:
        request = RollbackRequest(
            ship=session.ship,
            actor=session.actor,
            policy=session.policy,
            confirm=lambda plan: ask(plan, session.clock.wait),
            release=release,
            run_url=session.run_url,
        )
        return session.run("rollback", lambda ports: roll_back(request, ports))


def resume(options: Options, ship_id: ShipId | None, *, yes: bool) -> int:
    """The exit status of taking up an interrupted ship: the one named, or the newest of this app on this machine."""
    root = state_root(os.environ)
    path = latest(root, options.app)
    if ship_id and path:
        path = path.with_name(f"{ship_id}.jsonl")
    if path is None:
        raise Refused((Problem(f"no ship of {options.app} is remembered on this machine", "deployer status"),))
    past = read(path)
    summary, left = Summary(), datetime.now(UTC)
    for meta, event in past.lines:
        summary, left = summary.after(event), meta.at
    with _session(options) as session:
        request = ResumeRequest(
            ship=session.ship,
            actor=session.actor,
            policy=session.policy,
            past=summary,
            age_s=(datetime.now(UTC) - left).total_seconds(),
            yes=yes,
        )
        return session.run("resume", lambda ports: resume_ship(request, ports))


def status(options: Options) -> Status:
    """What serves now. Raises Refused or RackFailure; writes nothing, not even a journal."""
    with _wiring(options) as wiring:
        return look_at_status(wiring.ports(Recorder(_Fan(()))), wiring.policy)


@dataclass(slots=True)
class _Wiring:
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

    def ports(self, sink: Sink) -> Ports:
        return Ports(self.options.app, self.rack, self.probe, self.ledger, self.clock, sink, self.options.rack or "")


@dataclass(slots=True)
class _Session:
    """One run: wiring, journal and renderer."""

    wiring: _Wiring
    ship: ShipId
    run_url: str
    recorder: Recorder
    renderer: Renderer

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
        ended, bug = run(started, body, self.wiring.ports(self.recorder), self.recorder)
        self.renderer.close()
        if ended.verdict.is_success and ended.release and self.wiring.options.output is not Output.JSON:
            print(ended.release, flush=True)  # noqa: T201 - the one thing that stdout is for
        if bug:
            _show_bug(bug.error, self.wiring.redactor)
        return ended.verdict.status


@contextmanager
def _session(options: Options) -> Iterator[_Session]:
    with _wiring(options) as wiring:
        ship_id = ShipId(f"{wiring.clock.utc():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")
        manner = Manner(options.output, verbose=options.verbose)
        renderer = renderer_for(manner, sys.stdout, sys.stderr, os.environ)

        def lost(why: str) -> None:
            renderer.record(Said("journal", f"cannot be kept any more: {why}", is_warning=True))

        root = state_root(os.environ)
        with Journal.create(root, wiring.label, options.app, ship_id, wiring.clock, lost) as journal:
            recorder = Recorder(_Fan((journal, renderer)))
            session = _Session(wiring, ship_id, _run_url(os.environ), recorder, renderer)
            with _signals(wiring.clock, recorder):
                try:
                    yield session
                finally:
                    renderer.close()


@contextmanager
def _wiring(options: Options) -> Iterator[_Wiring]:
    where = _place(options, os.environ)
    clock, redactor = SystemClock(), Redactor()
    target = Target(options.app, where.rack, where.url, _actor(os.environ))
    for secret in target.secrets:
        redactor.learn(secret)
    policy = _policy(options, where.time_scale)
    told = _tell_commands if options.verbose else _tell_nothing
    runner = Runner(clock, child_environment(os.environ, target), redactor, _convox(options, where), told)
    rack = ConvoxRack(runner, target, policy)
    ledger = RackLedger(rack, LocalFile(state_root(os.environ), where.label, options.app), clock)
    probe = HttpProbe(policy, allow_loopback=target.is_loopback, interruptions=clock)
    try:
        yield _Wiring(options, clock, policy, runner, rack, probe, ledger, target.actor, where.label, redactor)
    finally:
        runner.close()


@dataclass(frozen=True, slots=True)
class _Place:
    """The rack that is meant: by name, by URL, or the CLI's own choice. `label` names it in our state folder."""

    rack: RackName | None
    url: Secret | None
    label: RackName
    time_scale: float = 1.0
    is_local: bool = False


def _place(options: Options, environ: Mapping[str, str]) -> _Place:
    """Raises Refused where RACK_URL would silently beat the rack that was asked for (convox-facts 1.1)."""
    url = environ.get("RACK_URL", "").strip()
    local = _local_rack(options.rack or LOCAL)
    if local and (options.rack or url == local.url):
        name = RackName(options.rack or LOCAL)
        return _Place(None, Secret(local.url), name, local.time_scale, is_local=True)
    if options.rack == LOCAL:
        raise RackUnreachable("the local rack is not up", hint="deployer rack up")
    if options.rack and url:
        problem = Problem(f"RACK_URL is set, and would silently beat --rack {options.rack}", "unset RACK_URL")
        raise Refused((problem,))
    if url:
        host = urlsplit(url).hostname or "direct"
        return _Place(None, Secret(url), RackName(re.sub(r"[^A-Za-z0-9_-]", "-", host)))
    asked = options.rack or environ.get("CONVOX_RACK", "").strip()
    return _Place(RackName(asked) if asked else None, None, RackName(asked or "current"))


def _local_rack(name: str) -> lifecycle.RackInfo | None:
    """The local rack of that name, if it is up; a name that no local rack can have is another rack's."""
    try:
        return lifecycle.info(RackOptions(name))
    except ValueError:
        return None


def _convox(options: Options, where: _Place) -> tuple[str, ...]:
    """The CLI to run: the one named, the one on PATH, or against the local rack our stand-in (design 4)."""
    if options.convox:
        return (str(options.convox),)
    found = shutil.which("convox")
    return (found,) if found else STAND_IN if where.is_local else ("convox",)


def _policy(options: Options, time_scale: float) -> Policy:
    policy = Policy().scaled(time_scale) if time_scale != 1.0 else Policy()
    return policy if options.soak_s is None else replace(policy, soak_s=options.soak_s)


def _manifest_in(folder: Path) -> tuple[Manifest | None, tuple[Problem, ...]]:
    path = folder / "convox.yml"
    try:
        return read_manifest(path.read_text(encoding="utf-8")), ()
    except (OSError, UnicodeDecodeError):
        what = f"{folder.resolve()} has no readable convox.yml"
        return None, (Problem(what, hint="run deployer in the checkout, or name its folder: deployer ship FOLDER"),)
    except Refused as error:
        return None, error.problems


def _actor(environ: Mapping[str, str]) -> str:
    """Who is at work, for the lock, the ledger and the rack's own audit trail."""
    if run_id := environ.get("GITHUB_RUN_ID"):
        return f"gha:{run_id}"
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def _run_url(environ: Mapping[str, str]) -> str:
    server, repository, run_id = (environ.get(f"GITHUB_{k}", "") for k in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run_id}" if server and repository and run_id else ""


def _show_bug(error: Exception, redactor: Redactor) -> None:
    """Where a bug of ours came from, for its report: no local variables, and no known secret."""
    for line in traceback.format_exception(error):
        print(redactor.redact(line).rstrip(), file=sys.stderr)  # noqa: T201


def _tell_commands(done: Completed) -> None:
    print(f"  $ {done.command}   ({done.seconds:.1f}s, status {done.status})", file=sys.stderr)  # noqa: T201


def _tell_nothing(_: Completed) -> None:
    pass


class _Fan:
    """Hands every event to several sinks, in order: the journal first."""

    def __init__(self, sinks: tuple[Sink, ...]) -> None:
        self._sinks = sinks

    def record(self, event: Event) -> None:
        for each in self._sinks:
            each.record(event)


@contextmanager
def _signals(clock: SystemClock, recorder: Recorder) -> Iterator[None]:
    """
    Hear SIGINT, SIGTERM and SIGHUP: the first ends the wait that is on, the second leaves at once.

    Installed before any lock is taken (faults 3.7).
    """
    heard: list[int] = []

    def leave(signum: int) -> NoReturn:
        under_way = recorder.summary.is_under_way
        os._exit(Verdict.INTERRUPTED.status if under_way else cancelled_by(signum).status)

    def handle(signum: int, _: FrameType | None) -> None:
        if heard and signum != signal.SIGHUP:
            leave(signum)
        heard.append(signum)
        clock.interrupt(signum)

    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, handle) for each in caught}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
