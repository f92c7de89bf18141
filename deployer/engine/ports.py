"""
What the engine needs of the world: six ports. `convox`, `probe` and `ledger` implement them for real,
`deployer.testing` in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from deployer.core.capabilities import Capabilities
from deployer.core.environment import Environment
from deployer.core.errors import RackFailure
from deployer.core.events import Ended, Sink
from deployer.core.models import (
    Answer,
    App,
    Build,
    HealthTarget,
    Manifest,
    Process,
    RackInfo,
    Release,
    ReleaseCommand,
    Service,
    Source,
)
from deployer.core.names import AppName, BuildId, ProcessId, ReleaseId, ServiceName, ShipId
from deployer.core.why import Evidence


class Clock(Protocol):
    """Time, and the only way to wait. Monotonic seconds."""

    def now_s(self) -> float: ...

    def utc(self) -> datetime: ...

    def sleep(self, seconds: float) -> None:
        """Raises Interrupted as soon as a signal has asked us to stop."""

    def ignore(self, signum: int) -> None:
        """From now on `signum` does not interrupt."""


@dataclass(frozen=True, slots=True)
class Reads:
    """
    What came of a tick's reads, started side by side. What failed is `None` and named in `trouble`.

    `waited_s`: how long the others were waited for once the app and its processes were there.
    """

    app: App | None = None
    processes: tuple[Process, ...] | None = None
    services: tuple[Service, ...] | None = None
    restarts: Mapping[ProcessId, int] | None = None
    trouble: tuple[str, ...] = ()
    is_denied: bool = False
    waited_s: float = 0.0


class PendingReads(Protocol):
    def collect(self) -> Reads:
        """Wait for the children and read them; never raises a RackFailure. Raises Interrupted."""


@dataclass(frozen=True, slots=True)
class PromoteState:
    """
    What the `releases promote` child has shown so far. A hint, never a verdict (faults 0.1).

    `is_waiting`: it printed `Waiting for app to be ready`. `is_announced`: it printed `Promoting R`.
    """

    is_over: bool
    is_waiting: bool = False
    is_announced: bool = False
    refusal: RackFailure | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a release command ended, on its own word: the CLI's status may be 0 all the same (convox-facts 2.9)."""

    status: int
    last_line: str = ""


class PromoteChild(Protocol):
    def state(self) -> PromoteState: ...

    def kill(self) -> None:
        """End the child's process group. It does not stop the rollout (faults 0.14). Idempotent."""


