"""
Resume: take up a ship that was left, where it stands now, and bring it to a verdict; or take it back (`abort`).

The journal says what was made and what was promoted over what; everything else is looked at afresh. From any beginning
of a journal, any number of times, and itself interrupted at any point: what is done already is found done.
Source: design 2.7, faults 3.2.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from deployer.core.environment import Environment
from deployer.core.errors import DeployerError, Problem, Refused
from deployer.core.events import Ended, Planned, Resumed, Wrote
from deployer.core.judge import Doomed, Judgement, RackRolledBack, Reason
from deployer.core.models import App, Manifest
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import ASKED_NOT_TO, Plan, Rehearsal, keys_of, mode_of
from deployer.core.policy import Policy
from deployer.core.summary import DONE, NOT_DONE, PROMOTE, RESUME, Summary
from deployer.core.verdict import Verdict
from deployer.engine.adopt import adopt
from deployer.engine.back import Recalled, finish_going_back, go_back
from deployer.engine.draft import ShipRequest
from deployer.engine.identity import meet_rack
from deployer.engine.observe import expect, manifest_of, read_app, stamp_of
from deployer.engine.ports import Ports
from deployer.engine.roll import Aim, Order, watch_out
from deployer.engine.rollback import told_of_rollback
from deployer.engine.ship import settle

OLD_S = 30 * 60.0
# What a run may have ended with that leaves something to do; a cancelled one leaves its build, if that is still wanted.
_OPEN = frozenset({Verdict.INTERRUPTED, Verdict.BUILD_UNKNOWN})
_CANCELLED = frozenset({Verdict.HUNG_UP, Verdict.CANCELLED, Verdict.TERMINATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """
    `past` is the fold of the interrupted run's journal, `age_s` how long ago it was left.

    `abort` takes back what it promoted, whatever becomes of it. `yes` confirms that for a ship left long ago.
    """

    ship: ShipId
    actor: str
    policy: Policy
    past: Summary
    age_s: float
    yes: bool = False
    abort: bool = False

    @property
    def is_too_old(self) -> bool:
        """Somebody may have come to rely on what is there (design 2.7)."""
        return self.age_s > OLD_S and not self.yes

    @property
    def age(self) -> str:
        return f"{self.age_s / 60:.0f} min"


def resume(request: ResumeRequest, ports: Ports) -> Ended:
    """Raises Refused when there is nothing to do, and what a ship raises before its promote."""
    past = request.past
    _refuse_ended(request, ports)
    if past.plan is not None and past.promoting is not None:
        return _take_up(request, past.plan, past.promoting, ports)
    meet_rack(ports)
    try:
        return _go_on_preparing(request, ports)
    except DeployerError:
        if past.owner:
            with suppress(DeployerError):  # a lock that stays behind expires
                ports.ledger.release_lock(past.owner)
        raise


def _go_on_preparing(request: ResumeRequest, ports: Ports) -> Ended:
    """
    Ship what its build made. Raises what stands in the way; then nobody is at work, and the lock of the ship that was
    left is of no use. One that was killed does not know whether it had it.
    """
    past = request.past
    if past.plan is not None and past.may_have_built and not request.abort:
        too_old = f"was left {request.age} ago" if request.is_too_old else ""
        return adopt(_wish(request), past, past.plan, too_old, ports)
    raise _nothing_promoted(request, ports)


def _wish(request: ResumeRequest) -> ShipRequest:
    return ShipRequest(
        ship=request.ship, actor=request.actor, policy=request.policy, command=RESUME, wanted=Environment({})
    )


def _refuse_ended(request: ResumeRequest, ports: Ports) -> None:
    past, ended = request.past, request.past.ended
    is_wanted = request.yes and past.may_have_built and not request.abort
    if ended is None or ended.verdict in _OPEN or (ended.verdict in _CANCELLED and is_wanted):
        return
    what = f"nothing to do: ship {past.ship} has ended: {ended.verdict.label}"
    hint = ports.command("rollback" if request.abort and ended.verdict.is_success else "status")
    if ended.verdict in _CANCELLED and past.may_have_built:
        what, hint = f"{what}, its build may still finish", ports.command("resume", "--ship", str(past.ship), "--yes")
    raise Refused((Problem(what, hint=hint),))


def _nothing_promoted(request: ResumeRequest, ports: Ports) -> Refused:
    """What it made is named."""
    past, app = request.past, read_app(ports)
    what = f"ship {past.ship} had promoted nothing, so there is nothing to {'take back' if request.abort else 'finish'}"
    if past.plan and app.release != (past.plan.baseline.release if past.plan.baseline else None):
        # somebody else's, or its own: a journal that could not be kept to the end does not tell
        what = f"the journal of ship {past.ship} tells of no promote, but {app.release or 'nothing'} serves by now"
    told = (
        f"made but not promoted: {', '.join(past.created)}" if past.created else "",
        "its build may still finish" if past.may_have_built and not past.built else "",
        past.command_told,
    )
    return Refused((Problem("; ".join((what, *filter(None, told))), hint=ports.command("ship")),), serving=app.release)


def _take_up(request: ResumeRequest, plan: Plan, release: ReleaseId, ports: Ports) -> Ended:
    """From here on it is this run's to bring home: by watching, by going back, or by going on with that."""
    past = request.past
    if request.abort and request.is_too_old:
        what = f"ship {past.ship} was left {request.age} ago, and somebody may rely on {release} by now"
        raise Refused((Problem(what, hint=ports.command("resume", "--abort", "--yes")),), serving=release)
    # from here on a run that cannot look leaves the rollout under way, and says so
    ports.sink.record(Planned(plan))
    owner = past.owner or request.ship
    is_seen = not past.is_promote_unknown
    ports.sink.record(Resumed(owner, release, past.doom, past.left, past.is_cancelled, is_seen))
    meet_rack(ports)
    order = _order(request, plan, past.left or release, ports)
    app = _look_for_promote(request, past.left or order.serving, ports)
    if past.left and app.release != order.serving:
        is_promoted = app.release != past.left or not past.is_promote_unknown
        return finish_going_back(order, release, _cause(request), ports, is_promoted=is_promoted)
    if app.release == order.serving and app.is_running and past.is_promote_unknown and not past.left:
        return _never_promoted(order, plan, ports)
    if request.abort or past.doom:
        return go_back(_allowed(request, order), _cause(request), ports, is_cancelled=past.is_cancelled)
    if app.release == order.serving and not order.is_active_already:
        found: Judgement = RackRolledBack(f"the rack is back on {order.serving or 'nothing'}")
    else:
        found = watch_out(order, ports)
    return told_of_rollback(found, order, ports) if plan.command == "rollback" else settle(order, found, ports)


