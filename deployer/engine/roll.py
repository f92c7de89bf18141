"""
Roll one release out: gate, promote, watch. Shared by `ship`, `rollback` and the way back.

What becomes of the judge's word is for the caller; nothing here writes but the one promote.
Source: design 2.1 steps 6 to 9.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace

from deployer.core.errors import (
    Busy,
    Denied,
    NotFound,
    NotPromoted,
    RackBusy,
    RackFailure,
    RackUnreachable,
    RefusedByRack,
    Unauthorised,
)
from deployer.core.events import Intended, Said, Wrote
from deployer.core.judge import (
    Believed,
    Doomed,
    Judgement,
    LostSight,
    Proven,
    RackRolledBack,
    Superseded,
    believe,
    judge,
)
from deployer.core.models import Expected, Manifest, Rollout, Service
from deployer.core.names import ReleaseId, ShipId
from deployer.core.policy import Policy
from deployer.core.summary import DONE, LOCK, NOT_DONE, PROMOTE
from deployer.engine.look import look_at_app
from deployer.engine.ports import LockNote, Ports, PromoteChild
from deployer.engine.run import rack_words
from deployer.engine.watch import Watch
from deployer.engine.write import write

# The rack said no, or was never reached: with a read-back that agrees, nothing was promoted (design 2.1 step 7).
_REFUSALS = (RefusedByRack, RackBusy, Denied, Unauthorised, NotFound, RackUnreachable)


@dataclass(frozen=True, slots=True)
class Aim:
    """A release, and what must be seen of it before it counts as proven."""

    release: ReleaseId
    manifest: Manifest
    expected: tuple[Expected, ...]
    stamp: ShipId | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """
    Roll `aim` out over `baseline`. `no_way_back` says why a bad one may not be taken back, "" if it may.

    `no_verify`: the rack's word is taken, and no question is asked. `cannot_undo` is what a way back leaves as it is;
    `keys` of the env it takes back, those that others had `staged` among them.
    """

    ship: ShipId
    actor: str
    aim: Aim
    baseline: Aim | None
    services: tuple[Service, ...]
    policy: Policy
    no_way_back: str = ""
    staged: tuple[str, ...] = ()
    no_verify: bool = False
    cannot_undo: str = ""
    keys: tuple[str, ...] = ()

    @property
    def serving(self) -> ReleaseId | None:
        return self.baseline.release if self.baseline else None

    @property
    def is_active_already(self) -> bool:
        """Nothing to promote, and so nothing of ours to take back: it is verified."""
        return self.serving == self.aim.release

    @property
    def rollout(self) -> Rollout:
        baseline = None if self.is_active_already else self.serving
        return Rollout(self.aim.release, baseline, self.aim.expected, self.aim.stamp)


def roll_out(order: Order, ports: Ports) -> Judgement:
    """
    Take `order.aim` from the gate to the judge's last word: settled, doomed, superseded, gone back or out of sight.

    Raises Busy or NotPromoted when the read-back shows that nothing changed.

    A release that is active is verified, not promoted: that would make it the rack's own "previous" and poison the way
    back (faults 0.2).
    """
    if not order.is_active_already:
        _tell_the_rack(order, ports)
    pass_gate(order, ports)
    if order.is_active_already:
        ports.sink.record(Said("promote", f"{order.serving} is active already: nothing to promote, verifying"))
        return _watch(order, None, ports)
    child = _promote(order, ports)
    try:
        return _watch(order, child, ports)
    finally:
        child.kill()  # it has no say any more, and must not promote behind our back; the rollout does not mind


def watch_out(order: Order, ports: Ports) -> Judgement:
    """Watch a rollout whose promote went out in an earlier run, to the judge's last word."""
    return _watch(order, None, ports)


def pass_gate(order: Order, ports: Ports) -> None:
    """Look again: raises Busy unless the world is still the one that was planned for."""
    app = ports.rack.app()
    if app.release != order.serving:
        raise Busy(f"{app.release or 'nothing'} became active meanwhile: somebody else is at work")
    if not app.is_running:
        hint = ports.command("resume" if order.is_active_already else "status")
        raise Busy(f"the app is {app.status}", serving=app.release, hint=hint)
    keep_lock(order.ship, ports)


def keep_lock(ship: ShipId, ports: Ports) -> None:
    """Before each write: raises Busy where somebody has taken the lock over meanwhile (design 2.7)."""
    if taker := taker_of(ship, ports):
        raise Busy(f"{taker.by} took the lock over ({taker.what})", hint=ports.command("status"))


