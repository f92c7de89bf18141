"""Ship: prepare a release, roll it out, and take it back when it is doomed. One verdict at the end."""

from __future__ import annotations

from deployer.core.events import Ended
from deployer.core.judge import Believed, Doomed, Judgement, LostSight, Proven, RackRolledBack, Superseded
from deployer.core.proof import told_of
from deployer.core.verdict import Verdict
from deployer.engine.back import go_back
from deployer.engine.draft import ShipRequest
from deployer.engine.evidence import gather
from deployer.engine.ports import Ports
from deployer.engine.prepare import prepare
from deployer.engine.remember import remember
from deployer.engine.roll import Order, roll_out


def ship(request: ShipRequest, ports: Ports) -> Ended:
    """Raises the DeployerError of a step before the promote; after it, everything ends in a verdict."""
    order = prepare(request, ports)
    return settle(order, roll_out(order, ports), ports)


def settle(order: Order, judgement: Judgement, ports: Ports) -> Ended:
    """What becomes of the judge's last word."""
    release = order.aim.release
    match judgement:
        case Proven():
            remember(release, order.ship, order.actor, ports, order.cannot_undo)
            undo = (f"undo: {ports.command('rollback')}",) if order.serving not in (None, release) else ()
            return Ended(Verdict.SHIPPED, release, f"{release} serves on {told_of(judgement.progress)}", hints=undo)
        case Believed():
            serving = f"{release}, by the word of the rack; nothing was proven"
            return Ended(Verdict.UNVERIFIED, release, serving, hints=(ports.command("verify"),))
        case Doomed() | RackRolledBack():
            return go_back(order, judgement, ports)
        case Superseded(by=by):
            return Ended(Verdict.SUPERSEDED, None, by, why=f"{by} became active while {release} was rolling out")
        case LostSight(why=why):
            gather(release, ports)
            hint = ports.command("status")
            return Ended(Verdict.LOST_SIGHT, release, "not known; nothing was rolled back", why=why, hints=(hint,))
        case _:
            raise AssertionError(f"not a last word: {judgement}")
