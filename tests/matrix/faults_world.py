"""Injectors of what the rack, the app and others do."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace

from deployer.core.errors import RackBusy
from deployer.core.models import Answer, Process
from deployer.core.names import ProcessId, ReleaseId, ServiceName, ShipId
from deployer.core.verdict import Verdict
from deployer.engine.ports import LockNote, PromoteState
from deployer.testing.programs import CRASHES, Program
from tests.engine.conftest import APP
from tests.matrix.cells import Step
from tests.matrix.stage import READY_S, Stage, Watcher
from tests.matrix.struck import Rows, Strike, StruckRack

HOUR_S = 3600.0
NAP_S = 1200.0


def _rows(stage: Stage, step: Step, for_s: float | None, shows: Callable[[Rows], Rows]) -> None:
    rack = stage.rack
    stage.during(step, for_s, lambda: rack.shows_rows(shows), rack.shows_rows)
    if step is Step.PRE:
        stage.sink.hooks[Step.ENV] = rack.shows_rows


def _status(stage: Stage, step: Step, for_s: float | None, status: str) -> None:
    rack = stage.rack
    stage.during(step, for_s, lambda: rack.shows_app(lambda app: replace(app, status=status)), rack.shows_app)


def wall_clock_jumps(stage: Stage, step: Step, _: float | None) -> None:
    def jump() -> None:
        stage.clock.wall_off_s = HOUR_S
        stage.later(3.0, lambda: setattr(stage.clock, "wall_off_s", -HOUR_S))

    stage.when(step, jump)


def another_ship(stage: Stage, step: Step, _: float | None) -> None:
    """Another run of ours, on the same ledger and rack: it keeps away, or was there first and we do."""
    if step is Step.PRE:
        note = LockNote(ShipId("20261124-115900-0000ff"), "gha:4711", "2026", "2099", "ship")
        stage.when(step, lambda: setattr(stage.ledger, "lock", note))
        return

    def start() -> None:
        other = copy.copy(stage)
        other.sink = Watcher(stage.clock)
        other.rack = StruckRack(stage.world, APP, stage.clock)
        ended = other.ship("good")

        def has_kept_away() -> None:
            assert (Verdict.BUSY, ()) == (ended.verdict, other.writes)
            assert "is at work" in ended.why

        stage.checks.append(has_kept_away)

    stage.when(step, start)


def somebody_promotes(stage: Stage, step: Step, _: float | None) -> None:
    stage.world.programs["theirs"] = Program(ready_after_s=90.0 if step is Step.PRE else 2.0)

    def promote() -> None:
        stage.theirs = stage.built("theirs")
        stage.model.promote(APP, stage.theirs, force=True)

    # right after our own promote; right before it is the race that can only be narrowed (faults 0.15)
    stage.when(step, lambda: stage.later(1.0, promote) if step is Step.PRO else promote())


def rack_goes_back(stage: Stage, step: Step, for_s: float | None) -> None:
    """Before our promote: from what somebody else had tried. After it: from ours."""
    if step in (Step.PRE, Step.ENV, Step.BLD):
        _status(stage, step, for_s, "rollback")
        return
    stage.when(step, lambda: stage.later(3.0 if step is Step.PRO else 0.0, lambda: stage.model.fail_next_check(APP)))


def stuck(stage: Stage, step: Step, for_s: float | None) -> None:
    """The app's status says nothing: `unknown`, or Pending, which reads `updating` and cannot be cancelled."""
    status = "unknown" if step in (Step.PS, Step.SOK) else "updating"
    if step is Step.NTF:
        stage.when(step, lambda: None)
        return
    if step is Step.PRO:
        stage.rack.strikes["promote"] = Strike(promote=PromoteState(is_over=False, is_announced=True))
    if step is Step.RBK:
        what = "convox apps cancel: the app is not in a state for this"
        stage.rack.strikes["cancel"] = Strike(RackBusy(what, why="app is not currently updating"))
    _status(stage, step, for_s, status)


def empty_list(stage: Stage, step: Step, for_s: float | None) -> None:
    _rows(stage, step, for_s, lambda _: ())


# What the new release does, seconds after the start of its processes, so that it meets the step.
_LOOPS = {
    Step.PS: CRASHES,
    Step.HLT: Program(exits_after_s=9.0),
    Step.SOK: Program(exits_after_s=20.0),
    Step.NTF: Program(ready_after_s=READY_S, exits_after_s=60.0),
}


def crash_loop(stage: Stage, step: Step, _: float | None) -> None:
    """Before us and on the way back it is the old code that crashes; in between the new."""

    def old_code() -> None:
        stage.world.programs["good"] = CRASHES
        for row in stage.model.processes(APP):
            stage.model.stop_process(APP, row.id)
        stage.clock.advance(1.0)

    if step in (Step.PRE, Step.RBK):
        stage.when(step, old_code)
        return
    if step is Step.SOK:
        stage.policy = replace(stage.policy, soak_s=60.0)
    stage.when(Step.BLD, lambda: stage.world.programs.update(better=_LOOPS[step]))


def old_row(stage: Stage, step: Step, for_s: float | None) -> None:
    """A replica of the release before is listed beside the new ones and does not go away."""
    row = Process(ProcessId("api-0a1b2c3d4e-aaaaa"), ServiceName("api"), "running", ReleaseId(stage.before))
    _rows(stage, step, for_s, lambda rows: (*rows, row))


def mixed(stage: Stage, step: Step, for_s: float | None) -> None:
    """Before us a rollout of somebody's that is half done; later an old replica that stays, and answers."""
    if step is Step.PRE:
        somebody_promotes(stage, step, for_s)
    elif step is Step.HLT:
        turn, probe = itertools.count(), stage.probe

        def hears(honest: Answer) -> Answer:
            stray = replace(honest, release=ReleaseId(stage.before), process=None)
            return honest if next(turn) % 3 else stray

        stage.during(step, for_s, lambda: probe.listens(hears), probe.listens)
    else:
        old_row(stage, step, for_s)


def autoscale(stage: Stage, step: Step, _: float | None) -> None:
    def churn() -> None:
        stage.model.scale(APP, "api", 4)
        stage.later(7.0, lambda: stage.model.stop_process(APP, stage.model.processes(APP)[0].id))
        stage.later(12.0, lambda: stage.model.scale(APP, "api", 3))

    stage.when(step, churn)


def others_in_ps(stage: Stage, step: Step, _: float | None) -> None:
    """A console that somebody left open on the old release, and a timer's process."""
    timer = Process(ProcessId("timer-cleanup-28210-abcde"), ServiceName("api"), "running", ReleaseId(stage.before))

    def begin() -> None:
        stage.model.run_process(APP, "api", "console")
        stage.rack.shows_rows(lambda rows: (*rows, timer))

    stage.world.programs["console"] = Program()
    stage.when(step, begin)


def machine_sleeps(stage: Stage, step: Step, for_s: float | None) -> None:
    """The machine sleeps 20 minutes: seconds that its monotonic clock leaves out, or, with `for_s`, counts."""
    stage.when(step, lambda: stage.clock.advance(NAP_S) if for_s else stage.clock.suspend(NAP_S))