def _cause(request: ResumeRequest) -> Doomed | Recalled:
    past = request.past
    if request.abort:
        return Recalled(f"taken back by {request.actor}")
    return Doomed(Reason.FOUND_BEFORE, past.doom)


def _allowed(request: ResumeRequest, order: Order) -> Order:
    """A person who says `--abort` overrules what was said before, but not what makes a way back impossible."""
    is_overruled = request.abort and order.no_way_back in ASKED_NOT_TO
    return replace(order, no_way_back="") if is_overruled else order


def _look_for_promote(request: ResumeRequest, before: ReleaseId | None, ports: Ports) -> App:
    """
    The app, once it can be trusted to show the promote: until then it shows what was active `before`.

    The rack's words lag behind what it does (faults C19), and a run that was killed leaves the child behind that
    promotes; so for a while after a promote that was never seen they do not say that there was none.
    """
    policy, past = request.policy, request.past
    deadline_s = ports.clock.now_s() + policy.promote_silence_s - request.age_s
    app = read_app(ports)
    while past.is_promote_unknown and app.release == before and ports.clock.now_s() < deadline_s:
        ports.clock.sleep(policy.quiet_tick_s)
        app = read_app(ports)
    if past.is_promote_unknown and app.release == past.promoting:
        ports.sink.record(Wrote(PROMOTE, DONE, past.promoting))
    return app


def _never_promoted(order: Order, plan: Plan, ports: Ports) -> Ended:
    """The run was stopped before the rack took its promote; the release is there, and can be shipped as it is."""
    release = order.aim.release
    ports.sink.record(Wrote(PROMOTE, NOT_DONE, None, "the rack never took it"))
    is_rollback = plan.command == "rollback" and plan.release
    hint = ports.command("rollback", str(plan.release)) if is_rollback else ports.command("promote", release)
    return Ended(Verdict.NOT_PROMOTED, None, order.serving or "", why=f"{release} was never promoted", hints=(hint,))


def _order(request: ResumeRequest, plan: Plan, release: ReleaseId, ports: Ports) -> Order:
    aim = _aim(release, plan, None, request.policy, ports)
    before = plan.baseline.release if plan.baseline else None
    baseline = _aim(before, plan, aim.manifest, request.policy, ports) if before else None
    is_told = request.is_too_old and not request.abort
    no_way_back = plan.no_way_back or (f"left {request.age} ago; say --yes to go back" if is_told else "")
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
        keys_of(plan),
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
