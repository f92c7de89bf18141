"""
What a stream of events amounts to: a fold. The engine asks it how far a run got; `history` and `resume` read journals
with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.core.events import Ended, Event, Intended, Planned, Resumed, Started, Wrote
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Plan

PROMOTE = "releases promote"
LOCK = "config set (lock)"
DONE, NOT_DONE, CANNOT_TELL = "done", "not done", "cannot tell"


@dataclass(frozen=True, slots=True)
class Summary:
    """
    Where a run stands. `promoting` is the release whose promote was intended last: from then on users may see it.

    `owner` is the ship whose rollout and lock these are: the run's own, or that of the one it has taken up.
    """

    ship: ShipId | None = None
    owner: ShipId | None = None
    plan: Plan | None = None
    promoting: ReleaseId | None = None
    unfinished: Intended | None = None
    is_locked: bool = False
    created: tuple[ReleaseId, ...] = ()
    ended: Ended | None = None

    def after(self, event: Event) -> Summary:
        match event:
            case Started():
                return replace(self, ship=event.ship, owner=event.ship)
            case Planned():
                return replace(self, plan=event.plan)
            case Resumed():
                return replace(self, owner=event.ship, promoting=event.release, is_locked=True)
            case Intended():
                promoting = event.release if event.write == PROMOTE else self.promoting
                return replace(self, unfinished=event, promoting=promoting)
            case Wrote():
                return self._wrote(event)
            case Ended():
                return replace(self, ended=event)
            case _:
                return self

    def _wrote(self, event: Wrote) -> Summary:
        if event.write == PROMOTE:
            return replace(self, unfinished=None, promoting=None if event.outcome == NOT_DONE else self.promoting)
        if event.write == LOCK:
            return replace(self, unfinished=None, is_locked=event.outcome != NOT_DONE)
        made = (event.release,) if event.release and event.outcome == DONE else ()
        return replace(self, unfinished=None, created=(*self.created, *made))

    @property
    def is_under_way(self) -> bool:
        """A promote went out, so leaving now leaves a rollout behind."""
        return self.promoting is not None and self.ended is None

    @property
    def is_promote_unknown(self) -> bool:
        """A promote went out, and the rack was not seen to take it."""
        return self.unfinished is not None and self.unfinished.write == PROMOTE

    @property
    def serving(self) -> str:
        """What served when we started, as far as is known."""
        return self.plan.baseline.release if self.plan and self.plan.baseline else "nothing"
