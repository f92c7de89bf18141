"""
Verify: the whole proof of what serves, every process and the soak, without a promote. Writes nothing (I13).

`status` looks once; this watches until the judge has a last word. Source: design 2.4, 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.core.events import Ended, Planned
from deployer.core.judge import Doomed, Judgement, LostSight, Proven, RackRolledBack, Superseded
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Baseline, Plan
from deployer.core.policy import Policy
from deployer.core.proof import told_of
from deployer.core.verdict import Verdict
from deployer.engine.draft import aim_at
from deployer.engine.observe import Seen, observe_lightly
from deployer.engine.ports import Ports
from deployer.engine.roll import Order, watch_out


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    ship: ShipId
    actor: str
    policy: Policy


def verify(request: VerifyRequest, ports: Ports) -> Ended:
    """Raises Refused where nothing was ever promoted, RackFailure where the rack does not answer."""
    seen, release = observe_lightly(ports)
    order = _order(request, seen, release, ports)
    return _ended(watch_out(order, ports), release, ports)


def _order(request: VerifyRequest, seen: Seen, release: ReleaseId, ports: Ports) -> Order:
    aim, services = aim_at(release, seen, request.policy, ports)
    active = seen.active
    plan = Plan(
        ship=request.ship,
        command="verify",
        app=ports.app,
        rack=seen.rack,
        actor=request.actor,
        baseline=Baseline(release, active.build if active else None, active.description if active else "", serves=True),
        services=services,
        policy=request.policy,
        release=release,
        no_way_back="verify writes nothing",
    )
    ports.sink.record(Planned(plan))
    return Order(request.ship, request.actor, aim, aim, seen.services, request.policy, plan.no_way_back)


def _ended(judgement: Judgement, release: ReleaseId, ports: Ports) -> Ended:
    match judgement:
        case Proven(progress=progress):
            return Ended(Verdict.SHIPPED, release, f"{release} serves on {told_of(progress)}")
        case Doomed(why=why):
            hints = (ports.command("rollback"), f"convox logs -a {ports.app}")
            return Ended(Verdict.LEFT_BAD, release, f"{release}, failing", why=why, hints=hints)
        case Superseded(by=by):
            return Ended(Verdict.SUPERSEDED, None, by, why=f"{by} became active meanwhile")
        case RackRolledBack(why=why) | LostSight(why=why):
            return Ended(Verdict.LOST_SIGHT, release, "not known", why=why, hints=(ports.command("status"),))
        case _:
            raise AssertionError(f"not a last word: {judgement}")
