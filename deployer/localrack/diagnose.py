"""`GET /apps/A/diagnose`: what `convox deploy-debug` shows (convox-facts 2.10; recorded: rack-2-deploy-debug-*)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.localrack.logs import Line
from deployer.localrack.times import rfc3339
from deployer.rackmodel import Physics, ProcessKind, ProcessStatus
from deployer.rackmodel.app import App
from deployer.rackmodel.deployment import Deployment
from deployer.rackmodel.pods import Pod

Json = dict[str, Any]

PROGRESS_DEADLINE_S = 600.0
"""Kubernetes' own; the rack does not act on it, but shows it (convox-facts 3.4)."""
CRASHING = "Process is crash-looping on startup -- check the logs below for the error"
# ASSUMPTION: the words; no recording has a process that runs and does not get ready
NOT_READY = "Process is running but its health check does not pass -- check path and port"

_PHASES = {
    ProcessStatus.PENDING: "Pending",
    ProcessStatus.COMPLETE: "Succeeded",
    ProcessStatus.FAILED: "Failed",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The query: which checks and services, from which age on a process is no longer new, how many log lines."""

    checks: frozenset[str] = frozenset({"overview", "init", "services"})
    services: frozenset[str] = frozenset()
    age_s: float = 300.0
    everything: bool = False
    lines: int = 200
    events: bool = True
    previous: bool = True


def diagnose(app: App, rack: str, now_s: float, physics: Physics, lines: Iterable[Line], asked: Asked) -> Json:
    """The report. `lines` are those of the app's log; processes that are well are left out unless all are asked for."""
    said = list(lines)
    pods = [pod for pod in app.pods.values() if pod.kind is ProcessKind.REPLICA and _wanted(pod.service, asked)]
    kinds = {pod.id: _classify(pod, now_s, asked) for pod in pods}
    shown = [pod for pod in pods if asked.everything or kinds[pod.id] != "healthy"]
    report: Json = {
        "namespace": f"{rack}-{app.name}",
        "rack": rack,
        "app": str(app.name),
        "timestamp": rfc3339(now_s),
        "summary": _count(kinds.values()),
    }
    if "overview" in asked.checks:
        report["overview"] = _overview(app, now_s, physics, pods, asked)
    if "services" in asked.checks:
        report["pods"] = [_describe(pod, kinds[pod.id], now_s, physics, said, asked) for pod in shown]
    return report


def _wanted(service: str, asked: Asked) -> bool:
    return not asked.services or service in asked.services


def _classify(pod: Pod, now_s: float, asked: Asked) -> str:
    """ASSUMPTION: one age parts new from healthy, and not-ready from unhealthy; the recordings have young ones only."""
    young = now_s - pod.created_s < asked.age_s
    if pod.is_ready:
        return "new" if young else "healthy"
    return "not-ready" if young else "unhealthy"


def _count(kinds: Iterable[str]) -> Json:
    found = list(kinds)
    names = {"unhealthy": "unhealthy", "notReady": "not-ready", "new": "new", "healthy": "healthy"}
    return {"total": len(found), **{key: found.count(kind) for key, kind in names.items()}}


def _overview(app: App, now_s: float, physics: Physics, pods: list[Pod], asked: Asked) -> Json:
    deployments = [each for name, each in app.deployments.items() if _wanted(name, asked)]
    stuck_s = now_s - app.atom.since_s - physics.scaled(PROGRESS_DEADLINE_S)
    services = [_service(deployment, pods, stalled=stuck_s > 0) for deployment in deployments]
    events = [event for pod in pods for event in _events(pod, physics)] if asked.events else []
    return {"services": services, **({"events": events} if events else {})}


def _service(deployment: Deployment, pods: list[Pod], *, stalled: bool) -> Json:
    own = [pod for pod in pods if pod.service == deployment.service.name and pod.is_active]
    ready = sum(pod.is_ready for pod in own)
    updated = sum(pod.template == deployment.template.hash for pod in own)
    row: Json = {
        "name": str(deployment.service.name),
        "desiredReplicas": deployment.desired,
        "readyReplicas": ready,
        "updatedReplicas": updated,
        "status": "running",
    }
    if deployment.desired == 0:
        row["status"] = "scaled-down"
    elif not ready == updated == len(own) == deployment.desired:
        # ASSUMPTION: replicas that are still to go count; the recordings part 2/2 from 1/2 only
        row["status"] = "stalled" if stalled else "deploying"
    if row["status"] == "stalled":
        row["stallReason"] = "ProgressDeadlineExceeded"
    return {**row, "agent": True} if deployment.service.agent else row


def _describe(pod: Pod, kind: str, now_s: float, physics: Physics, lines: list[Line], asked: Asked) -> Json:
    status = pod.status(physics)
    own = [line for line in lines if line.process == pod.id]
    current = [line for line in own if line.at_s >= pod.started_s]
    # a container that waits for its next start still shows its last run, as current and as previous
    previous = current if pod.waiting else [line for line in own if line.at_s < pod.started_s]
    events = [*_events(pod, physics)] if asked.events else []
    fields: Mapping[str, Any] = {
        "stateDetail": "CrashLoopBackOff" if status is ProcessStatus.CRASHED else "",
        "hint": _hint(status),
        "logs": _text(current, asked),
        "previousLogs": _text(previous, asked) if asked.previous and pod.attempt else "",
        "events": events,
    }
    return {
        "name": str(pod.id),
        "service": str(pod.service),
        "phase": _PHASES.get(status, "Running"),
        "ready": "1/1" if pod.is_ready else "0/1",
        "ageSeconds": int(now_s - pod.created_s),
        "restarts": pod.attempt,
        "classification": kind,
        **{key: value for key, value in fields.items() if value},
    }


def _hint(status: ProcessStatus) -> str:
    match status:
        case ProcessStatus.CRASHED:
            return CRASHING
        case ProcessStatus.STARTING | ProcessStatus.UNHEALTHY:
            return NOT_READY
        case _:
            return ""


def _events(pod: Pod, physics: Physics) -> Iterator[Json]:
    if pod.waiting:
        yield _event(pod, "BackOff", "Back-off restarting failed container")
    if pod.misses >= physics.failure_threshold and pod.health is not None:
        yield _event(pod, "Unhealthy", f"Readiness probe failed: GET {pod.health.path}")


def _event(pod: Pod, reason: str, message: str) -> Json:
    return {
        "timestamp": rfc3339(pod.started_s, digits=0),
        "type": "Warning",
        "reason": reason,
        "object": f"pod/{pod.id}",
        "message": message,
    }


def _text(lines: list[Line], asked: Asked) -> str:
    return "".join(f"{line.text}\n" for line in lines[-asked.lines :])
