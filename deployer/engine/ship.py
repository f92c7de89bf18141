"""Ship: prepare a release, roll it out, and take it back when it is doomed. One verdict at the end."""

from __future__ import annotations

from deployer.core.events import Ended
from deployer.core.judge import Doomed, Judgement, LostSight, Proven, RackRolledBack, Superseded
from deployer.core.names import ReleaseId
from deployer.core.verdict import Verdict
from deployer.engine.back import go_back
from deployer.engine.draft import ShipRequest
from deployer.engine.ports import Ports, ProvenEntry
from deployer.engine.prepare import prepare
from deployer.engine.roll import Order, roll_out
from deployer.engine.write import write


def ship(request: ShipRequest, ports: Ports) -> Ended:
    """Raises the DeployerError of a step before the promote; after it, everything ends in a verdict."""
    order = prepare(request, ports)
    _remember_baseline(order, ports)
    return settle(order, roll_out(order, ports), ports)


def settle(order: Order, judgement: Judgement, ports: Ports) -> Ended:
    """What becomes of the judge's last word."""
    release = order.aim.release
    match judgement:
        case Proven():
            remember(release, order, ports)
            undo = (f"undo: {ports.command('rollback')}",) if order.serving not in (None, release) else ()
            return Ended(Verdict.SHIPPED, release, f"{release} serves on {_count(judgement)}", hints=undo)
        case Doomed() | RackRolledBack():
            return go_back(order, judgement, ports)
        case Superseded(by=by):
            return Ended(Verdict.SUPERSEDED, None, by, why=f"{by} became active while {release} was rolling out")
        case LostSight(why=why):
            hint = ports.command("status")
            return Ended(Verdict.LOST_SIGHT, release, "not known; nothing was rolled back", why=why, hints=(hint,))
        case _:
            raise AssertionError(f"not a last word: {judgement}")


def remember(release: ReleaseId, order: Order, ports: Ports) -> None:
    """Write a proven release into the ledger: Convox keeps no promote history (convox-facts 3.5)."""
    row = next((each for each in ports.rack.releases() if each.id == release), None)
    build, description = (row.build, row.description) if row else (None, "")
    at = ports.clock.utc().isoformat(timespec="seconds")
    entry = ProvenEntry(release, build, at, order.actor, order.ship, description)
    write(ports, "config set (ledger)", lambda: ports.ledger.record_proven(entry))


def _remember_baseline(order: Order, ports: Ports) -> None:
    """What was rehearsed and serves is a place to go back to, also where deployer has never shipped before."""
    known = {each.release for each in ports.ledger.proven()}
    if order.baseline and order.no_way_back == "" and order.baseline.release not in known:
        remember(order.baseline.release, order, ports)


def _count(proven: Proven) -> str:
    running, needed = sum(e.running for e in proven.progress), sum(e.needed for e in proven.progress)
    return f"{running} of {max(needed, running)} processes"
