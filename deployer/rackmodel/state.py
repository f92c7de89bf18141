"""A rack as plain JSON, and back: what outlives the machine that ran its processes.

Pods are not kept. A rack that comes back finds its replica sets empty and fills them, as Kubernetes does after a
power cut; a promote that was under way goes on. A build that was running is lost, and says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from deployer.rackmodel import env as env_text
from deployer.rackmodel.app import App, CronJob
from deployer.rackmodel.atom import Atom, AtomState, Mirror
from deployer.rackmodel.deployment import Deployment, ReplicaSet, Template
from deployer.rackmodel.ids import AppName, BuildId, ProcessId, ReleaseId, ServiceName
from deployer.rackmodel.manifest import Manifest
from deployer.rackmodel.manifest_read import Parse, read_manifest
from deployer.rackmodel.records import Build, BuildStatus, Release

Document = dict[str, Any]


def dump(apps: Iterable[App]) -> Document:
    """Everything `load` needs, as JSON types; holds the env of every release, so keep it private."""
    return {"version": 1, "apps": [_dump_app(app) for app in apps]}


def load(document: Document, parse: Parse = json.loads) -> list[App]:
    """The apps of a dump, for `Rack.adopt`; `parse` is the rack's reader of manifests.

    Raises KeyError or ValueError if the document is not one of `dump`'s.
    """
    if document["version"] != 1:
        raise ValueError(f"a rack state of version {document['version']} is not known")
    return [_load_app(app, parse) for app in document["apps"]]


def _dump_app(app: App) -> Document:
    return {
        "name": app.name,
        "releases": [asdict(release) for release in app.releases],
        "builds": [asdict(build) for build in app.builds.values()],
        "configs": app.configs,
        "locked": app.locked,
        "deleting": app.deleting,
        "atom": _dump_atom(app.atom),
        "deployments": [_dump_deployment(deployment) for deployment in app.deployments.values()],
        "secrets": app.secrets,
        "timers": [
            {"name": name, "release": job.release, "next_s": _finite(job.next_s)} for name, job in app.timers.items()
        ],
    }


def _dump_atom(atom: Atom) -> Document:
    return {**asdict(atom), "deadline_s": _finite(atom.deadline_s)}


def _dump_deployment(deployment: Deployment) -> Document:
    return {
        "service": deployment.service.name,
        "desired": deployment.desired,
        "bounds": deployment.bounds,
        "complete": deployment.complete,
        "template": _dump_template(deployment.template),
        "sets": [{**_dump_template(rs.template), "wanted": rs.wanted} for rs in deployment.sets.values()],
    }


def _dump_template(template: Template) -> Document:
    scale = template.service.scale
    restarted = {"release": template.release, "restarted_s": template.restarted_s}
    return {**restarted, "cpu": scale.cpu, "memory": scale.memory}


def _load_app(document: Document, parse: Parse) -> App:
    app = App(
        name=AppName(document["name"]),
        releases=[_load_release(release) for release in document["releases"]],
        builds={build.id: build for build in map(_load_build, document["builds"])},
        configs=dict(document["configs"]),
        atom=_load_atom(document["atom"]),
        secrets={ServiceName(name): dict(env) for name, env in document["secrets"].items()},
        # a state that was written before there were these two says neither
        locked=document.get("locked", False),
        deleting=document.get("deleting", False),
    )
    app.mirror = Mirror(app.atom.status, app.atom.release)
    for deployment in document["deployments"]:
        _load_deployment(app, deployment, parse)
    for job in document.get("timers", []):
        _load_timer(app, job, parse)
    return app


def _load_release(document: Document) -> Release:
    ids = {"id": ReleaseId(document["id"]), "app": AppName(document["app"]), "build": BuildId(document["build"])}
    return Release(**{**document, **ids})


def _load_build(document: Document) -> Build:
    build = Build(
        **{
            **document,
            "id": BuildId(document["id"]),
            "process": ProcessId(document["process"]),
            "status": BuildStatus(document["status"]),
        }
    )
    if build.status in (BuildStatus.CREATED, BuildStatus.RUNNING):
        build.status, build.reason, build.ended_s = BuildStatus.FAILED, "the rack was restarted", build.started_s
    return build


def _load_atom(document: Document) -> Atom:
    deadline_s = _instant_s(document["deadline_s"])
    return Atom(**{**document, "state": AtomState(document["state"]), "deadline_s": deadline_s})


def _load_deployment(app: App, document: Document, parse: Parse) -> None:
    name = document["service"]
    template = _load_template(app, name, document["template"], parse)
    bounds = document.get("bounds")
    deployment = Deployment(
        template, document["desired"], complete=document["complete"], bounds=tuple(bounds) if bounds else None
    )
    for entry in document["sets"]:
        of = _load_template(app, name, entry, parse)
        deployment.sets[of.hash] = ReplicaSet(of.hash, of, entry["wanted"])
    app.deployments[ServiceName(name)] = deployment


def _load_template(app: App, service: str, document: Document, parse: Parse) -> Template:
    release = app.release(document["release"])
    spec = _read(release, parse).service(service)
    if spec is None:
        raise ValueError(f"release {release.id} has no service {service}")
    asks = {key: document[key] for key in ("cpu", "memory") if key in document}
    spec = replace(spec, scale=replace(spec.scale, **asks))
    return Template(spec, release.id, release.build, document["restarted_s"])


def _load_timer(app: App, document: Document, parse: Parse) -> None:
    release = app.release(document["release"])
    for timer in _read(release, parse).timers:
        if timer.name == document["name"]:
            app.timers[timer.name] = CronJob(timer, release.id, _instant_s(document["next_s"]))


def _finite(instant_s: float) -> float | None:
    """JSON has no infinity."""
    return None if instant_s == math.inf else instant_s


def _instant_s(stored: float | None) -> float:
    return math.inf if stored is None else stored


def _read(release: Release, parse: Parse) -> Manifest:
    return read_manifest(release.manifest, env_text.parse(release.env), parse)
