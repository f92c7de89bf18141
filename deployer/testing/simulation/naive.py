"""
What people do without deployer: three scripts over the same ports, in the same worlds (faults 5.2).

Each sets the env, builds and promotes as ours does; they differ in what they believe. A script that meets an error of
the CLI stops there, as `set -e` has it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from deployer.core.errors import DeployerError, RackFailure
from deployer.core.models import HealthTarget, Process
from deployer.core.names import ReleaseId
from deployer.core.policy import Policy
from deployer.engine.look import targets_for
from deployer.testing.rack import read_manifest
from deployer.testing.simulation.runs import Runs
from deployer.testing.simulation.stage import Stage

CLI_POLL_S, CLI_GIVES_UP_S = 5.0, 35 * 60.0
POLL_S, GIVES_UP_S, STRICT_GIVES_UP_S = 5.0, 600.0, 900.0


class Said(Enum):
    """How a script ends, for whoever called it."""

    SUCCESS = "success"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"


Policed = Callable[["Script"], bool]


class Script:
    """One naive deploy of a stage's errand. `is_good` decides once the promote went out; a no rolls back."""

    def __init__(self, stage: Stage, is_good: Policed, *, rolls_back: bool) -> None:
        self.stage = stage
        self.rack, self.clock, self.probe = stage.first.rack, stage.clock, stage.first.probe
        self.release = ReleaseId("")
        self._is_good = is_good
        self._rolls_back = rolls_back
        request = Runs(stage, stage.first, lambda _: None, stage.first.rack.on_write).ship_request()
        self._request = request
        self.manifest = request.manifest or read_manifest(stage.schedule.layout.manifest(stage.schedule.program))

    def run(self) -> Said:
        try:
            before = self.rack.app().release
            self.release = self._prepared()
            self._promote(self.release)
            if self._is_good(self):
                return Said.SUCCESS
        except DeployerError:
            return Said.FAILED
        return self._roll_back(before) if self._rolls_back and before else Said.FAILED

    def _prepared(self) -> ReleaseId:
        if self._request.release:
            return self._request.release
        self.rack.set_env(self._request.wanted, replace=False)
        if self._request.source is None:
            raise ValueError("nothing to build")
        return self.rack.build(self._request.source, self._request.ship, lambda _: None).id

    def _promote(self, release: ReleaseId) -> None:
        refusal = self.rack.promote(release).state().refusal
        if refusal:
            raise refusal

    def _roll_back(self, before: ReleaseId) -> Said:
        """`releases rollback`: a copy, promoted whatever is there (convox-facts 2.7)."""
        try:
            self._promote(self.rack.copy(before, before))
        except DeployerError:
            return Said.FAILED
        return Said.ROLLED_BACK

    # What a script can see

    def rows(self) -> tuple[Process, ...] | None:
        try:
            return self.rack.processes()
        except RackFailure:
            return None

    def is_all_new(self) -> bool:
        """`convox ps` shows running processes of the release and none of another."""
        rows = self.rows()
        services = {each.name for each in self.manifest.services}
        own = [row for row in rows or () if row.service in services and row.status != "complete"]
        return bool(own) and all(row.release == self.release and row.status == "running" for row in own)

    def targets(self) -> tuple[HealthTarget, ...]:
        try:
            return targets_for(self.manifest, self.rack.services(), Policy())
        except RackFailure:
            return ()


def believes_the_cli(script: Script) -> bool:
    """A: the exit status of `convox releases promote`, which waits as convox-facts 2.6 has it."""
    rack, clock = script.rack, script.clock
    deadline_s, good, errors, saw_rollback = clock.now_s() + CLI_GIVES_UP_S, 0, 0, False
    while clock.now_s() < deadline_s:
        clock.sleep(CLI_POLL_S)
        try:
            status, errors = rack.app().status, 0
        except RackFailure:
            errors += 1
            if errors > 1:
                return False
            continue
        if saw_rollback:
            return False
        saw_rollback = status == "rollback"
        good = good + 1 if status == "running" else 0
        if good > 1:
            return rack.app().release == script.release
    return False


def polls_once(script: Script) -> bool:
    """C: until all processes are new, once, and one health answer is 200."""
    deadline_s = script.clock.now_s() + GIVES_UP_S
    while script.clock.now_s() < deadline_s:
        if script.is_all_new():
            answers = script.probe.round(script.targets()[:1])[:1]
            if not answers or answers[0].is_ok:
                return True
        script.clock.sleep(POLL_S)
    return False


def is_strict(script: Script) -> bool:
    """D: all new and all answers 200 for the release, for the whole soak; whatever fails starts it again."""
    clock, since_s = script.clock, None
    deadline_s = clock.now_s() + STRICT_GIVES_UP_S
    while clock.now_s() < deadline_s:
        answers = script.probe.round(script.targets())
        is_good = script.is_all_new() and all(each.is_ok and each.release == script.release for each in answers)
        now_s = clock.now_s()
        since_s = (now_s if since_s is None else since_s) if is_good else None
        if since_s is not None and now_s - since_s >= script.stage.schedule.policy.soak_s:
            return True
        clock.sleep(POLL_S)
    return False


SCRIPTS: dict[str, tuple[Policed, bool]] = {
    "A. the exit status of `convox releases promote`": (believes_the_cli, False),
    "C. all new once and one health answer, else roll back": (polls_once, True),
    "D. all new and healthy for the whole soak, else roll back": (is_strict, True),
}
