"""
Gather what a failing release says of itself, while it is there: a cancel takes its processes and their logs away.

Bounded in time (`policy.evidence_s`), and it decides nothing: what cannot be had is left out.

Source: design 2.1 step 10, faults C22 and C25.
"""

from __future__ import annotations

from dataclasses import replace

from deployer.core.events import Gathered, Said
from deployer.core.judge import Doomed, Reason
from deployer.core.names import ReleaseId
from deployer.core.why import why_of
from deployer.engine.ports import Ports


def gather(release: ReleaseId, ports: Ports) -> None:
    """Of a release that is out of sight, or whose trouble has no process to it."""
    evidence = ports.rack.evidence(release, None)
    if evidence:
        ports.sink.record(Gathered(release, evidence))


def explained(doom: Doomed, release: ReleaseId, ports: Ports) -> Doomed:
    """The doom, with what its process said last as the reason."""
    evidence = ports.rack.evidence(release, doom.service)
    if evidence:
        ports.sink.record(Gathered(release, evidence))
    reason = why_of(evidence, doom.process, is_running=doom.reason is Reason.FAILING)
    if not reason:
        return doom
    ports.sink.record(Said("why", f"{reason} ({doom.process})"))
    return replace(doom, why=f"{doom.why}: {reason}")
