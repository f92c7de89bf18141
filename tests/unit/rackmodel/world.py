"""A rack in virtual time whose processes behave as a test says."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deployer.rackmodel import Action, Ids, Physics, ProbeProcess, Rack, StartProcess, StopProcess

APP = "myapi"


@dataclass
class Behaviour:
    """What a process does: exits after so long (never if None), answers its probes once it has run for so long."""

    exits_after_s: float | None = None
    ready_after_s: float = 0.0
    stops_in_s: float = 0.5


@dataclass
class World:
    """Runs the actions of a rack; `behaves` picks the behaviour of each start."""

    rack: Rack
    behaves: Callable[[StartProcess], Behaviour] = lambda _: Behaviour()
    actions: list[Action] = field(default_factory=list)
    exits: dict[str, float] = field(default_factory=dict)
    ready_at: dict[str, float] = field(default_factory=dict)
    running: dict[str, Behaviour] = field(default_factory=dict)

    def run(self, seconds: float, watch: Callable[[], None] = lambda: None) -> None:
        """Let time pass from instant to instant; `watch` is called after each one."""
        until_s = self.rack.now_s + seconds
        while (instant_s := self._next_s()) <= until_s:
            for action in self.rack.advance(instant_s):
                self.actions.append(action)
                self._do(action)
            self._let_exit()
            watch()
        self.actions += self.rack.advance(until_s)

    def run_until(self, done: Callable[[], bool], at_most_s: float = 4000) -> None:
        end_s = self.rack.now_s + at_most_s
        while not done():
            assert self.rack.now_s < end_s, "the rack never got there"
            self.run(0.25)

    def _next_s(self) -> float:
        instant_s = self.rack.next_instant_s()
        return min([math.inf if instant_s is None else instant_s, *self.exits.values()])

    def _let_exit(self) -> None:
        for process in [process for process, at_s in self.exits.items() if at_s <= self.rack.now_s]:
            del self.exits[process]
            self.rack.exited(APP, process, 1)

    def _do(self, action: Action) -> None:
        now_s = self.rack.now_s
        match action:
            case StartProcess():
                behaviour = self.running[action.process] = self.behaves(action)
                self.ready_at[action.process] = now_s + behaviour.ready_after_s
                if behaviour.exits_after_s is not None:
                    self.exits[action.process] = now_s + behaviour.exits_after_s
                self.rack.started(action.app, action.process)
            case ProbeProcess():
                self.rack.probed(action.app, action.process, ok=self.ready_at[action.process] <= now_s)
            case StopProcess():
                self.exits[action.process] = now_s + self.running[action.process].stops_in_s

    # What a test arranges and asks

    def ships(self, *, env: str | None = None, **service: Any) -> str:
        """Build and promote a release of one service `web`; its id."""
        if env is not None:
            self.rack.create_release(APP, env=env)
        release = self.builds(**service)
        self.rack.promote(APP, release)
        return release

    def builds(self, **service: Any) -> str:
        return self.builds_all({"services": {"web": {"port": 3000, "health": {"grace": 2, "interval": 2}, **service}}})

    def builds_all(self, manifest: dict[str, Any]) -> str:
        """A release of a whole manifest."""
        build = self.rack.create_build(APP, description="a build")
        return self.rack.complete_build(APP, build.id, json.dumps(manifest)).id

    def serves(self, **service: Any) -> str:
        """Ship a release and wait until the rack says that it runs."""
        release = self.ships(**service)
        self.run_until(lambda: self.status == "running" and self.active == release)
        return release

    @property
    def status(self) -> str:
        return self.rack.app(APP).status

    @property
    def active(self) -> str:
        return self.rack.app(APP).release

    def rows(self, release: str | None = None) -> list[str]:
        """The statuses of `ps`, builds left out."""
        return [row.status.value for row in self.rack.processes(APP, service="web", release=release)]


def a_world(physics: Physics | None = None, seed: int = 1) -> World:
    rack = Rack(Ids(random.Random(seed)), physics or Physics(resync_s=2))
    rack.create_app(APP)
    return World(rack)


def crashes(release: Callable[[], str], after_s: float = 0.5) -> Callable[[StartProcess], Behaviour]:
    """Processes of that release exit soon; all others behave."""
    return lambda start: Behaviour(exits_after_s=after_s) if start.release == release() else Behaviour()
