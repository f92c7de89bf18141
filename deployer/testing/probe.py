"""Health answers of simulated processes, through a balancer that spreads requests over the ready ones."""

from __future__ import annotations

from collections.abc import Sequence

from deployer.core.models import Answer, HealthTarget, stamp_in
from deployer.core.names import AppName, ProcessId, ReleaseId
from deployer.engine.ports import Clock
from deployer.rackmodel import ProcessRow
from deployer.testing.world import SimulatedWorld


class SimulatedProbe:
    """Implements the engine's `Probe`. `is_deaf`: no question is answered any more."""

    def __init__(self, world: SimulatedWorld, app: AppName, clock: Clock) -> None:
        self._world = world
        self._app = app
        self._clock = clock
        self._turn = 0
        self.is_deaf = False

    def round(self, targets: Sequence[HealthTarget]) -> tuple[Answer, ...]:
        ready = {each: self._world.answering(self._app, each.service) for each in targets}
        return tuple(self._ask(each, ready[each]) for each in targets for _ in range(each.times))

    def _ask(self, target: HealthTarget, ready: list[ProcessRow]) -> Answer:
        if self.is_deaf:
            return Answer(target.service, error="timed out", is_lost=True)
        if not ready:
            return Answer(target.service, 503)
        self._turn += 1
        row = ready[self._turn % len(ready)]
        life = self._world.lives[row.id]
        program, age_s = self._world.program_of(life), self._clock.now_s() - life.began_s
        if program.is_mute(row.id):
            return Answer(target.service, error="timed out", is_lost=True)
        release = program.says_release or life.env["RELEASE"]
        return Answer(
            target.service,
            program.code(age_s),
            ReleaseId(release) if program.names_release else None,
            ProcessId(row.id) if program.names_process else None,
            stamp=self._stamp_of(row) if program.names_stamp else "",
            elapsed_s=0.03,
        )

    def _stamp_of(self, row: ProcessRow) -> str:
        """What is baked into the image: the ship that built it, whatever the process was told it is (faults 0.8)."""
        return stamp_in(self._world.model.build(self._app, row.build).description) or ""
