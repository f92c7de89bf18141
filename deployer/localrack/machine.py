"""The rack model in real time: does its actions, tells it what became of them, keeps its state on disk.

One event loop, one thread: between two awaits nothing moves. Whatever changes the rack goes through `act`, which lets
time catch up, makes the change, does what it set off and has it on disk before anybody is told that it worked.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from deployer.localrack.balancer import Backend, Balancer
from deployer.localrack.children import Children
from deployer.localrack.faults import Fault, Faults, Order, Standing
from deployer.localrack.files import read_json, write_json
from deployer.localrack.images import Images
from deployer.localrack.logs import AppLog, Line
from deployer.localrack.manifest_yaml import parse_yaml
from deployer.localrack.options import Home, RackOptions
from deployer.localrack.ports import LOOPBACK, ServicePorts
from deployer.localrack.probes import answers_well
from deployer.localrack.processes import Processes
from deployer.localrack.times import Clock
from deployer.rackmodel import (
    Action,
    BuildStatus,
    Ids,
    Logged,
    Physics,
    ProbeProcess,
    Rack,
    Refused,
    StartProcess,
    StopProcess,
)
from deployer.rackmodel.app import App
from deployer.rackmodel.state import dump, load

T = TypeVar("T")

DRAIN_S = 1.0
"""How long a replica that is going down may finish the connections it was just given, before its TERM."""
KEPT_RELEASES = 50
"""Releases of an app, from the newest, whose builds keep their source."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Time, processes and probes: all that a rack has of the world but its folder and its ports."""

    clock: Callable[[], float]
    children: Children
    probe: Callable[[int, str, float], Awaitable[bool]] = answers_well

    @classmethod
    def real(cls) -> Outside:
        return cls(Clock(), Children())


