"""What convox.yml says, as far as a rollout needs it (convox-facts 7, 3.8). Times are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.rackmodel.ids import ServiceName


class ManifestInvalid(ValueError):
    """A convox.yml the rack will not take; the message is the rack's."""


@dataclass(frozen=True, slots=True)
class Health:
    """The readiness probe. There is none when a service has no port or disables it (3.8)."""

    path: str
    interval_s: float
    timeout_s: float
    grace_s: float
    port: int


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas, and what each may use: thousandths of a CPU and MiB."""

    count: int = 1
    maximum: int = 1
    cpu: int = 250
    memory: int = 512
    cpu_target: int | None = None
    keda: bool = False
    """`scale.autoscale` or `scale.keda`: the range is KEDA's, and can be changed without a promote (3.8)."""

    @property
    def is_range(self) -> bool:
        return self.maximum > self.count


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a manifest, defaults applied."""

    name: ServiceName
    command: str = ""
    image: str = ""
    build_path: str = "."
    dockerfile: str = "Dockerfile"
    port: int | None = None
    health: Health | None = None
    scale: Scale = Scale()
    minimum_percent: int = 50
    maximum_percent: int = 200
    termination_grace_s: float = 30.0
    agent: bool = False
    internal: bool = False
    defaults: tuple[tuple[str, str], ...] = ()
    required: frozenset[str] = frozenset()
    links: tuple[tuple[str, str], ...] = ()
    """Resources it uses, each with the variable that gets its URL."""

    def max_surge(self, desired: int) -> int:
        """Replicas allowed on top of the desired ones. Kubernetes rounds a surge up."""
        return -(-desired * (self.maximum_percent - 100) // 100)

    def max_unavailable(self, desired: int) -> int:
        """Replicas that may be missing. Kubernetes rounds down, and takes one when nothing could move otherwise."""
        missing = desired * (100 - self.minimum_percent) // 100
        return max(missing, 1) if self.max_surge(desired) == 0 else missing


@dataclass(frozen=True, slots=True)
class Timer:
    """A command that a service's image runs on a schedule, as so many pods at once (7).

    `concurrency` says what becomes of one that is due while the last still runs: Allow, Forbid or Replace.
    """

    name: str
    service: ServiceName
    schedule: str
    command: str = ""
    concurrency: str = "Allow"
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Resource:
    """A database or cache. Its URL may come from the release env, and then no container is made of it (7)."""

    name: str
    type: str

    @property
    def variable(self) -> str:
        return f"{self.name.upper().replace('-', '_')}_URL"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All services of a convox.yml, in its order, and what goes with them."""

    services: tuple[Service, ...]
    timers: tuple[Timer, ...] = ()
    resources: tuple[Resource, ...] = ()

    def service(self, name: str) -> Service | None:
        return next((service for service in self.services if service.name == name), None)

    def missing_env(self, env: Mapping[str, str]) -> list[str]:
        """Required names that are in no release env; an empty value will do (7)."""
        wanted = {name for service in self.services for name in service.required}
        return sorted(wanted - env.keys())
