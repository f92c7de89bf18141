"""The rack's answers as JSON (convox-facts 5.3). Names and shapes are the real rack's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deployer.localrack.ports import LOOPBACK
from deployer.localrack.times import rfc3339
from deployer.rackmodel import AppRow, Budget, Build, ProcessRow, Release, ResourceRow, ServiceRow

VERSION = "3.24.9"
"""What decides which API a CLI speaks: anything that starts with 3 is this one (convox-facts 5.2)."""
PROVIDER = "local"
INSTANCE = "local"

Json = dict[str, Any]


def system(name: str) -> Json:
    return {
        "count": 1,
        "domain": LOOPBACK,
        "name": name,
        "provider": PROVIDER,
        "rack-domain": "",
        "region": "",
        "router-internal": "",
        "status": "running",
        "type": "",
        "version": VERSION,
        "outputs": {},
        "parameters": {},
    }


def app(row: AppRow) -> Json:
    return {
        "generation": "3",
        "locked": row.locked,
        "name": row.name,
        "parameters": {},
        "release": row.release,
        "router": LOOPBACK,
        "status": row.status,
    }


def release(of: Release) -> Json:
    return {
        "id": of.id,
        "app": of.app,
        "build": of.build,
        "created": rfc3339(of.created_s),
        "description": of.description,
        "env": of.env,
        "manifest": of.manifest,
    }


def build(of: Build) -> Json:
    return {
        "id": of.id,
        "app": of.app,
        "description": of.description,
        "ended": rfc3339(of.ended_s),
        "entrypoint": "",
        "git-sha": of.git_sha,
        "logs": "",
        "manifest": of.manifest,
        "process": of.process,
        "reason": of.reason,
        "release": of.release,
        "repository": "",
        "started": rfc3339(of.started_s),
        "status": of.status.value,
    }


def process(row: ProcessRow) -> Json:
    return {
        "id": row.id,
        "app": row.app,
        "command": row.command,
        "cpu": 0,
        "gpu": 0,
        "host": LOOPBACK,
        "image": f"{row.app}:{row.service}.{row.build}",
        "instance": INSTANCE,
        "memory": 0,
        "name": row.service,
        "ports": [str(row.port)] if row.port is not None else [],
        "release": row.release,
        "service": row.service,
        # to the second, as Kubernetes dates a pod
        "started": rfc3339(row.started_s, digits=0),
        "status": row.status.value,
    }


def instance(started_s: float, processes: int) -> Json:
    """The machine that a local rack runs on. Nothing of it is measured."""
    return {
        "agent": False,
        "cpu": 0,
        "id": INSTANCE,
        "memory": 0,
        "private-ip": LOOPBACK,
        "processes": processes,
        "public-ip": "",
        "started": rfc3339(started_s, digits=0),
        "status": "running",
    }


def resource(row: ResourceRow) -> Json:
    """No database runs here: one that the env names is somewhere else, any other never gets there."""
    return {"name": row.name, "status": "external" if row.url else "pending", "type": row.type, "url": row.url}


def budget(of: Budget | None, now_s: float) -> Json:
    """`null` and `null` without one (5.3); names after pkg/structs AppBudget and AppBudgetState."""
    if of is None:
        return {"config": None, "state": None}
    month = datetime.fromtimestamp(now_s, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "config": {
            "monthly-cap-usd": of.cap_usd,
            "alert-threshold-percent": 80,
            "at-cap-action": of.action,
            "pricing-adjustment": 1,
        },
        "state": {
            "month-start": rfc3339(month.timestamp(), digits=0),
            "current-month-spend-usd": of.spent_usd,
            "current-month-spend-as-of": rfc3339(now_s, digits=0),
            "circuit-breaker-tripped": of.is_at_cap,
        },
    }


def service(row: ServiceRow, app_name: str, rack: str, port: int | None) -> Json:
    """`port` is the loopback port that stands for the router: where a real rack has 443."""
    answer: Json = {
        "name": row.name,
        "count": row.count,
        "cpu": row.cpu,
        "memory": row.memory,
        "gpu": 0,
        "gpu-vendor": "",
        "domain": f"{row.name}.{app_name}.{rack}.local" if row.internal else LOOPBACK if row.port is not None else "",
        "nlb": [],
        "ports": [{"balancer": port, "certificate": "", "container": row.port}] if row.port is not None else [],
    }
    # a fixed count is a range of one (recorded: rack-cases, `services` shows SCALE 2)
    answer |= (
        {"min": row.minimum, "max": row.maximum} if row.minimum is not None else {"min": row.count, "max": row.count}
    )
    if row.cpu_target is not None:
        answer["autoscale"] = {"enabled": True, "cpu-threshold": row.cpu_target}
    return answer