class Machine:
    """Ties the model to processes, ports, logs and the disk."""

    def __init__(self, options: RackOptions, rack_env: dict[str, str], outside: Outside | None = None) -> None:
        outside = outside or Outside.real()
        self.home: Home = options.home
        self.clock, self.children, self._answers = outside.clock, outside.children, outside.probe
        self.images = Images(self.home.sources)
        physics = Physics.local(options.time_scale, options.resync_s)
        self.started_s = self.clock()
        self.rack = Rack(Ids(random.SystemRandom()), physics, parse=parse_yaml, now_s=self.started_s)
        self.faults = Faults()
        self.processes = Processes(
            self.home,
            self.children,
            self.images,
            rack_env,
            self._links,
            self._said,
            self._exited,
            options.time_scale,
        )
        self.service_ports = ServicePorts(self.home.ports_file)
        self.balancer = Balancer(self.service_ports, self.ready)
        self._held: set[str] = set()  # processes that an order keeps pending
        self._logs: dict[str, AppLog] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._unsaved = False

    # Life

    def start(self, apps: tuple[str, ...]) -> None:
        """Take up what was there, make the apps that were not, start what should run.

        Raises ValueError if the state on disk cannot be read, Refused if it cannot be written.
        """
        for app in _read_apps(self.home.state_file):
            self.rack.adopt(app)
        known = {row.name for row in self.rack.apps()}
        for name in apps:
            if name not in known:
                self.rack.create_app(name)
        self.forget_old_builds()
        self.pump()
        self._save()

    def forget_old_builds(self) -> None:
        """The sources of builds that nothing can be started from any more go, those that were cut off too."""
        needed = self.builds_in_use()
        for build in self.images.known():
            if build not in needed:
                self.images.remove(build)

    async def stop(self, grace_s: float) -> None:
        """End every process. What the rack holds is on disk already, and says that they should run."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await self.balancer.close()
        await self.children.stop_all(grace_s)

    # The rack

    def pump(self) -> None:
        """Time has passed, or a process has: catch up, and keep what became of it, now or when the disk lets us."""
        self._unsaved = self._catch_up() or self._unsaved
        if self._unsaved:
            with contextlib.suppress(Refused):
                self._save()

    def act(self, change: Callable[[Rack], T]) -> T:
        """
        Change the rack. Raises Refused, and then nothing has changed; but for the first change that cannot be kept on
        disk: it is not acknowledged, and yet here until the rack goes down. From then on nothing is changed before
        all is on disk again.
        """
        self.pump()
        if self._unsaved:
            self._save()
        result = change(self.rack)
        self._catch_up()
        self._save()
        return result

    def order(self, order: Order) -> Standing:
        """Let something go wrong from now on. An order that names a release meets its running replicas too."""
        standing = self.faults.add(order)
        if order.release and order.kind not in (Fault.PENDING, Fault.SLOW_START, Fault.WRONG_RELEASE):
            self.processes.suffer(standing)
        self.pump()
        return standing

    def take_back(self, wanted: Callable[[Standing], bool]) -> int:
        """Let orders stand no longer; how many they were."""
        gone = self.faults.clear(wanted)
        self.pump()
        return gone

    def log_of(self, app: str) -> AppLog:
        return self._logs.setdefault(app, AppLog())

    def ready(self, app: str, service: str) -> list[Backend]:
        """The replicas that may be given a connection, in a steady order."""
        rows = self.rack.processes(app, service=service)
        ports = {row.id: self.processes.port_of(row.id) for row in rows if row.ready and not row.terminating}
        return [Backend(process, port) for process, port in ports.items() if port is not None]

    def builds_in_use(self) -> set[str]:
        """Builds whose source something may still be started from."""
        used: set[str] = set()
        for app in self.rack.held():
            used |= {release.build for release in app.releases[-KEPT_RELEASES:]}
            used |= {build.id for build in app.builds.values() if build.status is BuildStatus.RUNNING}
            used |= {pod.build for pod in app.pods.values()}
            current = (app.atom.release, app.atom.previous)
            used |= {release.build for release in app.releases if release.id in current}
        return used

    # Inside

    def _catch_up(self) -> bool:
        """Do all the model wants by now, and wake up when it next wants something; whether a rollout moved."""
        if self._closing:
            return False
        moved = False
        self._impose()
        while actions := self.rack.advance(self.clock()):
            for action in actions:
                self._do(action)
                moved = moved or isinstance(action, Logged)
        services = self._services_with_ports()
        if services != self.balancer.services:
            self._spawn(self.balancer.sync(services))
        self._arm()
        return moved

    def _impose(self) -> None:
        """Keep the loads and budgets that are ordered true of every app and service, those that just came too."""
        for app in self.rack.held():
            self.rack.set_budget(app.name, self.faults.budget_of(app.name))
            for name, deployment in app.deployments.items():
                load, demand = self.faults.load_on(app.name, name), deployment.demand
                if load != (demand.replicas if demand else None):
                    self.rack.set_load(app.name, name, load)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        instant_s = self.rack.next_instant_s()
        if instant_s is not None:
            delay_s = max(0.0, instant_s - self.clock())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.pump)

    def _do(self, action: Action) -> None:
        match action:
            case StartProcess():
                self._start(action)
            case StopProcess():
                self._spawn(self._stop(action))
            case ProbeProcess():
                self._spawn(self._probe(action))
            case Logged():
                self.log_of(action.app).write(Line(action.at_s, action.source, action.text))

    def _start(self, action: StartProcess) -> None:
        orders = self.faults.on_start(action)
        if any(each.kind is Fault.PENDING for each in orders):
            self._said(action, f"a fault was ordered: {Fault.PENDING}")
            self._held.add(action.process)
        elif self.processes.start(action, orders):
            self.rack.started(action.app, action.process)
        else:
            self.rack.exited(action.app, action.process, 127)

    async def _stop(self, action: StopProcess) -> None:
        if action.process in self._held:
            self._held.remove(action.process)
            self._exited(action.app, action.process, 0)
            return
        await self.balancer.drained(action.process, min(DRAIN_S, action.grace_s))
        self.processes.stop(action.process, action.grace_s)

    async def _probe(self, action: ProbeProcess) -> None:
        port = self.processes.port_of(action.process)
        # a health port of its own is asked where the manifest says, which only one replica can have
        asked = port if action.health.port == action.port else action.health.port
        spoiled = self.faults.on_probe(action.process)
        ok = asked is not None and not spoiled and await self._answers(asked, action.health.path, action.timeout_s)
        self.rack.probed(action.app, action.process, ok=ok)
        self.pump()

    def _exited(self, app: str, process: str, code: int) -> None:
        if not self._closing:
            self.rack.exited(app, process, code)
            self.pump()

    def _links(self, app: str) -> dict[str, str]:
        """Kubernetes' service links: how one service finds another, an internal one too (convox-facts 10.1)."""
        links: dict[str, str] = {}
        for owner, service in sorted(self._services_with_ports()):
            if owner == app:
                name, port = service.upper().replace("-", "_"), self.service_ports.of(app, service)
                links |= {f"{name}_SERVICE_HOST": LOOPBACK, f"{name}_SERVICE_PORT": str(port)}
                links[f"{name}_PORT"] = f"tcp://{LOOPBACK}:{port}"
        return links

    def _said(self, action: StartProcess, text: str) -> None:
        """A line of a process, as `logs` shows it."""
        source = f"service/{action.service}:{action.release}/{action.process}"
        self.log_of(action.app).write(Line(self.clock(), source, text, action.service, action.process))

    def _services_with_ports(self) -> set[tuple[str, str]]:
        return {
            (app.name, name)
            for app in self.rack.held()
            for name, deployment in app.deployments.items()
            if deployment.service.port is not None
        }

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _save(self) -> None:
        """Raises Refused if the disk does not take it."""
        self._unsaved = True
        try:
            write_json(self.home.state_file, dump(self.rack.held()))
        except OSError as exc:
            raise Refused(500, f"the rack cannot keep its state: {exc.strerror}") from exc
        self._unsaved = False


def _read_apps(file: Path) -> list[App]:
    document = read_json(file)
    if document is None:
        return []
    try:
        return load(document, parse_yaml)
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"{file} holds no state of a rack: {exc!r}") from exc
