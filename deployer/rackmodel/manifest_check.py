"""The checks a build makes on convox.yml; a promote makes none of them but the required env (convox-facts 7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployer.rackmodel.manifest import Manifest, ManifestInvalid, Service
from deployer.rackmodel.manifest_read import Parse, load_table, read_manifest

_SERVICE_NAME = re.compile(r"[a-z][a-z0-9-]*")
_RESERVED_LABELS = frozenset({"system", "rack", "app", "name", "service", "release", "type"})


def check_build(text: str, env: Mapping[str, str], parse: Parse = json.loads) -> Manifest:
    """Read a manifest as a build does, with the newest release's env and the build args.

    Raises ManifestInvalid with the text of the build log: `validation errors:`, then one a line.
    """
    manifest = read_manifest(text, env, parse)
    raw = load_table(text, env, parse)
    try:
        problems = [*_service_problems(manifest, raw), *_timer_problems(manifest)]
    except (TypeError, AttributeError) as exc:
        raise ManifestInvalid(f"yaml: {exc}") from exc
    if missing := manifest.missing_env(env):
        problems.append(f"required env: {', '.join(missing)}")
    if problems:
        raise ManifestInvalid("\n".join(["validation errors:", *problems]))
    return manifest


def _service_problems(manifest: Manifest, raw: Mapping[str, Any]) -> Iterator[str]:
    resources = {resource.name for resource in manifest.resources}
    configs = {config.get("id") for config in raw.get("configs") or []}
    yield from _label_problems(raw)
    for service in manifest.services:
        body = (raw.get("services") or {}).get(service.name) or {}
        yield from _own_problems(service, body)
        yield from _label_problems(body)
        for name, _ in service.links:
            if name not in resources:
                yield f"service {service.name} references a resource that does not exist: {name}"
        for mount in body.get("configMounts") or []:
            if mount.get("id") not in configs:
                yield f"config id: '{mount.get('id')}' not found"


def _label_problems(body: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(_RESERVED_LABELS & (body.get("labels") or {}).keys()):
        yield f"reserved label key '{key}' is not allowed"


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


def _timer_problems(manifest: Manifest) -> Iterator[str]:
    for timer in manifest.timers:
        if manifest.service(timer.service) is None:
            yield f"timer {timer.name} references a service that does not exist: {timer.service}"
