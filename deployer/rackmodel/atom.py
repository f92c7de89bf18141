"""The atom: which release an app is on, where its promote stands, and what outsiders see of it (convox-facts 3.4).

    Pending ──apply_s──> Updating ──conditions true──> Running
       │                    ├──cancel───> Cancelled ─┐
       │                    ├──deadline─> Deadline ──┤
       └──apply error───────┴──check error─> Error ──┴─revert_s─> Rollback ──conditions true──> Reverted
                                                                     └──deadline, nothing to check──> Failure

`release` is the current version's: NEW from the moment of the promote, OLD as soon as the reverting begins.
Running, Reverted and Failure all read `running`: how a promote ended cannot be told from the status.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from deployer.rackmodel.ids import NO_RELEASE, ReleaseId


class AtomState(StrEnum):
    PENDING = "Pending"
    UPDATING = "Updating"
    RUNNING = "Running"
    CANCELLED = "Cancelled"
    DEADLINE = "Deadline"
    ERROR = "Error"
    ROLLBACK = "Rollback"
    REVERTED = "Reverted"
    FAILURE = "Failure"


APP_STATUS = {
    AtomState.PENDING: "updating",
    AtomState.UPDATING: "updating",
    AtomState.RUNNING: "running",
    AtomState.CANCELLED: "rollback",
    AtomState.DEADLINE: "rollback",
    AtomState.ERROR: "rollback",
    AtomState.ROLLBACK: "rollback",
    AtomState.REVERTED: "running",
    AtomState.FAILURE: "running",
}

REVERTING = frozenset({AtomState.CANCELLED, AtomState.DEADLINE, AtomState.ERROR})
CHECKED = frozenset({AtomState.UPDATING, AtomState.ROLLBACK})


@dataclass(slots=True)
class Atom:
    """Where an app stands. A new app is Running on the empty release, and that is what a first promote reverts to.

    `previous` is None when there is nowhere to go back to: a revert uses it up. A promote sets it to the version
    that is current then, proven or not: that is how a forced promote poisons it (3.4).
    """

    state: AtomState = AtomState.RUNNING
    release: ReleaseId = NO_RELEASE
    previous: ReleaseId | None = None
    since_s: float = 0.0
    checked_s: float = 0.0
    deadline_s: float = math.inf
    timeout_s: float = 0.0
    fail_check: bool = False
    was_complete: bool = False

    @property
    def status(self) -> str:
        return APP_STATUS[self.state]


@dataclass(slots=True)
class Mirror:
    """Status and release as the API answers them: another controller copies them, so they trail the atom (3.4)."""

    status: str = "running"
    release: ReleaseId = NO_RELEASE
    coming: deque[tuple[float, str, ReleaseId]] = field(default_factory=deque)

    def put(self, at_s: float, status: str, release: ReleaseId) -> None:
        self.coming.append((at_s, status, release))

    def catch_up(self, now_s: float) -> None:
        while self.coming and self.coming[0][0] <= now_s:
            _, self.status, self.release = self.coming.popleft()