class Rack(Protocol):
    """
    One app on one rack. Reads raise RackFailure, after retries inside a budget.

    Writes are never retried. Each ends with a read of its own: it returns what was read back, raises the RackFailure
    if the read shows that nothing happened, or raises CannotTell.
    """

    def info(self) -> RackInfo:
        """Asked before anything else: also raises RackUnreachable when the rack cannot be told from an impostor."""

    def cli_version(self) -> str:
        """Of the CLI itself, also where no rack answers."""

    def capabilities(self) -> Capabilities:
        """What the credential may do, from the reads made so far and those that were not tried yet. Writes nothing."""

    def app(self) -> App: ...

    def processes(self) -> tuple[Process, ...]: ...

    def services(self) -> tuple[Service, ...]:
        """With desired counts where the credential may read them."""

    def releases(self, limit: int = 20) -> tuple[Release, ...]:
        """Newest first."""

    def environment(self, release: ReleaseId) -> Environment: ...

    def manifest(self, release: ReleaseId) -> Manifest: ...

    def build_info(self, build: BuildId) -> Build: ...

    def evidence(self, release: ReleaseId, service: ServiceName | None) -> Evidence:
        """
        What the processes of `release` wrote last and how the rack diagnoses them, of one service or of all.

        Within `policy.evidence_s`, and never raises a RackFailure: what cannot be had is left out.
        """

    def start_reads(self, *, with_services: bool = False, with_restarts: bool = False) -> PendingReads:
        """
        Start `ps` and `apps info` side by side, and what else is asked for.

        How often processes were restarted is not for every rack and credential to tell: where it is not known, that is
        no trouble.
        """

    def set_env(self, wanted: Environment, *, replace: bool) -> Release:
        """One `env set` with all values on stdin. The release that it created, read back and compared."""

    def unset_env(self, keys: Sequence[str]) -> Release:
        """One `env unset`: a release without `keys`, all else as the newest has it, read back and compared."""

    def build(self, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
        """
        Build `source`, lines as they come. The release that the build made, its build complete.

        Raises BuildFailed, or BuildUnknown when the stream was lost and the build cannot be found again.
        """

    def find_build(self, ship: ShipId) -> Release:
        """
        The release that the build of `ship` made, waited for where it is not over.

        Raises NotFound where the rack has no such build, BuildFailed, or BuildUnknown.
        """

    def run(
        self, command: ReleaseCommand, release: ReleaseId, ship: ShipId, on_line: Callable[[str], None]
    ) -> CommandEnd:
        """
        Run it in a process of `release`, once, lines as they come.

        Raises CannotTell where it left no proof of its end: it may still be running.
        """

    def promote(self, release: ReleaseId) -> PromoteChild:
        """Start `releases promote` in the background, once."""

    def cancel(self) -> None: ...

    def stop(self, process: ProcessId) -> None:
        """End one process; the rack starts another in its place."""

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
        """`releases create-from`, not promoted: a new release with the build and env of two others."""


class Probe(Protocol):
    def round(self, targets: Sequence[HealthTarget]) -> tuple[Answer, ...]:
        """Ask all targets at once, each answer on a connection of its own, under one total timeout. Never raises."""


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """
    A release that was proven to serve, by whom and when; `gone_back_from` once a rollback left it.

    `cannot_undo` is what going back from it leaves as it is: its release command, say.
    """

    release: ReleaseId
    build: BuildId | None
    at: str
    by: str
    ship: ShipId
    description: str = ""
    gone_back_from: bool = False
    cannot_undo: str = ""


@dataclass(frozen=True, slots=True)
class LockNote:
    """
    Who is at work on the app: advisory, since Convox has no compare-and-swap (faults 3.8).

    `promoting` over `over` is what its promote was intended to do, `None` before that.
    """

    ship: ShipId
    by: str
    since: str
    expires: str
    what: str
    url: str = ""
    promoting: ReleaseId | None = None
    over: ReleaseId | None = None


class Ledger(Protocol):
    """
    What is remembered of an app across runs: on the rack where the credential allows it, else on this machine.

    Never raises a RackFailure: what cannot be kept on the rack is kept here, and `trouble` says so.
    """

    @property
    def trouble(self) -> str: ...

    def proven(self) -> tuple[ProvenEntry, ...]:
        """Newest first."""

    def record_proven(self, entry: ProvenEntry) -> None: ...

    def record_gone_back(self, release: ReleaseId) -> None: ...

    def holder(self) -> LockNote | None:
        """Whoever holds the lock and has not expired, or nobody."""

    def take_lock(self, note: LockNote) -> LockNote | None:
        """The note of another run that stood there, expired or not."""

    def release_lock(self, ship: ShipId) -> None:
        """Only if `ship` still holds it."""


class Incidents(Protocol):
    def keep(self, ended: Ended) -> str:
        """Write down all that is known of a run that went wrong; where that lies, "" where it cannot. Never raises."""


class NoIncidents:
    """For runs that leave nothing behind on this machine."""

    def keep(self, ended: Ended) -> str:
        del ended
        return ""


@dataclass(frozen=True, slots=True)
class Ports:
    """One app on one rack, and all that can be done about it. `named` is the rack as a person named it, or ""."""

    app: AppName
    rack: Rack
    probe: Probe
    ledger: Ledger
    clock: Clock
    sink: Sink
    named: str = ""
    incidents: Incidents = field(default_factory=NoIncidents)

    def command(self, *words: str) -> str:
        """A command of ours to type next, for this app on this rack."""
        rack = ("--rack", self.named) if self.named else ()
        return " ".join(("deployer", *words, *rack, "--app", self.app))
