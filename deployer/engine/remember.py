"""Remember in the ledger what was proven to serve: Convox keeps no promote history (convox-facts 3.5)."""

from __future__ import annotations

from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Plan
from deployer.engine.ports import Ports, ProvenEntry
from deployer.engine.write import write


def remember(release: ReleaseId, ship: ShipId, actor: str, ports: Ports) -> None:
    """That `ship` has proven it now."""
    row = next((each for each in ports.rack.releases() if each.id == release), None)
    build, description = (row.build, row.description) if row else (None, "")
    at = ports.clock.utc().isoformat(timespec="seconds")
    entry = ProvenEntry(release, build, at, actor, ship, description)
    write(ports, "config set (ledger)", lambda: ports.ledger.record_proven(entry))


def remember_baseline(plan: Plan, ports: Ports) -> None:
    """What was rehearsed and serves is a place to go back to, also where deployer has never shipped before."""
    before = plan.baseline
    known = {each.release for each in ports.ledger.proven()}
    if before and before.serves and before.release not in known:
        remember(before.release, plan.ship, plan.actor, ports)
