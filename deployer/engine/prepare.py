"""
Prepare a release: observe, preflight, env, build, release command. Nothing that serves changes.

Everything that can be wrong is found before the plan is shown, and told at once; nothing is written before it was
(I11). Source: design 2.1 steps 1 to 5.
"""

from __future__ import annotations

from datetime import timedelta

from deployer.core.environment import EnvDiff, Environment, diff
from deployer.core.errors import BuildFailed, Busy, EnvFailed, RackFailure
from deployer.core.events import BuildLine, Planned, Said
from deployer.core.models import Release, Source
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Plan, Rehearsal, describe_build, keys_of, mode_of
from deployer.core.policy import Policy
from deployer.core.summary import LOCK
from deployer.engine.command import run_command
from deployer.engine.draft import Draft, ShipRequest, make_draft
from deployer.engine.observe import expect, observe, stamp_of
from deployer.engine.ports import LockNote, Ports
from deployer.engine.preflight import preflight
from deployer.engine.remember import remember_baseline
from deployer.engine.roll import Aim, Order, keep_lock
from deployer.engine.run import rack_words
from deployer.engine.write import write


def plan_only(request: ShipRequest, ports: Ports) -> Plan:
    """What `prepare` would do. Writes nothing (I13). Raises what stands in the way."""
    draft = make_draft(request, observe(ports, request.policy, request.release), ports)
    preflight(request, draft, ports)
    return draft.plan


def prepare(request: ShipRequest, ports: Ports) -> Order:
    """Take a request to a release that is ready to roll. Raises the DeployerError of the step that failed."""
    draft = make_draft(request, observe(ports, request.policy, request.release), ports)
    preflight(request, draft, ports)
    ports.sink.record(Planned(draft.plan))
    take_lock(request, draft, ports)
    remember_baseline(draft.plan, ports)
    expected_env = set_env(request, draft, ports)
    release = request.release or build(request, expected_env, ports)
    order = order_for(release, request, draft, ports)
    if draft.plan.release_command and not order.is_active_already:
        run_command(draft.plan.release_command, order, ports)
    return order


def take_lock(request: ShipRequest, draft: Draft, ports: Ports) -> None:
    """Take the advisory lock, then look once more: what was planned on must still be there. Raises Busy."""
    now, plan = ports.clock.utc(), draft.plan
    expires = now + timedelta(seconds=request.policy.build_s + plan.worst_case_s)
    note = LockNote(request.ship, request.actor, now.isoformat(), expires.isoformat(), plan.command, request.run_url)
    before = write(ports, LOCK, lambda: ports.ledger.take_lock(note))
    if before:
        text = f"taken over from {before.by}, whose {before.what} since {before.since} is no longer at work"
        ports.sink.record(Said("lock", text, is_warning=True))
    if ports.ledger.trouble:
        ports.sink.record(Said("lock", ports.ledger.trouble, is_warning=True))
    app, newest = ports.rack.app(), ports.rack.releases(1)
    if app.release != draft.seen.app.release or newest[:1] != draft.seen.releases[:1]:
        raise Busy("the app changed while the plan was made", serving=app.release, hint="ship again")


def set_env(request: ShipRequest, draft: Draft, ports: Ports) -> Environment:
    """Set what differs, values on stdin; equal creates no release. The env that the release must have."""
    if request.release:
        return draft.wanted_env
    changes = draft.plan.env
    if not changes:
        return draft.wanted_env
    keep_lock(request.ship, ports)
    sent = request.wanted
    made = _set(sent, request, changes, ports)
    _check_env(made.id, draft.wanted_env, "while it was set", ports)
    ports.sink.record(Said("env", f"{_count(changes.keys)} set → {made.id}, read back"))
    return draft.wanted_env


def _set(sent: Environment, request: ShipRequest, changes: EnvDiff, ports: Ports) -> Release:
    try:
        return write(
            ports,
            "env set",
            lambda: ports.rack.set_env(sent, replace=request.env_exclusive),
            about=str(changes),
            made=lambda release: release.id,
        )
    except RackFailure as error:
        raise EnvFailed("the env was not set", why=rack_words(error), hint=error.hint) from error


def _count(keys: tuple[str, ...]) -> str:
    return f"{len(keys)} key" if len(keys) == 1 else f"{len(keys)} keys"


def build(request: ShipRequest, expected_env: Environment, ports: Ports) -> ReleaseId:
    """Build the source, and make sure that the release carries the env that was proven, and no other."""
    source, ship = request.source, request.ship
    if source is None:
        raise ValueError("a ship without a release builds a source")
    keep_lock(ship, ports)
    ports.sink.record(Said("build", f"{source.title}, from {source.path}"))
    release = _build(source, ship, ports)
    _check_env(release.id, expected_env, "during the build", ports)
    ports.sink.record(Said("build", f"complete → {release.id}"))
    return release.id


def _build(source: Source, ship: ShipId, ports: Ports) -> Release:
    try:
        return write(
            ports,
            "build",
            lambda: ports.rack.build(source, ship, lambda line: ports.sink.record(BuildLine(line))),
            about=describe_build(source, ship),
            made=lambda built: built.id,
        )
    except RackFailure as error:
        raise BuildFailed("the build was not started", why=rack_words(error), hint=error.hint) from error


def _check_env(release: ReleaseId, expected: Environment, when: str, ports: Ports) -> None:
    """
    An edit that somebody made meanwhile would ride along, unseen in the plan.

    A build takes the newest env when it *finishes* (convox-facts 3.1).
    """
    drift = diff(expected, ports.rack.environment(release))
    if drift:
        raise Busy(f"the env changed {when} ({drift}): {release} was not promoted", hint="ship again")


def order_for(release: ReleaseId, request: ShipRequest, draft: Draft, ports: Ports) -> Order:
    """What `roll` needs: the release and its baseline, each with what must be seen of it."""
    plan, seen = draft.plan, draft.seen
    modes = {each.name: each.mode for each in plan.services}
    rehearsed = {each.spec.name: each for each in draft.rehearsals}
    fresh = (rehearsed.get(spec.name) or Rehearsal(spec, "", spec.count, ()) for spec in draft.manifest.services)
    expected = tuple(expect(each, modes.get(each.spec.name), request.policy) for each in fresh)
    stamp = stamp_of(seen.release(release), ports) if request.release else request.ship
    aim = Aim(release, draft.manifest, expected, stamp)
    baseline = _baseline_aim(draft, request.policy)
    return Order(
        request.ship,
        request.actor,
        aim,
        baseline,
        seen.services,
        request.policy,
        no_way_back=plan.no_way_back,
        staged=plan.staged,
        no_verify=plan.no_verify,
        cannot_undo=plan.cannot_undo,
        keys=keys_of(plan),
    )


def _baseline_aim(draft: Draft, policy: Policy) -> Aim | None:
    before = draft.plan.baseline
    if before is None:
        return None
    # as rehearsed: the release may have dropped a service, and then the plan does not name it
    expected = tuple(expect(each, mode_of(each, policy)[0], policy) for each in draft.rehearsals)
    return Aim(before.release, draft.old_manifest, expected, before.ship)
