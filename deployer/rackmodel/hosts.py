"""Where apps live: each with what keeps it, and the instant at which it next has something to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from deployer.rackmodel import refusals
from deployer.rackmodel.actions import Action
from deployer.rackmodel.app import App
from deployer.rackmodel.autoscaler import Autoscaler
from deployer.rackmodel.ids import AppName, Ids, ProcessId
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.pods import Pod
from deployer.rackmodel.replicas import Replicas
from deployer.rackmodel.rollout import Load, Rollout
from deployer.rackmodel.timers import Timers


@dataclass(slots=True)
class Host:
    """One app and its controllers."""

    app: App
    replicas: Replicas
    timers: Timers
    autoscaler: Autoscaler
    rollout: Rollout
    due_s: float = math.inf

    def settle(self, now_s: float) -> None:
        self.timers.settle(now_s)
        self.autoscaler.settle(now_s)
        self.rollout.settle(now_s)
        controllers = (self.rollout.next_due_s(now_s), self.timers.next_due_s(), self.autoscaler.next_due_s())
        self.due_s = min(controllers)


class Hosts:
    """The apps of a rack, by name. Knows the time that has passed."""

    def __init__(self, ids: Ids, physics: Physics, load: Load, emit: Callable[[Action], None], now_s: float) -> None:
        self.now_s = now_s
        self._ids = ids
        self._physics = physics
        self._load = load
        self._emit = emit
        self._by_name: dict[AppName, Host] = {}

    def add(self, app: App) -> Host:
        """Put its processes to work."""
        replicas = Replicas(app, self._physics, self._ids, self._emit)
        timers = Timers(app, replicas, self._ids, self._emit)
        rollout = Rollout(app, replicas, timers, self._physics, self._load, self._emit)
        host = self._by_name[app.name] = Host(app, replicas, timers, Autoscaler(app, self._physics), rollout)
        self.settle(host)
        return host

    def settle(self, host: Host) -> None:
        """Do all that is due for an app. One that is to be deleted goes with its last process."""
        host.settle(self.now_s)
        if host.app.deleting and not host.app.pods:
            del self._by_name[host.app.name]

    def advance(self, now_s: float) -> None:
        """Let time pass, from instant to instant."""
        while (due_s := self.next_due_s()) <= now_s:
            self.now_s = max(self.now_s, due_s)
            for host in [host for host in self._by_name.values() if host.due_s <= self.now_s]:
                self.settle(host)
        self.now_s = max(self.now_s, now_s)

    def next_due_s(self) -> float:
        """Infinity if nothing ever happens by itself."""
        return min((host.due_s for host in self._by_name.values()), default=math.inf)

    def find(self, name: str) -> Host | None:
        return self._by_name.get(AppName(name))

    def get(self, name: str) -> Host:
        """Raises Refused (404) if there is no such app."""
        if (found := self.find(name)) is None:
            raise refusals.app_not_found(name)
        return found

    def living(self, name: str) -> Host:
        """An app on which something may be started. Raises Refused (404)."""
        if (found := self.get(name)).app.deleting:
            raise refusals.app_not_found(name)
        return found

    def find_pod(self, app: str, process: str) -> tuple[Host, Pod] | None:
        host = self.find(app)
        pod = host.app.pods.get(ProcessId(process)) if host else None
        return (host, pod) if host and pod else None

    def all(self) -> list[App]:
        """In the order in which they came."""
        return [host.app for host in self._by_name.values()]
