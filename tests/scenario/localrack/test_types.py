"""Every answer has the types that the real CLI decodes into: Go refuses `512.0` for an int and `""` for a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenario.localrack.harness import APP, MANIFEST, SOURCE, Driver

pytestmark = pytest.mark.rack

Shape = Any
"""A type, a pattern of a text, a list of one shape, a map of names to shapes; a name with `?` may be missing."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
TEXTS = {"*": str}

# convox-facts 5.3 and 2.10
SYSTEM = {
    **dict.fromkeys(("domain", "name", "provider", "rack-domain", "region", "router-internal"), str),
    **dict.fromkeys(("status", "type", "version"), str),
    "count": int,
    "outputs?": TEXTS,
    "parameters?": TEXTS,
}
APP_ROW = {
    **dict.fromkeys(("generation", "name", "release", "router", "status"), str),
    "locked": bool,
    "parameters": TEXTS,
}
RELEASE = {**dict.fromkeys(("id", "app", "build", "env", "manifest", "description"), str), "created": TIME}
BUILD = {
    **dict.fromkeys(("id", "app", "description", "entrypoint", "git-sha", "logs", "manifest", "process"), str),
    **dict.fromkeys(("release", "reason", "repository", "status"), str),
    "started": TIME,
    "ended": TIME,
}
PROCESS = {
    **dict.fromkeys(("id", "app", "command", "host", "image", "instance", "name", "release", "status"), str),
    "service?": str,
    "cpu": float,
    "memory": float,
    "gpu": int,
    "ports": [str],
    "started": TIME,
}
AUTOSCALE = {"enabled": bool, "cpu-threshold?": int, "mem-threshold?": int}
SERVICE = {
    **dict.fromkeys(("name", "domain", "gpu-vendor"), str),
    **dict.fromkeys(("count", "cpu", "memory", "gpu"), int),
    "nlb": [{"port": int, "container-port": int, "protocol": str, "scheme": str}],
    "ports": [{"balancer": int, "certificate": str, "container": int}],
    "min?": int,
    "max?": int,
    "autoscale?": AUTOSCALE,
}
EVENT = {**dict.fromkeys(("type", "reason", "object", "message"), str), "timestamp": TIME, "hint?": str}
REPLICAS = dict.fromkeys(("desiredReplicas", "readyReplicas", "updatedReplicas"), int)
DIAGNOSIS = {
    **dict.fromkeys(("namespace", "rack", "app"), str),
    "timestamp": TIME,
    "overview": {
        "services": [{"name": str, "status": str, **REPLICAS, "stallReason?": str, "agent?": bool}],
        "events?": [EVENT],
    },
    "pods": [
        {
            **dict.fromkeys(("name", "service", "phase", "ready", "classification"), str),
            **dict.fromkeys(("stateDetail?", "hint?", "logs?", "previousLogs?"), str),
            "ageSeconds": int,
            "restarts": int,
            "events?": [EVENT],
        }
    ],
    "summary": dict.fromkeys(("total", "unhealthy", "notReady", "new", "healthy"), int),
    "initPods?": [dict],
}

ANSWERS: dict[str, Shape] = {
    "/system": SYSTEM,
    "/racks": [{"name": str, "provider": str, "status": str}],
    "/apps": [APP_ROW],
    f"/apps/{APP}": APP_ROW,
    f"/apps/{APP}/releases": [RELEASE],
    f"/apps/{APP}/builds": [BUILD],
    f"/apps/{APP}/processes": [PROCESS],
    f"/apps/{APP}/services": [SERVICE],
    f"/apps/{APP}/configs": [{"name": str, "value": str}],
    f"/apps/{APP}/diagnose?all=true&": DIAGNOSIS,
}
SCALED = MANIFEST.replace("scale: 2", "scale: {count: 1-3, cpu: 256, memory: 128, targets: {cpu: 70}}")


@pytest.fixture(scope="module")
def serving(shared: Driver) -> Driver:
    """An autoscaled app whose newest release crashes while it is rolled out: every kind of row is there."""
    shared.http.put(f"/apps/{APP}/configs/note", data={"value": "aGVsbG8="})
    shared.ship({**SOURCE, "convox.yml": SCALED})
    shared.promote(shared.set_env("BREAK=1"))
    shared.wait_for(lambda: "crashed" in [row["status"] for row in shared.rows()])
    return shared


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_have_the_types_that_go_decodes_into(serving: Driver, path: str) -> None:
    """Names and types as convox-facts 5.3 lists them, and at least one row of each list."""
    answer = serving.get(path)

    assert answer
    assert [] == list(_misfits(answer, ANSWERS[path], path))


@pytest.mark.parametrize(
    ("value", "shape"),
    [(512.0, int), (True, int), ("", TIME), (None, str), ({}, {"a": int}), ({"b": 1}, {"a?": int}), ([1], [str])],
)
def test_what_go_would_refuse_is_a_misfit(value: object, shape: Shape) -> None:
    """The test above can fail."""
    assert [] != list(_misfits(value, shape, "it"))


def _misfits(value: Any, shape: Shape, where: str) -> Iterator[str]:
    match shape:
        case re.Pattern():
            fits = isinstance(value, str) and bool(shape.fullmatch(value))
        case [of]:
            fits = isinstance(value, list)
            yield from (misfit for row in value for misfit in _misfits(row, of, f"{where}[]")) if fits else ()
        case dict():
            fits = isinstance(value, dict)
            yield from _misfits_of_map(value, shape, where) if fits else ()
        case _ if shape is float:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case _ if shape is int:
            fits = isinstance(value, int) and not isinstance(value, bool)
        case _:
            fits = isinstance(value, shape)
    if not fits:
        yield f"{where} is {value!r}, not {shape}"


def _misfits_of_map(value: dict[str, Any], shape: dict[str, Shape], where: str) -> Iterator[str]:
    known = {name.rstrip("?"): of for name, of in shape.items()}
    for name, item in value.items():
        if name not in known and "*" not in known:
            yield f"{where}.{name} is not known"
        else:
            yield from _misfits(item, known.get(name, known.get("*")), f"{where}.{name}")
    yield from (f"{where}.{name} is missing" for name in shape if name not in value and name[-1] not in "?*")
