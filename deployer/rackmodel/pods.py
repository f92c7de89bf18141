"""One pod: a process of an app, from pending until it is gone (convox-facts 3.3, 3.8, 10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from deployer.rackmodel.ids import AppName, BuildId, ProcessId, ReleaseId, ServiceName
from deployer.rackmodel.manifest import Health
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.records import ProcessKind, ProcessRow, ProcessStatus


class Phase(Enum):
    """Kubernetes' pod phase. A replica stays Running however often its container restarts."""

    PENDING = auto()
    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()


@dataclass(slots=True)
class Pod:
    """A pod and the one container in it.

    `release` is its label and never changes. `start_at_s` is set while a (re)start is due, `probe_at_s` while the
    container runs and has a probe. `given` says that a StartProcess is out and its `exited` has not come back.
    """

    id: ProcessId
    app: AppName
    service: ServiceName
    kind: ProcessKind
    release: ReleaseId
    build: BuildId
    command: str
    port: int | None
    health: Health | None
    termination_grace_s: float
    created_s: float
    template: str = ""
    own_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    phase: Phase = Phase.PENDING
    start_at_s: float | None = None
    given: bool = False
    waiting: bool = False
    ready_since_s: float | None = None
    probe_at_s: float | None = None
    misses: int = 0
    attempt: int = 0
    failures: int = 0
    started_s: float = 0.0
    terminating: bool = False
    ended_s: float | None = None

    @property
    def is_active(self) -> bool:
        """Does it count as a replica: terminating and finished pods do not."""
        return not self.terminating and self.ended_s is None

    @property
    def is_ready(self) -> bool:
        return self.ready_since_s is not None

    @property
    def is_idle(self) -> bool:
        """No process of it exists or is being started: it can be gone at once."""
        return not self.given

    def is_available(self, now_s: float, physics: Physics) -> bool:
        """Ready for minReadySeconds (3.6)."""
        since = self.ready_since_s
        return self.is_active and since is not None and now_s >= since + physics.scaled(physics.min_ready_s)

    # What happens to it

    def on_started(self, now_s: float, physics: Physics) -> None:
        """The container runs. Without a probe it is ready at once; else the first one comes at `health.grace` (3.6)."""
        if not self.given:
            return
        self.phase, self.started_s, self.misses = Phase.RUNNING, now_s, 0
        if self.health is None:
            self.ready_since_s = now_s
        else:
            self.probe_at_s = now_s + physics.scaled(self.health.grace_s)

    def on_probed(self, ok: bool, now_s: float, physics: Physics) -> bool:
        """One good answer makes it ready, three bad ones in a row unready; nothing restarts it (3.8).

        Says whether that changed its readiness.
        """
        if self.probe_at_s is None:
            return False
        was_ready = self.is_ready
        self.misses = 0 if ok else self.misses + 1
        if ok and not was_ready:
            self.ready_since_s = now_s
        elif self.misses >= physics.failure_threshold:
            self.ready_since_s = None
        return was_ready != self.is_ready

    def on_exited(self, code: int, now_s: float, physics: Physics) -> None:
        """A replica is restarted for ever, with a growing back-off; a `run`, build or timer pod is finished."""
        self.given, self.ready_since_s, self.probe_at_s = False, None, None
        if self.kind is ProcessKind.REPLICA:
            self.phase = Phase.RUNNING
            self._plan_restart(now_s, physics)
        else:
            self.phase, self.ended_s = (Phase.SUCCEEDED if code == 0 else Phase.FAILED), now_s

    def _plan_restart(self, now_s: float, physics: Physics) -> None:
        if now_s - self.started_s >= physics.scaled(physics.backoff_reset_s):
            self.failures = 0
        self.failures += 1
        self.attempt += 1
        doublings = self.failures - physics.free_restarts - 1
        delay_s = 0.0 if doublings < 0 else min(physics.backoff_first_s * 2.0**doublings, physics.backoff_max_s)
        self.start_at_s, self.waiting = now_s + physics.scaled(delay_s), delay_s > 0

    # What it looks like

    def status(self, physics: Physics) -> ProcessStatus:
        """Terminating pods are not marked: they go on showing what they showed (3.3)."""
        match self.phase:
            case Phase.PENDING:
                return ProcessStatus.PENDING
            case Phase.SUCCEEDED:
                return ProcessStatus.COMPLETE
            case Phase.FAILED:
                return ProcessStatus.FAILED
            case Phase.RUNNING if self.waiting:
                return ProcessStatus.CRASHED
            case Phase.RUNNING if self.is_ready:
                return ProcessStatus.RUNNING
            case Phase.RUNNING if self.misses >= physics.failure_threshold:
                return ProcessStatus(physics.unready_reads)
            case Phase.RUNNING:
                return ProcessStatus.STARTING

    def row(self, physics: Physics) -> ProcessRow:
        return ProcessRow(
            id=self.id,
            app=self.app,
            service=self.service,
            release=self.release,
            build=self.build,
            status=self.status(physics),
            command=self.command,
            started_s=self.created_s,
            port=self.port,
            kind=self.kind,
            ready=self.is_ready,
            terminating=self.terminating,
            restarts=self.attempt,
        )
