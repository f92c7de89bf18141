"""
convox.yml, as far as deployer goes by it, with Convox's own defaults filled in (convox-facts 3.8, 7).

`${VAR}` stands for a value that only the rack knows: a number given so is read as its default, a port as 0. Unknown
keys are passed over, and wrong types inside `health` and `scale` too, as Convox does.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from deployer.core.errors import Problem, Refused
from deployer.core.models import Manifest, ServiceSpec
from deployer.core.names import ServiceName

INTERVAL_S = 5.0
TERMINATION_S = 30.0

_SERVICE = re.compile(r"[a-z][a-z0-9-]*")
Node = dict[str, Any]


def read_manifest(text: str, name: str = "convox.yml") -> Manifest:
    """Raises Refused that names the file and what is wrong in it."""
    root = _load(text, name)
    if not isinstance(root, dict):
        raise _refused(name, "it is not a mapping")
    services = root.get("services")
    if not isinstance(services, dict) or not services:
        raise _refused(name, "it has no services")
    specs = tuple(_service(str(key), node, name) for key, node in services.items())
    required = _required(root.get("environment"), name, "the app")
    return Manifest(specs, required.union(*(_needs(key, node, name) for key, node in services.items())))


def _load(text: str, name: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # PyYAML lets a date of 99-99 raise ValueError
        where = _where(error)
    raise _refused(name, f"it is not YAML{where}")  # out here: PyYAML's error quotes the text


def _service(key: str, node: object, name: str) -> ServiceSpec:
    if not _SERVICE.fullmatch(key):
        raise _refused(name, f"service name {key[:60]!r} is not lower case letters, digits and dashes")
    service = _mapping(node, name, f"service {key}")
    health = service.get("health")
    checks: Node = health if isinstance(health, dict) else {"path": health}
    interval = _seconds(checks.get("interval"), INTERVAL_S)
    termination = service.get("termination")
    return ServiceSpec(
        name=ServiceName(key),
        port=_port(service.get("port")),
        health_path=_path(checks.get("path")),
        health_interval_s=interval,
        health_grace_s=_seconds(checks.get("grace"), interval),
        termination_grace_s=_seconds(
            termination.get("grace") if isinstance(termination, dict) else None, TERMINATION_S
        ),
        count=_count(service.get("scale")),
        is_internal=service.get("internal") is True or service.get("internalRouter") is True,
        is_agent=_is_agent(service.get("agent")),
    )


def _needs(key: object, node: object, name: str) -> frozenset[str]:
    where = f"service {key}"
    return _required(_mapping(node, name, where).get("environment"), name, where)


def _required(node: object, name: str, where: str) -> frozenset[str]:
    """An entry without `=` must have a value, or the build and the promote fail (convox-facts 7)."""
    if node is None:
        return frozenset()
    if not isinstance(node, list) or not all(isinstance(each, str) for each in node):
        raise _refused(name, f"environment of {where} is not a list of NAME or NAME=value")
    return frozenset(each.strip() for each in node if "=" not in each and each.strip() not in ("", "*"))


def _mapping(node: object, name: str, where: str) -> Node:
    """A service may be nothing but its name: all defaults."""
    if node is None:
        return {}
    if not isinstance(node, dict):
        raise _refused(name, f"{where} is not a mapping")
    return node


def _port(node: object) -> int | None:
    """`8000`, `"8000"`, `https:8000` or `{port: 8000, scheme: https}`. `None`: nothing listens."""
    if isinstance(node, dict):
        return _port(node.get("port"))
    if node is None or isinstance(node, bool):
        return None
    last = str(node).rpartition(":")[2].strip()
    if "${" in str(node):
        return 0
    return int(last) if re.fullmatch(r"[0-9]{1,5}", last) else None


def _path(node: object) -> str:
    text = node.strip() if isinstance(node, str) else ""
    return text if text.startswith("/") else f"/{text}"


def _seconds(node: object, default: float) -> float:
    return float(node) if isinstance(node, int) and not isinstance(node, bool) and node > 0 else default


def _count(node: object) -> int:
    """`2`, `2-10`, `{count: 2-10}`, `{min: 2}`: the lowest, which is where a service starts."""
    if isinstance(node, dict):
        return _count(node.get("count", node.get("min")))
    lowest = str(node).partition("-")[0].strip()
    return int(lowest) if re.fullmatch(r"[0-9]{1,5}", lowest) else 1


def _is_agent(node: object) -> bool:
    return node.get("enabled", True) is True if isinstance(node, dict) else node is True


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f": line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _refused(name: str, what: str) -> Refused:
    return Refused((Problem(f"{name} is not readable: {what}", hint=f"edit {name}"),))
