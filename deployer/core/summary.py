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
RUN = "run"
LOCK = "config set (lock)"
DONE, NOT_DONE, CANNOT_TELL = "done", "not done", "cannot tell"


@dataclass(frozen=True, slots=True)
class Summary:
    """
    Where a run stands. `promoting` is the release whose promote was intended last: from then on users may see it.

    `command` is what became of the release command, "" where none was started: nothing takes back what it has done.

    `gone_back_from` is the release that was promoted before that one, which is its way back then.

    `owner` is the ship whose rollout and lock these are: the run's own, or that of the one it has taken up.
    """

    ship: ShipId | None = None
    owner: ShipId | None = None
    plan: Plan | None = None
    promoting: ReleaseId | None = None
    gone_back_from: ReleaseId | None = None
    unfinished: Intended | None = None
    is_locked: bool = False
    command: str = ""
    created: tuple[ReleaseId, ...] = ()
    ended: Ended | None = None

    def after(self, event: Event) -> Summary:
        match event:
            case Started():
                return replace(self, ship=event.ship, owner=event.ship)
            case Planned():
                return replace(self, plan=event.plan)
            case Resumed():
                left = event.gone_back_from
                return replace(self, owner=event.ship, promoting=event.release, gone_back_from=left, is_locked=True)
            case Intended() if event.write == PROMOTE:
                return replace(self, unfinished=event, promoting=event.release, gone_back_from=self.promoting)
            case Intended():
                command = CANNOT_TELL if event.write == RUN else self.command
                return replace(self, unfinished=event, command=command)
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
        if event.write == RUN:
            return replace(self, unfinished=None, command="" if event.outcome == NOT_DONE else event.outcome)
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
    def command_told(self) -> str:
        """What must be said of the release command, whatever became of the release."""
        line = self.plan.release_command.line if self.plan and self.plan.release_command else ""
        told = {DONE: "the release command has run", CANNOT_TELL: "the release command may still be running"}
        return f"{told[self.command]}: {line}" if self.command in told else ""

    @property
    def serving(self) -> str:
        """What served when we started, as far as is known."""
        return self.plan.baseline.release if self.plan and self.plan.baseline else "nothing"
