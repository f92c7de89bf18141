"""Look at the world: one snapshot a tick, the rack's words and the service's own answers side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deployer.core.errors import RackFailure
from deployer.core.models import App, HealthTarget, Manifest, Service, Snapshot
from deployer.core.names import ServiceName
from deployer.core.plan import expected_address
from deployer.core.policy import Policy
from deployer.engine.ports import Ports

MIN_QUESTIONS = 4
QUESTIONS_PER_PROCESS = 3


def look(
    ports: Ports, targets: Sequence[HealthTarget], *, with_services: bool = False, with_restarts: bool = False
) -> Snapshot:
    """Start the reads as child processes, run the health round meanwhile, then collect. No retries inside a tick."""
    pending = ports.rack.start_reads(with_services=with_services, with_restarts=with_restarts)
    answers = ports.probe.round(targets)
    reads = pending.collect()
    return Snapshot(
        ports.clock.now_s(),
        reads.app,
        reads.processes,
        reads.services,
        answers,
        reads.restarts,
        reads.trouble,
        reads.is_denied,
        reads.waited_s,
    )


def look_at_app(ports: Ports) -> App | None:
    """The app alone; `None` when the rack does not say."""
    try:
        return ports.rack.app()
    except RackFailure:
        return None


def targets_for(manifest: Manifest, services: Iterable[Service], policy: Policy) -> tuple[HealthTarget, ...]:
    """Where to ask, and how often: enough for every process to be heard soon through a balancer that spreads."""
    known: dict[ServiceName, Service] = {each.name: each for each in services}
    addressed = [(spec, expected_address(known.get(spec.name), spec)) for spec in manifest.services]
    reachable = [(spec, url) for spec, url in addressed if url]
    share = max(1, policy.probes_a_round // max(1, len(reachable)))
    return tuple(
        HealthTarget(spec.name, url, min(share, _questions(known[spec.name].desired or spec.count)))
        for spec, url in reachable
    )


def _questions(processes: int) -> int:
    return max(MIN_QUESTIONS, QUESTIONS_PER_PROCESS * processes)
