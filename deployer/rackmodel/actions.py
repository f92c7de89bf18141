"""What the rack wants done by whoever runs its processes: a simulation, or the local rack with real ones.

Every `StartProcess` is answered with `Rack.started` and, once, with `Rack.exited` (with `exited` alone when it could
not be started); a `ProbeProcess` with `Rack.probed`. `StopProcess` means TERM now and KILL after the grace; its answer
is `exited`. Nothing is lost when an answer comes late or for a process that is gone: it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.rackmodel.ids import AppName, BuildId, ProcessId, ReleaseId, ServiceName
from deployer.rackmodel.manifest import Health
from deployer.rackmodel.records import ProcessKind


@dataclass(frozen=True, slots=True)
class StartProcess:
    """Start this process, or start it again: `attempt` counts from 0.

    `env` is what the rack injects (convox-facts 3.7) but RACK and RACK_URL; it may hold secrets.
    """

    app: AppName
    process: ProcessId
    kind: ProcessKind
    service: ServiceName
    release: ReleaseId
    build: BuildId
    command: str
    port: int | None
    attempt: int
    env: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StopProcess:
    """The process left the balancer: TERM it now, KILL it after `grace_s`."""

    app: AppName
    process: ProcessId
    grace_s: float


@dataclass(frozen=True, slots=True)
class ProbeProcess:
    """Ask the process's readiness once, on `health.port`: mostly the service's own `port`.

    `timeout_s` is scaled already.
    """

    app: AppName
    process: ProcessId
    port: int | None
    health: Health
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of the app's log that the rack itself wrote; `source` starts with `system/`."""

    app: AppName
    at_s: float
    source: str
    text: str


Action = StartProcess | StopProcess | ProbeProcess | Logged
