"""
Rollback, asked for by a person: back to a release that was proven before, rolled and proven like a ship.

It must work the first time, at night, with nothing but the rack and what the ledger remembers. A lock never stops it.
Source: design 2.3, 2.7.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from deployer.core.environment import Environment, diff
from deployer.core.errors import Problem, RackFailure, Refused
from deployer.core.events import Ended, Planned, Said
from deployer.core.judge import Judgement, LostSight, Proven, Superseded
from deployer.core.models import App, Release
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import IS_ROLLBACK, Baseline, Plan
from deployer.core.policy import Policy
from deployer.core.summary import LOCK
from deployer.core.verdict import Verdict
from deployer.engine.back import cancel, copy_of, heal, prove
from deployer.engine.draft import aim_at
from deployer.engine.evidence import gather
from deployer.engine.observe import Seen, observe_lightly
from deployer.engine.ports import LockNote, Ports, ProvenEntry
from deployer.engine.remember import remember
from deployer.engine.roll import Order, roll_out, taker_of
from deployer.engine.run import rack_words
from deployer.engine.write import write


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequest:
    """
    `release` is the one to go back to; `None` means the newest proven one whose content differs.

    `keep_env` takes back code only: the env stays as it serves now, keys rotated since then included.
    """

    ship: ShipId
    actor: str
    policy: Policy
    confirm: Callable[[Plan], bool]
    release: ReleaseId | None = None
    keep_env: bool = False
    run_url: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A release to go back to, and the env that goes with it: that of `env_from`."""

    release: Release
    env_from: ReleaseId
    env: Environment

    @property
    def content(self) -> str:
        build = self.release.id
        return f"the build and env of {build}" if self.env_from == build else f"the build of {build}, env kept"


def rollback(request: RollbackRequest, ports: Ports) -> Ended:
    """Raises Refused when there is nothing known good to go back to: candidates are named, never guessed."""
    seen, _ = observe_lightly(ports)
    target = _choose(request, seen, ports)
    plan, order = _plan(request, seen, target, ports)
    ports.sink.record(Planned(plan))
    if not request.confirm(plan):
        raise Refused((Problem("not confirmed", hint="say yes, or --yes"),), serving=seen.app.release)
    _take_lock_over(request, ports)
    app = _stop_rollout(seen, order, ports)
    if isinstance(app, Ended):
        return app
    if app.release == target.release.id == target.env_from:
        return _prove_target(order, ports)
    return _roll_copy(order, target, app, ports)


def _choose(request: RollbackRequest, seen: Seen, ports: Ports) -> Target:
    if request.release:
        row = seen.release(request.release)
        if row is None or row.build is None:
            raise Refused((Problem(f"{request.release} is no release of {ports.app} with a build"),))
        return _target(request, row, ports.rack.environment(row.id), seen)
    entries = ports.ledger.proven()
    for entry in entries:
        target = _if_different(request, entry, seen, ports)
        if target:
            return target
    raise Refused((_nothing_known(entries, seen, ports),), serving=seen.app.release)


def _target(request: RollbackRequest, row: Release, env: Environment, seen: Seen) -> Target:
    if request.keep_env and seen.app.release and diff(seen.active_env, env):
        return Target(row, seen.app.release, seen.active_env)
    return Target(row, row.id, env)


def _if_different(request: RollbackRequest, entry: ProvenEntry, seen: Seen, ports: Ports) -> Target | None:
    """The entry's release if it may be gone back to: proven, not itself gone back from, and of other content."""
    row, active = seen.release(entry.release), seen.active
    if row is None or row.build is None or entry.gone_back_from or entry.release == seen.app.release:
        return None
    try:
        env = ports.rack.environment(row.id)
    except RackFailure as error:
        ports.sink.record(Said("plan", f"{row.id} cannot be read: {rack_words(error)}", is_warning=True))
        return None
    target = _target(request, row, env, seen)
    is_same = active is not None and row.build == active.build and not diff(seen.active_env, target.env)
    return None if is_same else target


def _nothing_known(entries: tuple[ProvenEntry, ...], seen: Seen, ports: Ports) -> Problem:
    others = [row.id for row in seen.releases if row.build and row.id != seen.app.release][:5]
    named = f"; releases with a build: {', '.join(others)}" if others else ""
    known = "none of them differs from what serves" if entries else "none was ever proven here"
    hint = ports.command("rollback", others[0] if others else "RELEASE")
    return Problem(f"no proven release to go back to ({known}){named}", hint=hint)


def _plan(request: RollbackRequest, seen: Seen, target: Target, ports: Ports) -> tuple[Plan, Order]:
    release = target.release
    aim, services = aim_at(release.id, seen, request.policy, ports)
    active = seen.active
    before = Baseline(
        ReleaseId(str(seen.app.release)), active.build if active else None, active.description if active else ""
    )
    plan = Plan(
        ship=request.ship,
        command="rollback",
        app=ports.app,
        rack=seen.rack,
        actor=request.actor,
        baseline=before,
        services=services,
        policy=request.policy,
        env=diff(seen.active_env, target.env),
        release=release.id,
        release_note=release.description if target.env_from == release.id else f"{release.description}, env kept",
        no_way_back=IS_ROLLBACK,
        warnings=(*_holder_warning(ports), *_lasting(release.id, ports)),
    )
    old = replace(aim, release=before.release, stamp=None)
    return plan, Order(request.ship, request.actor, aim, old, seen.services, request.policy, plan.no_way_back)


