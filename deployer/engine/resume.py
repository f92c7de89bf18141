"""
Resume: take up a ship that was interrupted after its promote, where it stands now, and bring it to a verdict.

The journal says what was promoted over what; everything else is looked at afresh. Source: design 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.core.errors import Problem, Refused
from deployer.core.events import Ended, Planned, Resumed, Wrote
from deployer.core.judge import RackRolledBack
from deployer.core.models import App, Manifest
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Plan, Rehearsal, mode_of
from deployer.core.policy import Policy
from deployer.core.summary import NOT_DONE, PROMOTE, Summary
from deployer.core.verdict import Verdict
from deployer.engine.back import finish_way_back
from deployer.engine.identity import meet_rack
from deployer.engine.observe import expect, manifest_of, read_app, stamp_of
from deployer.engine.ports import Ports
from deployer.engine.roll import Aim, Order, watch_out
from deployer.engine.ship import settle

OLD_S = 30 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """`past` is the fold of the interrupted run's journal, `age_s` how long ago it was left."""

    ship: ShipId
    actor: str
    policy: Policy
    past: Summary
    age_s: float
    yes: bool = False


def resume(request: ResumeRequest, ports: Ports) -> Ended:
    """Raises Refused when the journal has nothing to resume."""
    past = request.past
    if past.ended is not None and past.ended.verdict is not Verdict.INTERRUPTED:
        what = f"ship {past.ship} ended already: {past.ended.verdict.label}"
        raise Refused((Problem(what, hint=ports.command("status")),))
    if past.plan is None or past.promoting is None:
        told = f"; {past.command_told}" if past.command_told else ""
        what = f"ship {past.ship} had promoted nothing, so there is nothing to finish{told}"
        raise Refused((Problem(what, hint=ports.command("ship")),))
    # From here on a run that cannot look leaves the rollout under way, and says so.
    ports.sink.record(Planned(past.plan))
    ports.sink.record(Resumed(past.owner or request.ship, past.promoting, past.gone_back_from))
    meet_rack(ports)
    if past.gone_back_from:
        order = _order(request, past.plan, past.gone_back_from, ports)
        doom = RackRolledBack(f"{past.gone_back_from} was being taken back when the run was cut short")
        return finish_way_back(order, past.promoting, doom, ports)
    order = _order(request, past.plan, past.promoting, ports)
    app = _look_for_promote(request, order, ports)
    if app.release == order.serving and app.is_running and past.is_promote_unknown:
        return _never_promoted(order, ports)
    if app.release == order.serving:
        return settle(order, RackRolledBack(f"the rack is back on {order.serving or 'nothing'}"), ports)
    return settle(order, watch_out(order, ports), ports)


def _look_for_promote(request: ResumeRequest, order: Order, ports: Ports) -> App:
    """
    The app, once it can be trusted to show the promote: the rack's words lag behind what it does (faults C19), so for
    a while after a promote that was never seen they do not say that there was none.
    """
    policy = request.policy
    deadline_s = ports.clock.now_s() + policy.promote_silence_s - request.age_s
    app = read_app(ports)
    while request.past.is_promote_unknown and app.release == order.serving and ports.clock.now_s() < deadline_s:
        ports.clock.sleep(policy.quiet_tick_s)
        app = read_app(ports)
    return app


def _never_promoted(order: Order, ports: Ports) -> Ended:
    """The run was stopped before the rack took its promote; the release is there, and can be shipped as it is."""
    release = order.aim.release
    ports.sink.record(Wrote(PROMOTE, NOT_DONE, None, "the rack never took it"))
    hint = ports.command("promote", release)
    return Ended(Verdict.NOT_PROMOTED, None, order.serving or "", why=f"{release} was never promoted", hints=(hint,))


def _order(request: ResumeRequest, plan: Plan, release: ReleaseId, ports: Ports) -> Order:
    aim = _aim(release, plan, None, request.policy, ports)
    before = plan.baseline.release if plan.baseline else None
    baseline = _aim(before, plan, aim.manifest, request.policy, ports) if before else None
    is_old = request.age_s > OLD_S and not request.yes
    no_way_back = plan.no_way_back or (f"left {request.age_s / 60:.0f} min ago; say --yes to go back" if is_old else "")
    services = ports.rack.services()
    return Order(
        request.past.owner or request.ship,  # the lock is that ship's, and stays it
        request.actor,
        aim,
        baseline,
        services,
        request.policy,
        no_way_back,
        plan.staged,
        plan.no_verify,
        plan.cannot_undo,
    )


def _aim(release: ReleaseId, plan: Plan, fallback: Manifest | None, policy: Policy, ports: Ports) -> Aim:
    manifest = manifest_of(release, fallback, ports)
    planned = {each.name: each for each in plan.services}
    expected = []
    for spec in manifest.services:
        before = planned.get(spec.name)
        bare = Rehearsal(spec, before.url if before else "", before.desired if before else spec.count, ())
        expected.append(expect(bare, before.mode if before else mode_of(bare, policy)[0], policy))
    row = next((each for each in ports.rack.releases() if each.id == release), None)
    return Aim(release, manifest, tuple(expected), stamp_of(row, ports))
