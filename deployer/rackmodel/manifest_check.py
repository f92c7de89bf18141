"""The checks a build makes on convox.yml; a promote makes none of them but the required env (convox-facts 7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployer.rackmodel.manifest import Manifest, ManifestInvalid, Service
from deployer.rackmodel.manifest_read import Parse, load_table, read_manifest

_SERVICE_NAME = re.compile(r"[a-z][a-z0-9-]*")


def check_build(text: str, env: Mapping[str, str], parse: Parse = json.loads) -> Manifest:
    """Read a manifest as a build does, with the newest release's env and the build args.

    Raises ManifestInvalid with the text of the build log: `validation errors:`, then one a line.
    """
    manifest = read_manifest(text, env, parse)
    raw = load_table(text, env, parse)
    try:
        problems = [*_service_problems(manifest, raw), *_timer_problems(manifest, raw)]
    except (TypeError, AttributeError) as exc:
        raise ManifestInvalid(f"yaml: {exc}") from exc
    if missing := manifest.missing_env(env):
        problems.append(f"required env: {', '.join(missing)}")
    if problems:
        raise ManifestInvalid("\n".join(["validation errors:", *problems]))
    return manifest


def _service_problems(manifest: Manifest, raw: Mapping[str, Any]) -> Iterator[str]:
    resources = raw.get("resources") or {}
    for service in manifest.services:
        body = (raw.get("services") or {}).get(service.name) or {}
        yield from _own_problems(service, body)
        for entry in body.get("resources") or []:
            name = str(entry).partition(":")[0]
            if name not in resources:
                yield f"service {service.name} references a resource that does not exist: {name}"


def _own_problems(service: Service, body: Mapping[str, Any]) -> Iterator[str]:
    name = service.name
    if not _SERVICE_NAME.fullmatch(name):
        yield f"service name {name} invalid, must contain only lowercase alphanumeric and dashes"
    if service.minimum_percent < 0:
        yield f"service {name} deployment minimum can not be less than 0"
    if service.minimum_percent > 100:
        yield f"service {name} deployment minimum can not be greater than 100"
    if service.maximum_percent < 100:
        yield f"service {name} deployment maximum can not be less than 100"
    if service.maximum_percent > 200:
        yield f"service {name} deployment maximum can not be greater than 200"
    if body.get("internal") and body.get("internalRouter"):
        yield f"service {name} can not have both internal and internalRouter set as true"
    if service.scale.maximum < service.scale.count:
        yield f"service {name}: scale.max must be >= scale.min"


def _timer_problems(manifest: Manifest, raw: Mapping[str, Any]) -> Iterator[str]:
    for name, timer in (raw.get("timers") or {}).items():
        target = (timer or {}).get("service")
        if manifest.service(str(target)) is None:
            yield f"timer {name} references a service that does not exist: {target}"