def _lasting(target: ReleaseId, ports: Ports) -> tuple[str, ...]:
    """What was done since `target` was proven, and going back leaves as it is."""
    newer = itertools.takewhile(lambda each: each.release != target, ports.ledger.proven())
    return tuple(f"cannot undo {each.cannot_undo} of {each.release}" for each in newer if each.cannot_undo)


def _holder_warning(ports: Ports) -> tuple[str, ...]:
    holder = ports.ledger.holder()
    return (f"{holder.by} holds the lock ({holder.what} since {holder.since}): it is taken over",) if holder else ()


def _take_lock_over(request: RollbackRequest, ports: Ports) -> None:
    now = ports.clock.utc()
    expires = now + timedelta(seconds=request.policy.cap_s + request.policy.back_deadline_s)
    note = LockNote(request.ship, request.actor, now.isoformat(), expires.isoformat(), "rollback", request.run_url)
    write(ports, LOCK, lambda: ports.ledger.take_lock(note))


def _stop_rollout(seen: Seen, order: Order, ports: Ports) -> App | Ended:
    """
    Bring the app to rest: cancel the rollout that was planned to be; a rollback of the rack is waited for, never
    cancelled. The verdict where somebody else has the app by now.

    What was `seen` may be old: a person has thought about it since.
    """
    deadline_s = ports.clock.now_s() + order.policy.back_deadline_s
    while True:
        app = ports.rack.app()
        if overtaken := _overtaken(app, seen, order, ports):
            return overtaken
        if app.is_running or app.release == order.aim.release or ports.clock.now_s() >= deadline_s:
            return app
        if app.status == "updating":
            cancel(ports)
        ports.sink.record(Said("back", f"{app.name} is {app.status}; waiting for the rack"))
        ports.clock.sleep(order.policy.cancel_retry_s)


def _overtaken(app: App, seen: Seen, order: Order, ports: Ports) -> Ended | None:
    """
    Before each write: whoever has taken the lock over, or promotes something meanwhile, has the app (design 2.7).

    A rack that was at rest does not move by itself. One that was not may go back to what was there; a release that was
    not has been made and promoted since.
    """
    is_other = app.release not in (None, order.serving, order.aim.release)
    was_at_rest, is_on = seen.app.is_running, app.status == "updating"
    is_theirs = is_other and (was_at_rest or is_on or seen.release(app.release) is None)
    if taker := taker_of(order.ship, ports):
        why = f"{taker.by} took the lock over ({taker.what})"
    elif is_theirs:
        why = f"somebody has promoted {app.release}, which the plan did not know of"
    else:
        return None
    return Ended(Verdict.SUPERSEDED, None, app.release or "nothing", why=why, hints=(ports.command("status"),))


def _prove_target(order: Order, ports: Ports) -> Ended:
    """The rack is on the target already: nothing to promote, but it is proven all the same."""
    deadline_s = ports.clock.now_s() + order.policy.back_deadline_s
    left = order.serving if order.serving != order.aim.release else None
    found = prove(order.aim, left, order, deadline_s, ports) or LostSight(f"the rack is on {left} again")
    if isinstance(found, Proven):
        heal(order.aim.release, order, ports)  # a cancel has put a copy of the bad one on top
    return told_of_rollback(found, order, ports)


def _roll_copy(order: Order, target: Target, app: App, ports: Ports) -> Ended:
    """Convox never re-activates a release: a copy is promoted, and its id is what must be seen (convox-facts 2.7)."""
    made = copy_of(target.release.id, target.env_from, ports)
    ports.sink.record(Said("back", f"{made} has {target.content}"))
    active = app.release or order.serving
    old = replace(order.baseline, release=active) if order.baseline and active else None
    rolled = replace(order, aim=replace(order.aim, release=made), baseline=old)
    return told_of_rollback(roll_out(rolled, ports), rolled, ports, target.content)


def told_of_rollback(found: Judgement, order: Order, ports: Ports, content: str = "") -> Ended:
    """What becomes of the judge's last word on what was gone back to."""
    release, left = order.aim.release, order.serving
    match found:
        case Proven():
            if left:
                ports.ledger.record_gone_back(left)
            remember(release, order.ship, order.actor, ports)
            serves = f"{release} serves, {content}" if content else f"{release} serves"
            return Ended(
                Verdict.RESTORED, release, serves, hints=(f"undo: {ports.command('rollback', left or 'RELEASE')}",)
            )
        case Superseded(by=by):
            return Ended(Verdict.SUPERSEDED, None, by, why=f"{by} became active during the rollback")
        case _:
            gather(release, ports)
            why = getattr(found, "why", "") or f"{release} was not proven in time"
            hints = (f"convox ps -a {ports.app}", f"convox logs -a {ports.app}")
            return Ended(Verdict.ROLLBACK_UNCONFIRMED, release, "unknown", why=why, hints=hints)
