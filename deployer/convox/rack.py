"""One app on one rack, through the Convox CLI: the engine's `Rack` port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from deployer.convox import building, effects, manifest, parse, release_command, setting, wire
from deployer.convox.calls import Calls
from deployer.convox.capabilities import capabilities_of
from deployer.convox.children import Asked, Promotion, Tick
from deployer.convox.evidence import evidence_of
from deployer.convox.runner import Runner
from deployer.convox.target import Target
from deployer.convox.tls import check_tls
from deployer.core.capabilities import Capabilities
from deployer.core.environment import Environment
from deployer.core.errors import Denied, Garbled, NotFound, RackFailure, Unauthorised
from deployer.core.models import App, Build, Manifest, Process, RackInfo, Release, ReleaseCommand, Service, Source
from deployer.core.names import BuildId, ProcessId, ReleaseId, ServiceName, ShipId
from deployer.core.policy import Policy
from deployer.core.why import Evidence
from deployer.engine.ports import CommandEnd, PendingReads, PromoteChild


class ConvoxRack:
    """
    Reads are the commands that a person would type, since credentials are granted by command (design 4).

    `api get` stands in where a text cannot tell: desired counts, and rows that do not fit their table.
    """

    def __init__(self, runner: Runner, target: Target, policy: Policy) -> None:
        self._target = target
        self._calls = Calls(runner, target, policy)
        self._commands = self._calls.commands
        self._may_ask_api = True

    def info(self) -> RackInfo:
        version = self.cli_version()
        protection = check_tls(self._target, self._calls.policy.read_s)
        found = self._calls.ask(self._commands.rack(), lambda text: parse.rack(text, version))
        return replace(found, protection=protection)

    def cli_version(self) -> str:
        return self._calls.ask(self._commands.version(), parse.client_version)

    def capabilities(self) -> Capabilities:
        return capabilities_of(self._calls, self._target)

    def app(self) -> App:
        return self._calls.ask(self._commands.app(), parse.app)

    def processes(self) -> tuple[Process, ...]:
        try:
            return self._calls.ask(self._commands.processes(), parse.processes)
        except Garbled as garbled:
            try:
                return self._processes_as_json()
            except RackFailure:
                raise garbled from None

    def services(self) -> tuple[Service, ...]:
        if self._may_ask_api:
            try:
                return self._calls.ask(self._commands.api_get("services"), wire.services)
            except (Denied, Unauthorised, NotFound, Garbled):
                self._may_ask_api = False
        listed = self._calls.ask(self._commands.services(), parse.services)
        desired = self._calls.ask(self._commands.scale(), parse.desired_counts)
        return tuple(replace(each, desired=desired.get(each.name)) for each in listed)

    def releases(self, limit: int = 20) -> tuple[Release, ...]:
        return self._calls.releases(limit)

    def environment(self, release: ReleaseId) -> Environment:
        return self._calls.environment(release)

    def manifest(self, release: ReleaseId) -> Manifest:
        text = self._calls.ask(self._commands.manifest(release), str)
        return manifest.read_manifest(text, f"the convox.yml of {release}")

    def build_info(self, build: BuildId) -> Build:
        return self._calls.ask(self._commands.build_info(build), parse.build)

    def evidence(self, release: ReleaseId, service: ServiceName | None) -> Evidence:
        return evidence_of(self._calls, release, service)

    def start_reads(self, *, with_services: bool = False, with_restarts: bool = False) -> PendingReads:
        calls, commands = self._calls, self._commands
        app = Asked(calls, commands.app(), parse.app)
        processes = Asked(calls, commands.processes(), parse.processes, self._processes_as_json)
        may_ask = with_services and self._may_ask_api
        services = Asked(calls, commands.api_get("services"), wire.services) if may_ask else None
        restarts = Asked(calls, commands.restarts(), wire.restarts) if with_restarts else None
        return Tick(app, processes, services, restarts, clock=calls.clock)

    def set_env(self, wanted: Environment, *, replace: bool) -> Release:
        return setting.set_env(self._calls, wanted, replace=replace)

    def unset_env(self, keys: Sequence[str]) -> Release:
        return setting.unset_env(self._calls, keys)

    def build(self, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
        return building.build(self._calls, source, ship, on_line)

    def find_build(self, ship: ShipId) -> Release:
        return building.find(self._calls, ship)

    def run(
        self, command: ReleaseCommand, release: ReleaseId, ship: ShipId, on_line: Callable[[str], None]
    ) -> CommandEnd:
        return release_command.run(self._calls, command, release, ship, on_line)

    def promote(self, release: ReleaseId) -> PromoteChild:
        return Promotion(self._calls, self._calls.runner.start(self._commands.promote(release)), release)

    def cancel(self) -> None:
        effects.cancel(self._calls)

    def stop(self, process: ProcessId) -> None:
        effects.stop(self._calls, process)

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
        return effects.copy(self._calls, build_from, env_from)

    def config_get(self, name: str) -> str | None:
        return effects.config_get(self._calls, name)

    def config_set(self, name: str, text: str) -> None:
        effects.config_set(self._calls, name, text)

    def _processes_as_json(self) -> tuple[Process, ...]:
        return self._calls.answer(self._calls.runner.run(self._commands.api_get("processes")), wire.processes)
