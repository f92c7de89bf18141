"""
What the real rack must have known in the runs of `rack-cases.jsonl`.

Told by hand from the recordings themselves and from one another: the rack was
not asked for its state. What it did during a promote is read off the output
(`told_promotes`). Runs that cannot be told stand in `NOT_TOLD`.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

NOT_TOLD = {
    "rack-1-logs-app-notfound": "the rack never answered; killed after 90 s",
    "rack-2-build-id": "the log never ended; killed after 60 s",
}
# Their logs hold requests of commands that ran meanwhile, or lack that of a socket that outlived the command:
# only the output is compared.
LOGS_OF_ANOTHER_TIME = frozenset(
    f"rack-{name}"
    for name in (
        "1-promote-crash-then-cancel",
        "2-promote-crash-then-cancel",
        "1-deploy-debug-crash",
        "2-deploy-debug-crash",
        "2-promote-first",
    )
)
RACK: Json = {
    "domain": "router.lab.test",
    "name": "lab",
    "provider": "local",
    "region": "",
    "router-internal": "",
    "status": "running",
    "version": "3.24.9",
}
CRASHING = "Process is crash-looping on startup -- check the logs below for the error"
TOO_LATE = (
    "Failed to update endpoint lab-app3/web: Operation cannot be fulfilled on endpoints "
    '"web": the object has been modified; please apply your changes to the latest version and try again'
)
NODE_GONE = (
    'ERROR: Get "https://NODE/containerLogs/lab-app2/web-766d9cbf84-4ncnx/app2'
    '?sinceSeconds=120&tailLines=10&timestamps=true": dial tcp: lookup lab-node on 10.255.255.53:53: no such host\n'
)


def _app(name: str, release: str, status: str = "running", **more: Any) -> Json:
    return {"app": name, "active": release, "app_status": status, "router": "router.lab.test", "rack": RACK, **more}


def _release(ident: str, build: str, age_s: int, env: str = "") -> Json:
    return {"id": ident, "build": build, "env": env, "description": "lab", "created": f"AGO:{age_s}"}


def _process(ident: str, release: str, age_s: int, status: str = "running", command: str = "bin/web") -> Json:
    row = {"id": ident, "name": "web", "status": status, "release": release, "command": command}
    return {**row, "started": f"AGO:{age_s}"}


def _api_process(ident: str) -> Json:
    return {
        "app": "app2",
        "command": "bin/web",
        "cpu": 0,
        "gpu": 0,
        "host": "10.1.0.1",
        "id": ident,
        "image": "registry.lab.test/app2:web.BACLZWYPERP",
        "instance": "lab-node",
        "memory": 0,
        "name": "web",
        "ports": ["3000"],
        "release": "RWIHHTEHJLX",
        "service": "web",
        "started": "2026-11-23T12:26:59Z",
        "status": "running",
    }


def _build(ident: str, release: str, age_s: int, description: str) -> Json:
    return {
        "id": ident,
        "status": "complete",
        "release": release,
        "started": f"AGO:{age_s}",
        "description": description,
    }


def _pod(ident: str, age_s: int, *, crashing: bool = False) -> Json:
    pod = {"name": ident, "service": "web", "phase": "Running", "ageSeconds": age_s}
    if not crashing:
        return {**pod, "ready": "1/1", "restarts": 0, "classification": "new"}
    trouble = {"classification": "not-ready", "stateDetail": "CrashLoopBackOff", "hint": CRASHING}
    return {**pod, "ready": "0/1", "restarts": 3, **trouble}


def _with_logs(pod: Json) -> Json:
    lines = "".join(f" line {n} from {pod['name']}\n" for n in (1, 2))
    return {**pod, "logs": lines, "previousLogs": lines}


def _report(app: str, timestamp: str, service: Json, pods: list[Json], events: list[Json] | None = None) -> Json:
    bad = sum("hint" in pod for pod in pods)
    return {
        "namespace": f"lab-{app}",
        "rack": "lab",
        "app": app,
        "timestamp": timestamp,
        "overview": {"services": [{"name": "web", "desiredReplicas": 2, **service}], "events": events or []},
        "pods": pods,
        "summary": {"total": len(pods), "unhealthy": 0, "notReady": bad, "new": len(pods) - bad, "healthy": 0},
    }


APP2 = _app("app2", "RZXJHBYSRVQ")
FIRST = [_release("RZXJHBYSRVQ", "BACLZWYPERP", 75)]
WITH_ENV = [_release("RKJTGPATZBY", "BACLZWYPERP", 2, "FOO=1")]
UPDATING = _app("app3", "RQHVVSWSUEZ", "updating")
BACK = _app("app3", "RFFTEQBZKSU")
CRASHED = ("web-7f5cfbdf57-4f9mr", "web-7f5cfbdf57-klgv8")
HEALTHY = {"readyReplicas": 2, "updatedReplicas": 2, "status": "running"}
DEPLOYING = {"readyReplicas": 1, "updatedReplicas": 2, "status": "deploying"}
FDB_PODS = [_pod(f"web-fdb4fb6db-{tail}", 18) for tail in ("6zwwm", "p749r")]
LATE_EVENT = {
    "timestamp": "AGO:15",
    "type": "Warning",
    "reason": "FailedToUpdateEndpoint",
    "object": "endpoints/web",
    "message": TOO_LATE,
}
WEB = {
    "name": "web",
    "domain": "web.app2.lab.test",
    "ports": [{"balancer": 443, "container": 3000}],
    "min": 2,
    "max": 2,
}

RUN_1: dict[str, Json] = {
    "rack": APP2,
    "apps": {
        **APP2,
        "apps": [
            {"name": "app2", "status": "running", "release": "RZXJHBYSRVQ"},
            {"name": "myapp", "status": "rollback", "release": "REMISXKUVIQ"},
        ],
    },
    "apps-info": APP2,
    "app-notfound": APP2,
    "ps": {**APP2, "processes": [_process(f"web-766d9cbf84-{t}", "RZXJHBYSRVQ", 75) for t in ("4ncnx", "85kdl")]},
    "ps-app-notfound": {**APP2, "lists_unknown_apps": True},
    "services": {**APP2, "services": [WEB]},
    "releases": {**APP2, "releases": FIRST},
    "releases-app-notfound": APP2,
    "env-set-id": {**APP2, "releases": FIRST, "new_release_ids": ["RWWSIKBULBV"]},
    "env-set-notfound": APP2,
    "env": {**APP2, "releases": WITH_ENV},
    "env-set-multiline": {**APP2, "releases": WITH_ENV, "new_release_ids": ["RWIHHTEHJLX"]},
    "wrong-password": APP2,
    "trailing-slash": APP2,
    "logs-nofollow": {**APP2, "logs_lines": []},
    "logs-service": {**APP2, "logs_lines": [[0, NODE_GONE]]},
    "logs-no-pods": {"logs_lines": [[0, "ERROR: no resources found in lab-myapp namespace\n"]]},
    "promote-env-only": {**APP2, "releases": [_release("RWIHHTEHJLX", "BACLZWYPERP", 2, "FOO=1\nML=one\ntwo=2")]},
    "api-get-processes": {**APP2, "processes": [_api_process(f"web-6dc86fdd8-{t}") for t in ("72br2", "vlbz4")]},
    "deploy-debug-healthy": {
        **APP2,
        "diagnose": _report(
            "app2", "2026-11-23T12:27:50Z", HEALTHY, [_pod(f"web-6dc86fdd8-{t}", 51) for t in ("72br2", "vlbz4")]
        ),
    },
    "rollback-id": {**APP2, "releases": FIRST, "new_release_ids": ["RISQBQXZAQC"]},
    "deploy-debug-crash": {**APP2, "diagnose": _report("app2", "2026-11-23T12:28:24Z", HEALTHY, FDB_PODS)},
    "deploy-debug-crash-json": {
        **APP2,
        "diagnose": _report("app2", "2026-11-23T12:28:24.442495106Z", HEALTHY, FDB_PODS),
    },
    "apps-info-updating": _app("app2", "RSWJJDTXDMT", "updating"),
    "cancel-during-promote": {**APP2, "releases": [_release("RSWJJDTXDMT", "BACLZWYPERP", 20)]},
    "promote-crash-then-cancel": APP2,
    "ps-after-cancel": {
        **APP2,
        "processes": [_process(f"web-795996b554-{t}", "RISQBQXZAQC", 10) for t in ("d7jgv", "hlhd8")],
    },
    "promote-force-after-cancel": _app(
        "app2", "RISQBQXZAQC", "rollback", releases=[_release("RFXAFQMQSRF", "BACLZWYPERP", 10)]
    ),
}
RUN_2: dict[str, Json] = {
    "promote-first": _app("app3", ""),
    "logs-service": {
        **BACK,
        "logs_lines": [
            [0, f"[pod/web-59947cd486-{t}/app3] 2026-11-23T12:31:50Z line {n} from web-59947cd486-{t}\n"]
            for t in ("h6zcn", "wl9cw")
            for n in (1, 2)
        ],
    },
    "ps-info-notfound": BACK,
    "builds-info-notfound": BACK,
    "deploy-debug-crash": {
        **UPDATING,
        "diagnose": _report(
            "app3",
            "2026-11-23T12:32:09Z",
            DEPLOYING,
            [_with_logs(p) for p in (*(_pod(i, 17, crashing=True) for i in CRASHED), _pod("web-59947cd486-wl9cw", 59))],
            [LATE_EVENT],
        ),
    },
    "deploy-debug-crash-summary": {
        **UPDATING,
        "diagnose": _report(
            "app3",
            "2026-11-23T12:32:10Z",
            DEPLOYING,
            [*(_pod(ident, 18, crashing=True) for ident in CRASHED), _pod("web-59947cd486-wl9cw", 60)],
        ),
    },
    "ps-crash": {
        **UPDATING,
        "processes": [
            _process("web-59947cd486-wl9cw", "RFFTEQBZKSU", 60),
            *(_process(ident, "RQHVVSWSUEZ", 18, "crashed", "crash") for ident in CRASHED),
        ],
    },
    "apps-info-updating": UPDATING,
    "cancel-during-promote": {**UPDATING, "releases": [_release("RQHVVSWSUEZ", "BCFQGYKDDMS", 30)]},
    "promote-crash-then-cancel": BACK,
    "apps-info-after-cancel-0": _app("app3", "RFFTEQBZKSU", "rollback"),
    **{f"apps-info-after-cancel-{i}": BACK for i in range(1, 5)},
    "releases-info-newest": {**BACK, "releases": [_release("RKPYHWJKIMZ", "BCFQGYKDDMS", 65)]},
    "promote-after-cancel-latest": BACK,
    "builds": {
        **BACK,
        "builds": [
            _build("BCPBKATECGL", "RBTHBTXZHGR", 65, "build 25b3586103 first commit"),
            _build("BCFQGYKDDMS", "", 125, "lab nginx:1"),
            _build("BCKAQWZKQIJ", "", 185, "lab nginx:1"),
        ],
    },
    "build-app-notfound": BACK,
}
STATES: dict[str, Json] = {
    **{f"rack-1-{name}": state for name, state in RUN_1.items()},
    **{f"rack-2-{name}": state for name, state in RUN_2.items()},
}
