"""
The world as it can be seen when a rollout has ended badly, and the one legal way back from each state of it.

Rule 1: everything that decides what may be written on the way back is in `WAYS`. The engine looks twice, names the
state with `world_of`, reads the move in the table, makes it, and looks again.

Convox has no compare-and-swap, so the look comes right before each write; a race of a second or two with another
person's promote can be narrowed, not closed (faults 0.15).

Source: design 2.3, convox-facts 3.4 (atom states and the app status each one shows).
"""

from __future__ import annotations

from enum import Enum

from deployer.core.models import App
from deployer.core.names import ReleaseId


class World(Enum):
    """What is active, against what we promoted and what served before."""

    FOREIGN = "neither ours nor the baseline is active"
    BASELINE_RUNNING = "the baseline is active and running"
    BASELINE_MOVING = "the baseline is active and the rack is at work"
    ROLLING_BACK = "the rack is rolling back"
    OURS_UPDATING = "ours is active and rolling out"
    OURS_RUNNING = "ours is active and the rack calls it running"
    UNKNOWN = "the rack does not say"


class Move(Enum):
    """What may be done about it. Only `CANCEL` and `ROLL_BACK` write."""

    LEAVE = "write nothing: somebody else is at work"
    PROVE = "the rack went back by itself: prove the baseline"
    WAIT = "wait, then look again: a rollback is never cancelled"
    CANCEL = "`apps cancel`: old processes that are still there are kept"
    ROLL_BACK = "a copy of the baseline is promoted and proven"


WAYS: dict[World, Move] = {
    World.FOREIGN: Move.LEAVE,
    World.BASELINE_RUNNING: Move.PROVE,
    World.BASELINE_MOVING: Move.WAIT,
    World.ROLLING_BACK: Move.WAIT,
    World.OURS_UPDATING: Move.CANCEL,
    World.OURS_RUNNING: Move.ROLL_BACK,
    World.UNKNOWN: Move.WAIT,
}


def world_of(app: App | None, *, ours: ReleaseId | None, baseline: ReleaseId | None) -> World:
    """Name the state. `baseline` is `None` on a first deploy, when nothing was active before."""
    if app is None or app.status in ("unknown", "deleting"):
        return World.UNKNOWN
    if app.release not in (ours, baseline):
        return World.FOREIGN
    if app.status == "rollback":
        return World.ROLLING_BACK
    if app.release == ours:
        return World.OURS_RUNNING if app.is_running else World.OURS_UPDATING
    return World.BASELINE_RUNNING if app.is_running else World.BASELINE_MOVING
