"""Remember in the ledger what was proven to serve: Convox keeps no promote history (convox-facts 3.5)."""

from __future__ import annotations

from contextlib import suppress

from deployer.core.errors import Interrupted, RackFailure
from deployer.core.events import Said
from deployer.core.models import Release
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Plan
from deployer.engine.ports import Ports, ProvenEntry
from deployer.engine.run import rack_words
from deployer.engine.write import write


def remember(release: ReleaseId, ship: ShipId, actor: str, ports: Ports, cannot_undo: str = "") -> None:
    """
    That `ship` has proven it now, and what going back from it would leave as it is.

    The verdict is known by then, and a failing report never changes it (I14): a rack that does not answer costs the
    entry its details, a signal the entry, and neither is raised.
    """
    with suppress(Interrupted):
        _record(release, ship, actor, ports, cannot_undo)


def _record(release: ReleaseId, ship: ShipId, actor: str, ports: Ports, cannot_undo: str = "") -> None:
    row = _row(release, ports)
    build, description = (row.build, row.description) if row else (None, "")
    at = ports.clock.utc().isoformat(timespec="seconds")
    entry = ProvenEntry(release, build, at, actor, ship, description, cannot_undo=cannot_undo)
    write(ports, "config set (ledger)", lambda: ports.ledger.record_proven(entry))


def _row(release: ReleaseId, ports: Ports) -> Release | None:
    try:
        return next((each for each in ports.rack.releases() if each.id == release), None)
    except RackFailure as error:
        text = f"{release} is remembered without its build: {rack_words(error)}"
        ports.sink.record(Said("ledger", text, is_warning=True))
        return None


def remember_baseline(plan: Plan, ports: Ports) -> None:
    """What was rehearsed and serves is a place to go back to, also where deployer has never shipped before."""
    before = plan.baseline
    known = {each.release for each in ports.ledger.proven()}
    if before and before.serves and before.release not in known:
        _record(before.release, plan.ship, plan.actor, ports)
