"""The engine's `Rack` port over the rack model: the same rules as the local rack, without processes or time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn, TypeVar

from deployer import rackmodel
from deployer.core.capabilities import READS, WRITES, Capabilities, Credential, Kind, May
from deployer.core.environment import Environment
from deployer.core.errors import BuildFailed, BuildUnknown, NotFound, RackBusy, RackFailure, RefusedByRack, TimedOut
from deployer.core.models import (
    App,
    Build,
    Manifest,
    Port,
    Process,
    RackInfo,
    Release,
    ReleaseCommand,
    Service,
    ServiceSpec,
    Source,
    stamp_in,
)
from deployer.core.names import AppName, BuildId, ProcessId, RackName, ReleaseId, ServiceName, ShipId
from deployer.core.plan import describe_build
from deployer.core.policy import Policy
from deployer.core.redact import Secret
from deployer.core.why import Evidence, LogLine, Unwell
from deployer.engine.ports import Clock, CommandEnd, PendingReads, PromoteState, Reads
from deployer.rackmodel import ProcessRow
from deployer.rackmodel.env import parse as parse_env
from deployer.rackmodel.manifest_read import read_manifest as model_manifest
from deployer.testing.world import SimulatedWorld

READ_S = 0.05
READ_WITHIN_S, COUNT_WITHIN_S = Policy().read_s, Policy().count_s
# The CLI waits 15 s at least, three of its looks and more of ours (convox-facts 3.6).
CLI_LOOKS = 7
# A build that is left is waited for no longer than a build of our own.
FOUND_WITHIN_S = 3600.0
T = TypeVar("T")


def manifest_text(command: str, **service: object) -> str:
    """A convox.yml (as JSON, which is YAML too) with one service `api` that runs the program `command`."""
    spec: dict[str, object] = {
        "build": ".",
        "command": command,
        "port": 8000,
        "health": {"path": "/health", "interval": 2, "grace": 2, "timeout": 1},
        "scale": {"count": 2},
        "deployment": {"minimum": 100, "maximum": 200},
    }
    return json.dumps({"services": {"api": {**spec, **service}}})


class SimulatedRack:
    """
    Implements the engine's `Rack`. What others do to the app is done on `world.model`.

    `is_dark`: no read is answered (they time out). `writes` lists every write in order. `may`: what the credential is
    said to be allowed; nothing enforces it. `on_write`, `on_app` and `on_rows` are told of each write before it is
    made, and of what a read has shown. `command_end`: how release commands end. `service` says more of the service
    `api` in what is built next, or `convox_yml` writes the whole of it for a program.
    """

    def __init__(self, world: SimulatedWorld, app: AppName, clock: Clock, *, build_s: float = 5.0) -> None:
        self.world = world
        self.writes: list[str] = []
        self.is_dark = False
        self.on_write: Callable[[str], None] = lambda _: None
        self.on_app: Callable[[App], None] = lambda _: None
        self.on_rows: Callable[[list[ProcessRow]], None] = lambda _: None
        self.convox_yml: Callable[[str], str] = lambda program: manifest_text(program, **self.service)
        self.service: dict[str, object] = {}
        self.command_end = CommandEnd(0)
        self.rack_info = RackInfo(RackName("simulated"), "3.24.9", "3.24.9", "local")
        self.may = Capabilities(Credential(Kind.PASSWORD), dict.fromkeys((*READS, *WRITES), May.YES))
        self._app = app
        self._clock = clock
        self._build_s = build_s

    # Reads

    def info(self) -> RackInfo:
        return self.rack_info

    def cli_version(self) -> str:
        return self.rack_info.cli_version

    def capabilities(self) -> Capabilities:
        return self.may

    def app(self) -> App:
        row = self._read(lambda: self.world.model.app(self._app))
        app = App(self._app, row.status, ReleaseId(row.release) if row.release else None)
        self.on_app(app)
        return app

    def processes(self) -> tuple[Process, ...]:
        rows = self._read(self._rows)
        self.on_rows(rows)
        return tuple(
            Process(ProcessId(row.id), ServiceName(row.service), row.status.value, ReleaseId(row.release))
            for row in rows
        )

    def services(self) -> tuple[Service, ...]:
        rows = self._read(lambda: self.world.model.services(self._app))
        return tuple(
            Service(ServiceName(row.name), "127.0.0.1", (Port(8001, row.port),) if row.port else (), row.count)
            for row in rows
        )

    def releases(self, limit: int = 20) -> tuple[Release, ...]:
        active = self.world.model.app(self._app).release
        rows = self._read(lambda: self.world.model.releases(self._app, limit))
        return tuple(
            Release(ReleaseId(row.id), BuildId(row.build) if row.build else None, row.id == active, row.description)
            for row in rows
        )

    def environment(self, release: ReleaseId) -> Environment:
        text = self._read(lambda: self.world.model.release(self._app, release)).env
        return Environment({key: Secret(value) for key, value in parse_env(text).items()})

    def manifest(self, release: ReleaseId) -> Manifest:
        row = self._read(lambda: self.world.model.release(self._app, release))
        if not row.build:
            raise NotFound("there is no such build", why=f"no build for release: {release}")
        return read_manifest(row.manifest)

    def build_info(self, build: BuildId) -> Build:
        row = self._read(lambda: self.world.model.build(self._app, build))
        return Build(build, row.status.value, ReleaseId(row.release) if row.release else None, row.description)

    def evidence(self, release: ReleaseId, service: ServiceName | None) -> Evidence:
        """Last words are in the log where a service is named, as of the real CLI; the diagnosis lacks those."""
        if self.is_dark:
            return Evidence()
        rows = [row for row in self.world.model.processes(self._app, service=service) if row.release == str(release)]
        known = [(row.id, self.world.programs.get(row.command)) for row in rows if service]
        log = tuple(LogLine(ProcessId(each), code.last_words) for each, code in known if code and code.last_words)
        unwell = (row for row in rows if row.status.value != "running")
        return Evidence(
            log, tuple(Unwell(ProcessId(row.id), ServiceName(row.service), row.status.value) for row in unwell)
        )

    def restarts(self) -> dict[ProcessId, int]:
        rows = self._read(lambda: self.world.model.processes(self._app), COUNT_WITHIN_S)
        return {ProcessId(row.id): row.restarts for row in rows}

    def start_reads(self, *, with_services: bool = False, with_restarts: bool = False) -> PendingReads:
        return _SimulatedReads(self, with_services=with_services, with_restarts=with_restarts)

    # Writes

    def set_env(self, wanted: Environment, *, replace: bool) -> Release:
        self._write("env set")
        newest = self.world.model.releases(self._app, 1)
        before = {} if replace or not newest else parse_env(newest[0].env)
        return self._made_of({**before, **{key: secret.reveal() for key, secret in wanted.items()}})

    def unset_env(self, keys: Sequence[str]) -> Release:
        self._write("env unset")
        newest = self.world.model.releases(self._app, 1)
        kept = {key: value for key, value in parse_env(newest[0].env if newest else "").items() if key not in keys}
        return self._made_of(kept)

    def _made_of(self, env: Mapping[str, str]) -> Release:
        text = "\n".join(f"{key}={value}" for key, value in sorted(env.items()))
        made = self._refusable(lambda: self.world.model.create_release(self._app, env=text))
        return Release(ReleaseId(made.id), None, is_active=False, description=made.description)

    def build(self, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
        """`source.path` names the program that the build is to contain."""
        self._write("build")
        text = self.convox_yml(source.path)
        build = self._refusable(
            lambda: self.world.model.create_build(self._app, description=describe_build(source, ship))
        )
        on_line(f"Building: {source.path}")
        self._clock.sleep(self._build_s)
        try:
            self.world.model.check_build(self._app, text)
        except rackmodel.ManifestInvalid as error:
            self.world.model.fail_build(self._app, build.id, str(error))
            raise BuildFailed("the build failed", why=str(error)) from error
        made = self.world.model.complete_build(self._app, build.id, text)
        return Release(ReleaseId(made.id), BuildId(build.id), is_active=False, description=made.description)

    def find_build(self, ship: ShipId) -> Release:
        deadline_s = self._clock.now_s() + FOUND_WITHIN_S
        while self._clock.now_s() < deadline_s:
            found = next((row for row in self.world.model.builds(self._app) if stamp_in(row.description) == ship), None)
            if found is None:
                raise NotFound(f"no build is described with ship {ship}")
            if found.release:
                row = self.world.model.release(self._app, found.release)
                return Release(ReleaseId(row.id), BuildId(found.id), is_active=False, description=row.description)
            if found.status.value == "failed":
                raise BuildFailed(f"build {found.id} failed")
            self._clock.sleep(self._build_s)
        raise BuildUnknown(f"the build of ship {ship} does not end")

    def run(
        self, command: ReleaseCommand, release: ReleaseId, ship: ShipId, on_line: Callable[[str], None]
    ) -> CommandEnd:
        self._write(f"run {command.service} {release}")
        self._refusable(lambda: self.world.model.release(self._app, release))
        on_line(f"Running for ship {ship}: {command.line}")
        return self.command_end

    def promote(self, release: ReleaseId) -> SimulatedPromote:
        self._write(f"promote {release}")
        try:
            self._refusable(lambda: self.world.model.promote(self._app, release))
        except RackFailure as refusal:
            return SimulatedPromote(PromoteState(is_over=True, is_announced=True, refusal=refusal))
        return SimulatedPromote(PromoteState(is_over=False, is_announced=True), self._has_come_to_rest)

    def _has_come_to_rest(self) -> bool:
        return self.world.model.app(self._app).status == "running"

    def cancel(self) -> None:
        self._write("cancel")
        self._refusable(lambda: self.world.model.cancel(self._app))
        # the CLI puts a copy of the newest release on top (convox-facts 2.8)
        newest = self.world.model.releases(self._app, 1)[0]
        self.world.model.create_release(self._app, build=newest.build, env=newest.env)

    def stop(self, process: ProcessId) -> None:
        self._write(f"stop {process}")
        self._refusable(lambda: self.world.model.stop_process(self._app, process))

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
        self._write(f"create-from {build_from} {env_from}")
        model = self.world.model
        build = self._refusable(lambda: model.release(self._app, build_from)).build
        env = self._refusable(lambda: model.release(self._app, env_from)).env
        return ReleaseId(self._refusable(lambda: model.create_release(self._app, build=build, env=env)).id)

    # Inside

    def _rows(self) -> list[ProcessRow]:
        return self.world.model.processes(self._app)

    def _read(self, ask: Callable[[], T], within_s: float = READ_WITHIN_S) -> T:
        """`within_s` is its deadline, for a rack that takes its time."""
        del within_s
        self._clock.sleep(READ_S)
        if self.is_dark:
            raise TimedOut("convox did not answer in time")
        return self._refusable(ask)

    def _write(self, words: str) -> None:
        self._clock.sleep(READ_S)
        self.writes.append(words)
        self.on_write(words)

    def _refusable(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except rackmodel.Refused as refusal:
            _raise(refusal)


class _SimulatedReads:
    def __init__(self, rack: SimulatedRack, *, with_services: bool, with_restarts: bool) -> None:
        self._rack = rack
        self._with_services = with_services
        self._with_restarts = with_restarts

    def collect(self) -> Reads:
        try:
            services = self._rack.services() if self._with_services else None
            restarts = self._rack.restarts() if self._with_restarts else None
            return Reads(self._rack.app(), self._rack.processes(), services, restarts)
        except RackFailure as failure:
            return Reads(trouble=(failure.what,))


class SimulatedPromote:
    """The child: as the real one, it ends once the app has been at rest for a while."""

    def __init__(self, state: PromoteState, is_at_rest: Callable[[], bool] = lambda: False) -> None:
        self._state = state
        self._is_at_rest = is_at_rest
        self._looks = 0
        self.is_killed = False

    def state(self) -> PromoteState:
        self._looks = self._looks + 1 if self._is_at_rest() else 0
        return replace(self._state, is_over=self._state.is_over or self._looks > CLI_LOOKS)

    def kill(self) -> None:
        self.is_killed = True


def read_manifest(text: str) -> Manifest:
    """The core's view of a manifest that the model holds."""
    model = model_manifest(text, {}, json.loads)
    specs = tuple(
        ServiceSpec(
            ServiceName(each.name),
            each.port,
            each.health.path if each.health else "/",
            each.health.interval_s if each.health else 5.0,
            each.health.grace_s if each.health else 5.0,
            each.termination_grace_s,
            each.scale.count,
            each.internal,
            each.agent,
        )
        for each in model.services
    )
    return Manifest(specs, frozenset(name for each in model.services for name in each.required))


def _raise(refusal: rackmodel.Refused) -> NoReturn:
    kind: type[RackFailure] = RefusedByRack
    if "not found" in refusal.text:
        kind = NotFound
    elif "updating" in refusal.text:
        kind = RackBusy
    raise kind(refusal.text) from refusal
