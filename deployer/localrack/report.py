"""What is known of a rack that runs, and what `rack status` has to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deployer.localrack.client import RackClient
from deployer.localrack.options import Home


@dataclass(frozen=True, slots=True)
class RackInfo:
    """A rack that runs. `url` is what RACK_URL wants; it holds the password, so it stays out of the repr."""

    name: str
    pid: int
    port: int
    time_scale: float
    resync_s: float
    home: Path
    url: str = field(repr=False)
    password: str = field(repr=False)
    was_up: bool = True
    """False if it was this very `up` that started it."""

    @property
    def log(self) -> Path:
        return Home(self.home).server_log

    @property
    def scheme(self) -> str:
        return self.url.partition(":")[0]

    def client(self) -> RackClient:
        certificate = Home(self.home).certificate if self.scheme == "https" else None
        return RackClient(self.port, self.password, certificate)


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """A service: where it is reached on loopback, and how many replicas it should have."""

    name: str
    port: int | None
    container_port: int | None
    count: int


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """A row of `ps`, and where its output is kept."""

    id: str
    service: str
    status: str
    release: str
    log: Path


@dataclass(frozen=True, slots=True)
class AppReport:
    """An app as the rack shows it. `release` is empty before the first promote."""

    name: str
    status: str
    release: str
    services: tuple[ServiceReport, ...]
    processes: tuple[ProcessReport, ...]


@dataclass(frozen=True, slots=True)
class RackReport:
    """All that `rack status` has to say."""

    info: RackInfo
    apps: tuple[AppReport, ...]


def read_report(info: RackInfo) -> RackReport:
    """Ask a rack for everything. Raises RackSilent."""
    client = info.client()
    return RackReport(info, tuple(_report_app(client, info, app) for app in client.get("/apps")))


def _report_app(client: RackClient, info: RackInfo, app: dict[str, str]) -> AppReport:
    name = app["name"]
    services = client.get(f"/apps/{name}/services")
    processes = client.get(f"/apps/{name}/processes")
    return AppReport(
        name=name,
        status=app["status"],
        release=app["release"],
        services=tuple(
            ServiceReport(
                name=row["name"],
                port=row["ports"][0]["balancer"] if row["ports"] else None,
                container_port=row["ports"][0]["container"] if row["ports"] else None,
                count=row["count"],
            )
            for row in services
        ),
        processes=tuple(
            ProcessReport(
                id=row["id"],
                service=row["service"],
                status=row["status"],
                release=row["release"],
                log=Home(info.home).process_log(name, row["id"]),
            )
            for row in processes
        ),
    )
