"""From the text of a convox.yml to a `Manifest` (convox-facts 7).

The format itself (YAML) is parsed by a function the caller hands in; this module knows what the words mean.
Unknown keys are ignored, as the rack does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from deployer.rackmodel.ids import ServiceName
from deployer.rackmodel.manifest import Health, Manifest, ManifestInvalid, Resource, Scale, Service, Timer

Parse = Callable[[str], Any]
Table = Mapping[str, Any]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_COUNT_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def read_manifest(text: str, env: Mapping[str, str], parse: Parse = json.loads) -> Manifest:
    """Interpolate, parse and read; `parse` raises ValueError on bad syntax, JSON will do for a model.

    Raises ManifestInvalid if the text is no manifest. Does not validate: see `manifest_check`.
    """
    raw = load_table(text, env, parse)
    shared = _strings(raw, "environment")
    try:
        services, timers, resources = (_table(raw, key) for key in ("services", "timers", "resources"))
        return Manifest(
            tuple(_service(str(name), body or {}, shared) for name, body in services.items()),
            tuple(_timer(str(name), body or {}) for name, body in timers.items()),
            tuple(Resource(str(name), str((body or {}).get("type") or "")) for name, body in resources.items()),
        )
    except (TypeError, ValueError, AttributeError) as exc:
        raise ManifestInvalid(f"yaml: {exc}") from exc


def load_table(text: str, env: Mapping[str, str], parse: Parse) -> Table:
    """`${VAR}` anywhere, comments included, becomes the env's value or nothing; then the text is parsed."""
    interpolated = _VARIABLE.sub(lambda match: env.get(match[1], ""), text)
    try:
        raw = parse(interpolated)
    except ValueError as exc:
        raise ManifestInvalid(f"yaml: {exc}") from exc
    if raw is not None and not isinstance(raw, Mapping):
        raise ManifestInvalid("yaml: the manifest is not a mapping")
    return raw or {}


def _service(name: str, body: Table, shared: list[str]) -> Service:
    entries = _merge(shared, _strings(body, "environment"))
    agent, singleton = bool(body.get("agent")), bool(body.get("singleton"))
    # agents and singletons stop the old one first: 0/100 (3.8)
    minimum, maximum = (0, 100) if agent or singleton else (50, 200)
    deployment, port, build = _table(body, "deployment"), _port(body.get("port")), _build(body.get("build"))
    return Service(
        name=ServiceName(name),
        command=str(body.get("command") or ""),
        image=str(body.get("image") or ""),
        build_path=build[0],
        dockerfile=build[1],
        port=port,
        health=_health(body.get("health"), port),
        scale=Scale() if agent else _scale(body.get("scale")),
        minimum_percent=int(deployment.get("minimum", minimum)),
        maximum_percent=int(deployment.get("maximum", maximum)),
        termination_grace_s=_number(_table(body, "termination").get("grace"), 30),
        agent=agent,
        internal=bool(body.get("internal")),
        defaults=tuple((key, value) for key, value in entries.items() if value is not None),
        required=frozenset(key for key, value in entries.items() if value is None),
        links=tuple(map(_link, _strings(body, "resources"))),
    )


def _timer(name: str, body: Table) -> Timer:
    return Timer(
        name=name,
        service=ServiceName(str(body.get("service") or "")),
        schedule=str(body.get("schedule") or "").replace("?", "*"),
        command=str(body.get("command") or ""),
        concurrency=str(body.get("concurrency") or "Allow").capitalize(),
        parallel=max(1, int(_number(body.get("parallelCount"), 1))),
    )


def _link(entry: str) -> tuple[str, str]:
    """`name`, whose URL is in `<NAME>_URL`, or `name:VARIABLE`."""
    name, _, variable = entry.partition(":")
    return name, variable or Resource(name, "").variable


def _merge(shared: list[str], own: list[str]) -> dict[str, str | None]:
    """`K=V` is a default, a bare `K` is required; a service's own entry stands over the shared one."""
    entries: dict[str, str | None] = {}
    for entry in [*shared, *own]:
        key, equals, value = entry.partition("=")
        if key != "*":
            entries[key.strip()] = value if equals else None
    return entries


def _health(value: Any, port: int | None) -> Health | None:
    """Defaults: path `/`, interval 5, grace = interval, timeout = interval - 1 (3.8)."""
    table: Table = {"path": value} if isinstance(value, str) else value or {}
    if port is None or table.get("disable") is True:
        return None
    interval = _number(table.get("interval"), 5)
    return Health(
        path=str(table.get("path") or "/"),
        interval_s=interval,
        timeout_s=_number(table.get("timeout"), interval - 1),
        grace_s=_number(table.get("grace"), interval),
        port=int(_number(table.get("port"), port)),
    )


def _scale(value: Any) -> Scale:
    table: Table = value if isinstance(value, Mapping) else {"count": value}
    low, high = _count(table.get("count"))
    low, high = int(_number(table.get("min"), low)), int(_number(table.get("max"), high))
    autoscale = table.get("autoscale")
    trigger = autoscale.get("cpu") if isinstance(autoscale, Mapping) else None
    threshold = trigger.get("threshold") if isinstance(trigger, Mapping) else None
    target = _table(table, "targets").get("cpu") or threshold
    return Scale(
        count=low,
        maximum=high,
        cpu=int(_number(table.get("cpu"), 250)),
        memory=int(_number(table.get("memory"), 512)),
        cpu_target=target if isinstance(target, int) else None,
        keda=bool(autoscale or table.get("keda")),
    )


def _count(value: Any) -> tuple[int, int]:
    match = _COUNT_RANGE.fullmatch("1" if value is None else str(value).strip())
    if match is None:
        return 1, 1
    low = int(match[1])
    return low, int(match[2] or low)


def _port(value: Any) -> int | None:
    """`3000`, `"https:3000"` or `{port: 3000, scheme: https}`."""
    if isinstance(value, Mapping):
        value = value.get("port")
    return None if value is None else int(str(value).rpartition(":")[2])


def _build(value: Any) -> tuple[str, str]:
    table: Table = value if isinstance(value, Mapping) else {"path": value}
    return str(table.get("path") or "."), str(table.get("manifest") or "Dockerfile")


def _number(value: Any, default: float) -> float:
    """Inside `health:` and `scale:` what is not a whole number is silently ignored (7)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _table(raw: Table, key: str) -> Table:
    value = raw.get(key) or {}
    if not isinstance(value, Mapping):
        raise ManifestInvalid(f"yaml: {key} is not a mapping")
    return value


def _strings(raw: Table, key: str) -> list[str]:
    value = raw.get(key) or []
    if not isinstance(value, list):
        raise ManifestInvalid(f"yaml: {key} is not a list")
    return [str(entry) for entry in value]
