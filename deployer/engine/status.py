"""What serves now: one look, and one round of the proof. Writes nothing (I13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.core.environment import Environment
from deployer.core.errors import RackFailure
from deployer.core.models import App, Process, RackInfo, Release
from deployer.core.plan import Rehearsal
from deployer.core.policy import Policy
from deployer.core.verdict import Verdict
from deployer.engine.identity import meet_rack
from deployer.engine.observe import Seen, manifest_of, read_app, rehearse
from deployer.engine.ports import LockNote, Ports, ProvenEntry


@dataclass(frozen=True, slots=True)
class Status:
    """`verdict`: shipped when every service that can be asked answers for the active release, left-bad when not."""

    rack: RackInfo
    app: App
    active: Release | None
    processes: tuple[Process, ...]
    services: tuple[Rehearsal, ...]
    proven: ProvenEntry | None
    lock: LockNote | None
    verdict: Verdict


def look_at_status(ports: Ports, policy: Policy) -> Status:
    """Raises Refused when there is no such app or it is another rack, RackFailure when the rack does not answer."""
    info = meet_rack(ports)
    rack, app = ports.rack, read_app(ports)
    nothing = Environment({})
    services = rack.services() if app.release else ()
    seen = Seen(info, app, rack.releases(), rack.processes(), services, nothing, nothing)
    answers = rehearse(seen, manifest_of(app.release, None, ports), policy, ports) if app.release else ()
    proven = next((each for each in ports.ledger.proven() if each.release == app.release), None)
    verdict = _verdict(app, answers)
    return Status(seen.rack, app, seen.active, seen.processes, answers, proven, ports.ledger.holder(), verdict)


def keep_looking(ports: Ports, policy: Policy) -> Iterator[Status | RackFailure]:
    """One look after the other, for as long as they are taken. What the rack does not answer is told in its place."""
    while True:
        try:
            yield look_at_status(ports, policy)
        except RackFailure as error:
            yield error
        ports.clock.sleep(policy.quiet_tick_s)


def _verdict(app: App, services: tuple[Rehearsal, ...]) -> Verdict:
    asked = [each for each in services if each.url]
    if not app.is_running:
        return Verdict.LOST_SIGHT
    return Verdict.SHIPPED if all(each.serves for each in asked) else Verdict.LEFT_BAD
