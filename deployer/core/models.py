"""
What a rack, an app and its processes look like to deployer. `None` means unknown, never failed.

Source of the fields: convox-facts 2.9, 2.11, 3.2 to 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from deployer.core.names import AppName, BuildId, ProcessId, RackName, ReleaseId, ServiceName, ShipId, is_ship_id


@dataclass(frozen=True, slots=True)
class App:
    """`status` is what the rack says: running, updating, rollback, deleting, unknown. It lags (convox-facts 3.4)."""

    name: AppName
    status: str
    release: ReleaseId | None
    generation: str = "3"

    @property
    def is_running(self) -> bool:
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class Release:
    """One row of `releases`; `is_active` flips when a promote starts and proves nothing alone (convox-facts 0.1)."""

    id: ReleaseId
    build: BuildId | None
    is_active: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """A build; `status` is created, running, complete or failed."""

    id: BuildId
    status: str
    release: ReleaseId | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Process:
    """One row of `ps`. `release` is the pod's label: true for this process, also in mid-rollout (convox-facts 3.3)."""

    id: ProcessId
    service: ServiceName
    status: str
    release: ReleaseId


@dataclass(frozen=True, slots=True)
class Port:
    balancer: int
    container: int


@dataclass(frozen=True, slots=True)
class Service:
    """A service as the rack runs it. `desired` moves under autoscaling."""

    name: ServiceName
    domain: str
    ports: tuple[Port, ...]
    desired: int | None


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What convox.yml says of a service, with Convox's own defaults filled in (convox-facts 3.8). Seconds."""

    name: ServiceName
    port: int | None
    health_path: str = "/"
    health_interval_s: float = 5.0
    health_grace_s: float = 5.0
    termination_grace_s: float = 30.0
    count: int = 1
    is_internal: bool = False
    is_agent: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of a convox.yml that deployer goes by. `required` are env names that must have a value."""

    services: tuple[ServiceSpec, ...]
    required: frozenset[str] = frozenset()

    def service(self, name: ServiceName) -> ServiceSpec | None:
        return next((each for each in self.services if each.name == name), None)


@dataclass(frozen=True, slots=True)
class RackInfo:
    """
    The rack that answers, by its own name, and the CLI that asks it.

    `protection` says how the way there is kept from others, in words; "" where it was not looked at.
    """

    name: RackName
    version: str
    cli_version: str
    provider: str = ""
    protection: str = ""

    @property
    def is_v2(self) -> bool:
        """A v2 rack's version is a date: `20260418101514` (convox-facts 6)."""
        return self.version.isdecimal() and len(self.version) == 14

    def is_called(self, asked: str) -> bool:
        """`asked` is its name or the last part of it; the CLI would be content with any part (convox-facts 1.1)."""
        if "/" in asked and "/" in self.name:
            return asked == self.name
        return asked.rpartition("/")[2] == self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Source:
    """
    A checkout to build from: its folder, the commit and its subject, as far as git knows them.

    `files` of `size_bytes` in all are going to be uploaded; 0 where nobody has counted.
    """

    path: str
    commit: str = ""
    subject: str = ""
    is_dirty: bool = False
    files: int = 0
    size_bytes: int = 0

    @property
    def title(self) -> str:
        return f"{self.commit[:10]} {self.subject}".strip() or "no commit"


@dataclass(frozen=True, slots=True)
class ReleaseCommand:
    """
    What a release must have done before it serves, a migration say: a line for `sh`, in a process of `service`.

    `service` is "" where nobody said and there is a choice.
    """

    service: ServiceName
    line: str


class ProofMode(Enum):
    """How a service can be proven (design 2.1)."""

    IDS = "ids"  # each process answers for itself
    SAMPLED = "sampled"  # the release is known, processes are not told apart
    PS = "ps"  # no way to ask: the rack's process list only


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One reply to one health request, or the reason why there is none.

    An unanswered question is never a bad answer (design 2.2): `error` set means unknown. `said` is the first line of
    an answer that is not 2xx. `is_lost`: the question was sent, and refused, cut off or left waiting, as a user's would
    have been; nobody can say on which side of the network.
    """

    service: ServiceName
    status_code: int | None = None
    release: ReleaseId | None = None
    process: ProcessId | None = None
    stamp: str = ""
    elapsed_s: float = 0.0
    error: str = ""
    is_cached: bool = False
    said: str = ""
    is_lost: bool = False

    @property
    def is_ok(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def is_failure(self) -> bool:
        """A 5xx or 404: the service answered, and said no."""
        return self.status_code is not None and (self.status_code >= 500 or self.status_code == 404)

    @property
    def is_error(self) -> bool:
        """Whatever a user would call one; not all of it is evidence against a release (`is_failure`)."""
        return self.status_code is not None and self.status_code >= 400


@dataclass(frozen=True, slots=True)
class HealthTarget:
    """Where to ask a service for its health, and how many times in one round."""

    service: ServiceName
    url: str
    times: int = 4


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Everything that one tick saw, at one monotonic second. A read that failed is `None` and named in `trouble`.

    `restarts`, of each process since it was created, are read now and then only. `waited_s`: how old the app and its
    processes had grown when all the rest was there.
    """

    at_s: float
    app: App | None = None
    processes: tuple[Process, ...] | None = None
    services: tuple[Service, ...] | None = None
    answers: tuple[Answer, ...] = ()
    restarts: Mapping[ProcessId, int] | None = None
    trouble: tuple[str, ...] = ()
    is_denied: bool = False
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What one service of the release must show before it counts as proven. Seconds."""

    name: ServiceName
    mode: ProofMode | None
    desired: int
    start_budget_s: float
    drain_s: float
    is_agent: bool = False
    was_crashing: bool = False
    tolerable_share: float = 0.10  # of failing answers: the policy's, or the baseline's own if that was worse


@dataclass(frozen=True, slots=True)
class Rollout:
    """A release on its way: what it replaces, what must be proven, and by which stamp its code is known."""

    release: ReleaseId
    baseline: ReleaseId | None
    services: tuple[Expected, ...]
    stamp: ShipId | None = None


def stamp_in(description: str) -> ShipId | None:
    """The ship id that a build's description ends with, `… [ship 20261124-014700-a1b2c3]`, or none."""
    head, mark, tail = description.rpartition(" [ship ")
    ship = tail.removesuffix("]")
    return ShipId(ship) if mark and head and tail.endswith("]") and is_ship_id(ship) else None
