"""Everything the rack holds about one app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.rackmodel import env as env_text
from deployer.rackmodel import refusals
from deployer.rackmodel.atom import Atom, Mirror
from deployer.rackmodel.budget import Budget
from deployer.rackmodel.deployment import Deployment
from deployer.rackmodel.ids import NO_BUILD, AppName, BuildId, ProcessId, ReleaseId, ServiceName
from deployer.rackmodel.manifest import Resource, Service, Timer
from deployer.rackmodel.pods import Pod
from deployer.rackmodel.records import Build, ProcessKind, Release, ServiceRow


@dataclass(slots=True)
class CronJob:
    """A timer as it was last applied, and when it is next due."""

    timer: Timer
    release: ReleaseId
    next_s: float


@dataclass(slots=True)
class App:
    """`releases` and `builds` are in order of creation: the last release is what the next one forks from (3.1)."""

    name: AppName
    releases: list[Release] = field(default_factory=list)
    builds: dict[BuildId, Build] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict, repr=False)
    atom: Atom = field(default_factory=Atom)
    mirror: Mirror = field(default_factory=Mirror)
    deployments: dict[ServiceName, Deployment] = field(default_factory=dict)
    secrets: dict[ServiceName, dict[str, str]] = field(default_factory=dict, repr=False)
    pods: dict[ProcessId, Pod] = field(default_factory=dict)
    timers: dict[str, CronJob] = field(default_factory=dict)
    budget: Budget | None = None
    locked: bool = False
    deleting: bool = False

    @property
    def newest(self) -> Release | None:
        return self.releases[-1] if self.releases else None

    def release(self, release: str) -> Release:
        """Raises Refused (500) if there is none."""
        found = self.find_release(release)
        if found is None:
            raise refusals.release_not_found(release)
        return found

    def find_release(self, release: str) -> Release | None:
        # ids are stored in lower case, so the API takes them in any (convox-facts 3.2)
        wanted = release.upper()
        return next((known for known in reversed(self.releases) if known.id == wanted), None)

    def build(self, build: str) -> Build:
        """Raises Refused (500) if there is none."""
        found = self.builds.get(BuildId(build.upper()))
        if found is None:
            raise refusals.build_not_found(build)
        return found

    def service(self, name: str) -> Deployment:
        """Raises Refused (404) if the app runs no such service."""
        found = self.deployments.get(ServiceName(name))
        if found is None:
            raise refusals.service_not_found(name)
        return found

    def pod(self, process: str) -> Pod:
        """Raises Refused (500) if there is none."""
        found = self.pods.get(ProcessId(process))
        if found is None:
            raise refusals.process_not_found(process)
        return found

    def one_off(
        self, process: ProcessId, kind: ProcessKind, service: str, release: ReleaseId, command: str, now_s: float
    ) -> Pod:
        """A pod that is no replica: it has no port and no probe, and is not started again."""
        of = self.find_release(release)
        return Pod(
            id=process,
            app=self.name,
            service=ServiceName(service),
            kind=kind,
            release=release,
            build=of.build if of else NO_BUILD,
            command=command,
            port=None,
            health=None,
            termination_grace_s=30.0,
            created_s=now_s,
        )

    def service_row(self, service: Service) -> ServiceRow:
        """The count is that of this moment, where the service runs already."""
        scale, running = service.scale, self.deployments.get(service.name)
        # what it asks for may have been changed by hand since
        asks = running.service.scale if running else scale
        return ServiceRow(
            name=service.name,
            count=running.desired if running else scale.count,
            minimum=scale.count if scale.is_range else None,
            maximum=scale.maximum if scale.is_range else None,
            cpu=asks.cpu,
            memory=asks.memory,
            cpu_target=scale.cpu_target,
            port=service.port,
            internal=service.internal,
        )

    def injected_env(self, service: Service, release: ReleaseId) -> dict[str, str]:
        """What a process of that release is given; later wins, so a release env overrides all (convox-facts 3.7).

        RACK and RACK_URL come before these; whoever runs the process adds them.
        """
        of = self.release(release)
        build = self.builds.get(of.build)
        injected = {
            "APP": str(self.name),
            "RELEASE": str(of.id),
            "BUILD": str(of.build),
            "BUILD_DESCRIPTION": build.description if build else "",
            "BUILD_GIT_SHA": build.git_sha if build else "",
            "SERVICE": str(service.name),
        }
        if service.port is not None:
            injected["PORT"] = str(service.port)
        own = {key: value for key, value in env_text.parse(of.env).items() if env_text.survives_template(key)}
        return {**injected, **dict(service.defaults), **own, **_linked(service, own)}


def _linked(service: Service, own: Mapping[str, str]) -> dict[str, str]:
    """The URLs of a service's resources, as far as the release env says them: no resource is run here (7)."""
    urls = {variable: own.get(Resource(name, "").variable, "") for name, variable in service.links}
    return {variable: url for variable, url in urls.items() if url}
