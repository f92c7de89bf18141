"""What the rack remembers of an app: releases, builds, the rows it shows. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from deployer.rackmodel.ids import NO_RELEASE, AppName, BuildId, ProcessId, ReleaseId, ServiceName


@dataclass(frozen=True, slots=True)
class Release:
    """A build, a whole env text and a copy of the build's manifest; never changes once made (convox-facts 3.1)."""

    id: ReleaseId
    app: AppName
    build: BuildId
    env: str = field(repr=False)
    manifest: str
    description: str
    created_s: float


class BuildStatus(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(slots=True)
class Build:
    """One build. `release` is empty until it completes; a failed build never has one (2.12)."""

    id: BuildId
    app: AppName
    process: ProcessId
    description: str = ""
    git_sha: str = ""
    manifest: str = ""
    status: BuildStatus = BuildStatus.RUNNING
    release: ReleaseId = NO_RELEASE
    reason: str = ""
    started_s: float = 0.0
    ended_s: float | None = None


class ProcessKind(StrEnum):
    """What a pod is for. Their ids have different shapes, which is how a reader tells them apart (3.2)."""

    REPLICA = "replica"
    RUN = "run"
    BUILD = "build"
    TIMER = "timer"


class ProcessStatus(StrEnum):
    """The words of `ps` (3.3)."""

    PENDING = "pending"
    STARTING = "starting"
    RUNNING = "running"
    UNHEALTHY = "unhealthy"
    CRASHED = "crashed"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One row of `ps`, and below the line what only the rack itself knows."""

    id: ProcessId
    app: AppName
    service: ServiceName
    release: ReleaseId
    build: BuildId
    status: ProcessStatus
    command: str
    started_s: float
    port: int | None
    kind: ProcessKind
    ready: bool
    terminating: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One row of `services`, with the desired count of this moment."""

    name: ServiceName
    count: int
    minimum: int | None
    maximum: int | None
    cpu: int
    memory: int
    cpu_target: int | None
    port: int | None
    internal: bool


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A resource of the active release. Its URL, which may hold a password, is what the env says, or empty."""

    name: str
    type: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppRow:
    """What `apps info` shows: status and active release as mirrored, so both may trail the truth (3.4)."""

    name: AppName
    status: str
    release: ReleaseId
    locked: bool = False
