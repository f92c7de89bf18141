"""
What a stream of events amounts to: a fold. The engine asks it how far a run got; `history` and `resume` read journals
with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.core.events import Ended, Event, Intended, Judged, Planned, Resumed, Started, Wrote
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Plan

PROMOTE = "releases promote"
RUN = "run"
ENV, UNSET, BUILD, CANCEL = "env set", "env unset", "build", "apps cancel"
LOCK = "config set (lock)"
RESUME = "resume"
DONE, NOT_DONE, CANNOT_TELL = "done", "not done", "cannot tell"


@dataclass(frozen=True, slots=True)
class Summary:
    """
    Where a run stands. `promoting` is the release whose promote was intended last: from then on users may see it.

    `command` is what became of the release command, "" where none was started: nothing takes back what it has done.

    `owner` is the ship whose rollout and lock these are: the run's own, or that of the one it has taken up.

    `build` is what became of the build, "" where none was started; `built` and `env_release` are what it and `env set`
    made. `doom` says why it had to go back, once it had; `left` is what it went back from by a copy, which is
    `promoting` then, and `is_cancelled` that a rollout was cancelled, or may have been.
    """

    ship: ShipId | None = None
    owner: ShipId | None = None
    plan: Plan | None = None
    promoting: ReleaseId | None = None
    unfinished: Intended | None = None
    is_locked: bool = False
    command: str = ""
    build: str = ""
    built: ReleaseId | None = None
    env_release: ReleaseId | None = None
    doom: str = ""
    left: ReleaseId | None = None
    was_cancelled: bool = False
    created: tuple[ReleaseId, ...] = ()
    ended: Ended | None = None

    def after(self, event: Event) -> Summary:
        match event:
            case Started():
                return replace(self, ship=event.ship, owner=event.ship)
            case Planned():
                # what `resume` ships was built by the run that it has taken up
                built = event.plan.release if event.plan.command == RESUME else self.built
                return replace(self, plan=event.plan, built=built)
            case Resumed():
                return self._resumed(event)
            case Judged(judgement="doomed" | "rack went back", why=why):
                return replace(self, doom=why)
            case Intended():
                return self._intended(event)
            case Wrote():
                return self._wrote(event)
            case Ended():
                return replace(self, ended=event)
            case _:
                return self

    def _resumed(self, event: Resumed) -> Summary:
        return replace(
            self,
            owner=event.ship,
            promoting=event.release,
            doom=event.doom,
            left=event.left,
            was_cancelled=event.is_cancelled,
            unfinished=None if event.is_seen else Intended(PROMOTE, release=event.release),
            is_locked=True,
        )

    def _intended(self, event: Intended) -> Summary:
        """Until its outcome is known, whatever was intended may have happened."""
        begun = replace(self, unfinished=event)
        if event.write == PROMOTE:
            return replace(begun, promoting=event.release, left=self.promoting)
        if event.write == LOCK:
            return replace(begun, is_locked=True)
        if event.write == RUN:
            return replace(begun, command=CANNOT_TELL)
        if event.write == BUILD:
            return replace(begun, build=CANNOT_TELL)
        return begun

    def _wrote(self, event: Wrote) -> Summary:
        over, is_done = replace(self, unfinished=None), event.outcome != NOT_DONE
        if event.write == PROMOTE:
            # the promote of a copy that never went out leaves what it was to take back
            return over if is_done else replace(over, promoting=self.left, left=None)
        if event.write == LOCK:
            return replace(over, is_locked=is_done)
        if event.write == RUN:
            return replace(over, command=event.outcome if is_done else "")
        if event.write == CANCEL:  # one that is refused takes none before it back
            return replace(over, was_cancelled=self.was_cancelled or is_done)
        return over._made(event)

    def _made(self, event: Wrote) -> Summary:
        made = event.release if event.outcome == DONE else None
        if event.write == BUILD:
            return replace(self, build=event.outcome, built=made, created=(*self.created, *([made] if made else [])))
        if event.write == ENV and made:
            return replace(self, env_release=made, created=(*self.created, made))
        return replace(self, created=(*self.created, made)) if made else self

    @property
    def is_cancelled(self) -> bool:
        return self.was_cancelled or (self.unfinished is not None and self.unfinished.write == CANCEL)

    @property
    def may_have_built(self) -> bool:
        """There is a build of ours, or there may be one."""
        return self.built is not None or self.build in (DONE, CANNOT_TELL)

    @property
    def has_begun(self) -> bool:
        """
        It wrote something on the rack that may be left to finish, or to undo.

        What is done by hand to an env or a lock has no plan: it leaves nothing to finish, and hides no ship.
        """
        has_prepared = self.plan is not None and (bool(self.created) or self.is_locked)
        return self.promoting is not None or self.may_have_built or has_prepared

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
