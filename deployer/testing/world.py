"""The rack model in virtual time, with simulated processes: what `SimulatedRack` and `SimulatedProbe` look at."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deployer.rackmodel import Ids, Physics, ProbeProcess, ProcessKind, ProcessRow, Rack, StartProcess, StopProcess
from deployer.testing.clock import ManualClock
from deployer.testing.programs import BUILT_IN, Program

STOPS_AFTER_S = 0.5


@dataclass(frozen=True, slots=True)
class Life:
    """One run of one process, from the start that it was given."""

    command: str
    began_s: float
    attempt: int
    env: Mapping[str, str]


class SimulatedWorld:
    """
    Moves the model and its processes as the clock moves. A service's `command` names its program.

    `started_as`: from now on what is started by that command is another program (its secret is gone, say), while what
    runs already stays what it is.
    """

    def __init__(self, clock: ManualClock, *, seed: int = 0, physics: Physics | None = None) -> None:
        self.model = Rack(Ids(random.Random(seed)), physics or Physics(resync_s=2.0))  # noqa: S311 - not a secret
        self.programs: dict[str, Program] = dict(BUILT_IN)
        self.started_as: dict[str, str] = {}
        self.lives: dict[str, Life] = {}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        clock.watch(self.run_until)

    def program_of(self, life: Life) -> Program:
        """Looked up afresh, so that a test can change what running code does."""
        return self.programs[life.command]

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Have something happen at an instant: an exit, or somebody else's doing."""
        heapq.heappush(self._agenda, (at_s, next(self._order), do))

    def run_until(self, now_s: float) -> None:
        while (instant_s := self._next_s()) <= now_s:
            self._step(instant_s)
        self._step(now_s)

    def answering(self, app: str, service: str) -> list[ProcessRow]:
        """The replicas that the balancer sends a request to: ready, and not on their way out."""
        rows = self.model.processes(app, service=service)
        replicas = (row for row in rows if row.kind is ProcessKind.REPLICA)
        return [row for row in replicas if row.ready and not row.terminating and row.id in self.lives]

    def _next_s(self) -> float:
        due_s = self._agenda[0][0] if self._agenda else float("inf")
        model_s = self.model.next_instant_s()
        return due_s if model_s is None else min(due_s, model_s)

    def _step(self, now_s: float) -> None:
        self._carry_out(now_s)
        while self._agenda and self._agenda[0][0] <= now_s:
            heapq.heappop(self._agenda)[2]()
            self._carry_out(now_s)

    def _carry_out(self, now_s: float) -> None:
        for action in self.model.advance(now_s):
            match action:
                case StartProcess():
                    self._start(action, now_s)
                case StopProcess():
                    self._exit_at(action.app, action.process, now_s + min(STOPS_AFTER_S, action.grace_s), 0)
                case ProbeProcess():
                    self.model.probed(action.app, action.process, ok=self._is_up(action.process, now_s))

    def _is_up(self, process: str, now_s: float) -> bool:
        life = self.lives.get(process)
        if life is None:
            return False
        program = self.program_of(life)
        return program.is_up(now_s - life.began_s) and not program.is_dead(process)

    def _start(self, action: StartProcess, now_s: float) -> None:
        command = self.started_as.get(action.command, action.command)
        program = self.programs[command]
        self.lives[action.process] = Life(command, now_s, action.attempt, dict(action.env))
        self.model.started(action.app, action.process)
        stumbles = program.exits_on is None or action.attempt < program.exits_on
        if program.exits_after_s is not None and stumbles:
            self._exit_at(action.app, action.process, now_s + program.exits_after_s, program.exit_code)

    def crash(self, app: str, process: str) -> None:
        """Its container exits now, once, and is restarted in the same pod."""
        self._exit_at(app, process, self.model.now_s, 137)

    def _exit_at(self, app: str, process: str, at_s: float, code: int) -> None:
        life = self.lives.get(process)

        def exits() -> None:
            if self.lives.get(process) is life:  # not a later attempt
                self.lives.pop(process, None)
                self.model.exited(app, process, code)

        self.at(at_s, exits)