def taker_of(ship: ShipId, ports: Ports) -> LockNote | None:
    """Whoever holds the lock in the place of `ship`."""
    holder = ports.ledger.holder()
    return holder if holder is not None and holder.ship != ship else None


def _tell_the_rack(order: Order, ports: Ports) -> None:
    """What is about to be promoted over what, where every machine can see it (design 2.1 step 6)."""
    ours = ports.ledger.holder()
    if ours is not None and ours.ship == order.ship:
        note = replace(ours, promoting=order.aim.release, over=order.serving)
        write(ports, LOCK, lambda: ports.ledger.take_lock(note))


def _promote(order: Order, ports: Ports) -> PromoteChild:
    """Start the promote, once. From here on a run that leaves leaves a rollout behind, so a hang-up is not heard."""
    release = order.aim.release
    ports.sink.record(Intended(PROMOTE, f"over {order.serving or 'nothing'}", release))
    ports.clock.ignore(signal.SIGHUP)
    ports.sink.record(Said("promote", release))
    try:
        return ports.rack.promote(release)
    except RackFailure as error:  # nothing was started, so nothing was promoted
        ports.sink.record(Wrote(PROMOTE, NOT_DONE, None, error.what))
        what = "the promote could not be started"
        raise NotPromoted(what, why=rack_words(error), serving=order.serving, hint=error.hint) from error


def _watch(order: Order, child: PromoteChild | None, ports: Ports) -> Judgement:
    asked = Manifest(()) if order.no_verify else order.aim.manifest
    judging = believe if order.no_verify else judge
    watch = Watch(ports, order.rollout, asked, order.services, order.policy, judging=judging)
    began_s = ports.clock.now_s()
    start = _Start(order, child, began_s) if child else None
    while True:
        judgement = watch.tick()
        if start and watch.history.is_ours:
            ports.sink.record(Wrote(PROMOTE, DONE, order.aim.release))
            start = None
        if _is_last_word(judgement):
            return judgement
        if start and (lost := start.check(ports)):
            return lost
        if not start and not watch.history.is_ours and watch.history.now_s - began_s > order.policy.promote_silence_s:
            return LostSight(f"the rack does not show {order.aim.release} as active")
        watch.rest()


def _is_last_word(judgement: Judgement) -> bool:
    match judgement:
        case Proven(is_settled=is_settled):
            return is_settled
        case Believed() | Doomed() | RackRolledBack() | Superseded() | LostSight():
            return True
        case _:
            return False


@dataclass(slots=True)
class _Start:
    """Whether the promote ever took: its child's words are hints, the read-back decides (design 2.1 step 7)."""

    order: Order
    child: PromoteChild
    began_s: float
    over_s: float | None = None

    def check(self, ports: Ports) -> LostSight | None:
        """Raises Busy or NotPromoted once it is sure that nothing was promoted."""
        state, now_s, policy = self.child.state(), ports.clock.now_s(), self.order.policy
        if state.is_waiting and not state.is_announced:
            # It would wait for up to 35 minutes, and then promote on top of somebody (convox-facts 2.6).
            self._give_up(ports, Busy("the rack is at work on the app", hint=ports.command("status")))
        if isinstance(state.refusal, _REFUSALS):
            self._give_up(ports, _refused(state.refusal, self.order))
        if not state.is_announced and now_s - self.began_s > policy.promote_start_s:
            self._give_up(ports, NotPromoted("the promote never started", serving=self.order.serving))
        if state.is_over and self.over_s is None:
            self.over_s = now_s
        is_silent = self.over_s is not None and now_s - self.over_s > policy.promote_silence_s
        if is_silent or now_s - self.began_s > policy.no_progress_s:
            said = f" (convox said: {state.lines[-1].strip()})" if state.lines else ""
            return LostSight(f"the rack never showed {self.order.aim.release} as active{said}")
        return None

    def _give_up(self, ports: Ports, error: Busy | NotPromoted) -> None:
        """End the child; if the baseline is still active, nothing changed. Otherwise go on watching."""
        self.child.kill()
        app = look_at_app(ports)
        if app is not None and app.release == self.order.serving:
            ports.sink.record(Wrote(PROMOTE, NOT_DONE, None, error.what))
            raise error


def _refused(refusal: RackFailure, order: Order) -> Busy | NotPromoted:
    kind = Busy if isinstance(refusal, RackBusy) else NotPromoted
    what = "the rack was not reached" if isinstance(refusal, RackUnreachable) else "the rack refused to promote"
    return kind(what, why=rack_words(refusal), serving=order.serving, hint=refusal.hint)
