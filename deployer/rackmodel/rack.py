"""The rack: operations as the API has them, events from whoever runs the processes, and time from outside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from deployer.rackmodel import env as env_text
from deployer.rackmodel import history, refusals
from deployer.rackmodel.actions import Action
from deployer.rackmodel.app import App
from deployer.rackmodel.atom import Atom
from deployer.rackmodel.deployment import Template
from deployer.rackmodel.ids import NO_RELEASE, AppName, Ids, ProcessId, ReleaseId
from deployer.rackmodel.manifest import Manifest, ManifestInvalid
from deployer.rackmodel.manifest_check import check_build
from deployer.rackmodel.manifest_read import Parse, read_manifest
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.pods import Phase, Pod
from deployer.rackmodel.records import (
    AppRow,
    Build,
    BuildStatus,
    ProcessKind,
    ProcessRow,
    Release,
    ServiceRow,
)
from deployer.rackmodel.replicas import Replicas
from deployer.rackmodel.rollout import Rollout

UPDATE_TIMEOUT_S = 30.0
"""How long the promote of an app's update may take (3.4)."""

# ASSUMPTION: the length; `<rack>-<app>` must fit a Kubernetes namespace of 63 characters
_APP_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Rack:
    """A Convox rack without clock, randomness, processes or I/O of its own.

    Operations act at `now_s`, the instant of the last `advance`, and raise `Refused` with what the API would answer.
    What they set off comes out of the next `advance` as actions, even one to the same instant.
    Times are seconds of one clock of the caller's choosing, an epoch if the rows are to be shown.
    `parse` reads the format of manifests (YAML is JSON too, so the default serves where YAML is not at hand).
    """

    def __init__(
        self, ids: Ids, physics: Physics | None = None, *, parse: Parse = json.loads, now_s: float = 0.0
    ) -> None:
        self.physics = physics or Physics()
        self.now_s = now_s
        self._ids = ids
        self._parse = parse
        self._apps: dict[AppName, App] = {}
        self._rollouts: dict[AppName, Rollout] = {}
        self._replicas: dict[AppName, Replicas] = {}
        self._due_s: dict[AppName, float] = {}
        self._actions: list[Action] = []

    # Time

    def advance(self, now_s: float) -> list[Action]:
        """Let time pass up to `now_s` and hand over what is to be done, in order. Time never runs back.

        An action is dated by the instant it came out of; call at `next_instant_s` or more often for exact times.
        """
        while (due_s := min(self._due_s.values(), default=math.inf)) <= now_s:
            self.now_s = max(self.now_s, due_s)
            for name in [name for name, at_s in self._due_s.items() if at_s <= self.now_s]:
                self._settle(name)
        self.now_s = max(self.now_s, now_s)
        actions, self._actions = self._actions, []
        return actions

    def next_instant_s(self) -> float | None:
        """When something next happens without being asked; None if the rack is at rest."""
        if self._actions:
            return self.now_s
        due_s = min(self._due_s.values(), default=math.inf)
        return None if due_s == math.inf else due_s

    # Apps

    def create_app(self, name: str) -> AppRow:
        if not _APP_NAME.fullmatch(name):
            raise refusals.bad_app_name(name)
        if AppName(name) in self._apps:
            raise refusals.app_exists(name)
        self.adopt(App(AppName(name)))
        return self.app(name)

    def app(self, name: str) -> AppRow:
        owner = self._app(name)
        status = "deleting" if owner.deleting else owner.mirror.status
        return AppRow(owner.name, status, owner.mirror.release, owner.locked)

    def apps(self) -> list[AppRow]:
        return [self.app(name) for name in sorted(self._apps)]

    def lock_app(self, name: str, *, locked: bool) -> None:
        """Keep an app from being deleted, or no longer: promotes the active release again, for 30 s (2.11)."""
        owner = self._living(name)
        if owner.mirror.status != "running":
            raise refusals.currently_updating()
        owner.locked = locked
        if owner.atom.release != NO_RELEASE:
            self._rollouts[owner.name].promote(owner.atom.release, UPDATE_TIMEOUT_S, self.now_s)
            self._settle(owner.name)

    def delete_app(self, name: str) -> None:
        """End all its processes; it reads `deleting` until they are gone, and then there is no such app (2.11, 3.4)."""
        owner = self._app(name)
        if owner.locked:
            raise refusals.app_locked(name)
        owner.deleting = True
        for service in list(owner.deployments):
            self._replicas[owner.name].remove_service(service, self.now_s)
        for pod in list(owner.pods.values()):
            self._replicas[owner.name].terminate(pod, self.now_s)
        self._settle(owner.name)

    def config(self, app: str, name: str) -> str:
        try:
            return self._app(app).configs[name]
        except KeyError:
            raise refusals.config_not_found(name) from None

    def configs(self, app: str) -> dict[str, str]:
        return dict(sorted(self._app(app).configs.items()))

    def put_config(self, app: str, name: str, value: str) -> None:
        self._living(app).configs[name] = value

    # Builds

    def create_build(self, app: str, *, description: str = "", git_sha: str = "") -> Build:
        """Start a build: a pod of its own that `ps` shows as service `build` on the active release (3.3).

        The caller does the building, then calls `complete_build` or `fail_build`.
        """
        owner = self._living(app)
        process = self._ids.process("build")
        build = Build(self._ids.build(), owner.name, process, description, git_sha, started_s=self.now_s)
        owner.builds[build.id] = build
        pod = owner.one_off(process, ProcessKind.BUILD, "build", owner.mirror.release, "build", self.now_s)
        pod.phase, pod.ready_since_s = Phase.RUNNING, self.now_s
        owner.pods[pod.id] = pod
        return build

    def check_build(self, app: str, manifest: str, build_args: Mapping[str, str] | None = None) -> Manifest:
        """Validate a build's manifest with the newest release's env and the build args (7).

        Raises ManifestInvalid with the words of the build log.
        """
        newest = self._app(app).newest
        env = env_text.parse(newest.env) if newest else {}
        return check_build(manifest, {**env, **(build_args or {})}, self._parse)

    def complete_build(self, app: str, build: str, manifest: str) -> Release:
        """Finish a build: it makes a release with the env that is newest *now* (3.1)."""
        owner = self._app(app)
        done = owner.build(build)
        done.manifest = manifest
        release = self.create_release(app, build=done.id)
        done.status, done.release = BuildStatus.COMPLETE, release.id
        self._end_build(owner, done)
        return release

    def fail_build(self, app: str, build: str, reason: str) -> Build:
        owner = self._app(app)
        failed = owner.build(build)
        failed.status, failed.reason = BuildStatus.FAILED, reason
        self._end_build(owner, failed)
        return failed

    def build(self, app: str, build: str) -> Build:
        return self._app(app).build(build)

    def builds(self, app: str, limit: int = 10) -> list[Build]:
        """Newest first."""
        return list(reversed(self._app(app).builds.values()))[:limit]

    # Releases

    def create_release(
        self,
        app: str,
        *,
        build: str | None = None,
        env: str | None = None,
        description: str | None = None,
        parent: str | None = None,
    ) -> Release:
        """Make a release: what is None comes from `parent`, else from the *newest* release, active or not (3.1)."""
        owner = self._living(app)
        made = history.fork(owner, self._ids.release(), self.now_s, build=build, env=env, parent=parent)
        if description:
            made = history.describe(made, description)
        owner.releases.append(made)
        return made

    def release(self, app: str, release: str) -> Release:
        return self._app(app).release(release)

    def releases(self, app: str, limit: int = 10) -> list[Release]:
        """Newest first."""
        return list(reversed(self._app(app).releases))[:limit]

    def promote(self, app: str, release: str, *, force: bool = False, timeout_s: float | None = None) -> None:
        """Start rolling a release out. `force` skips the look at the status, nothing else (2.6, 8.4)."""
        owner = self._living(app)
        wanted = owner.release(release)
        if owner.mirror.status != "running" and not force:
            raise refusals.currently_updating()
        active = owner.find_release(owner.mirror.release)
        if active is not None and wanted.created_s < active.created_s:
            raise refusals.older_release()
        if not wanted.manifest:
            raise refusals.empty_manifest()
        self._load(wanted)
        self._rollouts[owner.name].promote(wanted.id, timeout_s, self.now_s)
        self._settle(owner.name)

    def cancel(self, app: str) -> None:
        """Revert a promote that is under way. The copy that `apps cancel` makes is the CLI's doing, not ours (2.8)."""
        owner = self._app(app)
        if owner.mirror.status != "updating":
            raise refusals.not_updating()
        if not self._rollouts[owner.name].cancel(self.now_s):
            raise refusals.not_currently_updating()
        self._settle(owner.name)

    # Processes

    def processes(self, app: str, *, service: str | None = None, release: str | None = None) -> list[ProcessRow]:
        """All rows, by name. An app that does not exist has none, and that is no error (2.9)."""
        owner = self._apps.get(AppName(app))
        rows = [pod.row(self.physics) for pod in owner.pods.values()] if owner else []
        return sorted(
            (row for row in rows if service in (None, "", row.service) and release in (None, "", row.release)),
            key=lambda row: (row.service, row.id),
        )

    def process(self, app: str, process: str) -> ProcessRow:
        return self._app(app).pod(process).row(self.physics)

    def run_process(
        self,
        app: str,
        service: str,
        command: str,
        *,
        release: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> ProcessRow:
        """Start a one-off process with a service's image and env, of the active release if none is named (2.9)."""
        owner = self._living(app)
        of = owner.release(release or self._active(owner))
        spec = self._load(of).service(service)
        if spec is None:
            raise refusals.service_not_found(service)
        pod = owner.one_off(self._ids.process(service), ProcessKind.RUN, service, of.id, command, self.now_s)
        pod.own_env = {**owner.injected_env(spec, of.id), **(environment or {})}
        self._replicas[owner.name].add(pod)
        self._settle(owner.name)
        return pod.row(self.physics)

    def stop_process(self, app: str, process: str) -> None:
        """Delete a pod; a replica is replaced at once (2.9)."""
        owner = self._app(app)
        self._replicas[owner.name].terminate(owner.pod(process), self.now_s)
        self._settle(owner.name)

    # Services

    def services(self, app: str) -> list[ServiceRow]:
        """The active release's services; required env that is missing refuses even this (7)."""
        owner = self._app(app)
        active = owner.find_release(owner.mirror.release)
        manifest = self._load(active) if active else Manifest(())
        return [owner.service_row(service) for service in manifest.services]

    def scale(self, app: str, service: str, count: int) -> None:
        """Change how many replicas are wanted, as `scale` or an autoscaler does; the app's status does not move."""
        owner = self._app(app)
        deployment = owner.service(service)
        deployment.desired = deployment.service.scale.clamp(count)
        self._settle(owner.name)

    def restart(self, app: str, service: str | None = None) -> None:
        """Roll a service, or all of them, to fresh replicas of the same release (2.9)."""
        owner = self._living(app)
        targets = [owner.service(service)] if service else list(owner.deployments.values())
        for deployment in targets:
            old = deployment.template
            deployment.use(Template(old.service, old.release, old.build, restarted_s=self.now_s))
        self._settle(owner.name)

    # Events: what became of the actions

    def started(self, app: str, process: str) -> None:
        if found := self._find_pod(app, process):
            found[1].on_started(self.now_s, self.physics)
            self._settle(found[0].name)

    def probed(self, app: str, process: str, *, ok: bool) -> None:
        found = self._find_pod(app, process)
        if found and found[1].on_probed(ok, self.now_s, self.physics):
            self._settle(found[0].name)

    def exited(self, app: str, process: str, code: int) -> None:
        """The process of the last StartProcess is gone, or could not be started."""
        found = self._find_pod(app, process)
        if found and found[1].given:
            self._replicas[found[0].name].exited(found[1], code, self.now_s)
            self._settle(found[0].name)

    def fail_next_check(self, app: str) -> None:
        """A fault: the controller's next look ends in an error, which reverts the promote (3.4)."""
        self._app(app).atom.fail_check = True

    # For those who store or judge the rack

    def truth(self, app: str) -> Atom:
        """The atom itself, without the mirror's lag: for a simulation's ground truth, not for a rack's users."""
        return self._app(app).atom

    def held(self) -> list[App]:
        """Everything there is, for `state.dump`."""
        return list(self._apps.values())

    def adopt(self, app: App) -> None:
        """Take an app in, new or out of `state.load`, and put its processes to work."""
        replicas = Replicas(app, self.physics, self._ids, self._actions_append)
        self._apps[app.name] = app
        self._replicas[app.name] = replicas
        self._rollouts[app.name] = Rollout(app, replicas, self.physics, self._load, self._actions_append)
        self._settle(app.name)

    # Inside

    def _actions_append(self, action: Action) -> None:
        self._actions.append(action)

    def _settle(self, app: AppName) -> None:
        self._rollouts[app].settle(self.now_s)
        if self._apps[app].deleting and not self._apps[app].pods:
            for table in (self._apps, self._rollouts, self._replicas, self._due_s):
                table.pop(app, None)
            return
        self._due_s[app] = self._rollouts[app].next_due_s(self.now_s)

    def _app(self, name: str) -> App:
        try:
            return self._apps[AppName(name)]
        except KeyError:
            raise refusals.app_not_found(name) from None

    def _living(self, name: str) -> App:
        """An app on which something may be started."""
        if (owner := self._app(name)).deleting:
            raise refusals.app_not_found(name)
        return owner

    def _find_pod(self, app: str, process: str) -> tuple[App, Pod] | None:
        owner = self._apps.get(AppName(app))
        pod = owner.pods.get(ProcessId(process)) if owner else None
        return (owner, pod) if owner and pod else None

    def _load(self, release: Release) -> Manifest:
        """What a promote, `services` and `run` do with a release: load its manifest and demand its env (7)."""
        env = env_text.parse(release.env)
        try:
            manifest = read_manifest(release.manifest, env, self._parse)
        except ManifestInvalid as exc:
            raise refusals.bad_manifest(str(exc)) from exc
        if missing := manifest.missing_env(env):
            raise refusals.required_env(missing)
        return manifest

    def _active(self, app: App) -> ReleaseId:
        if app.mirror.release == NO_RELEASE:
            raise refusals.no_release_promoted(app.name)
        return app.mirror.release

    def _end_build(self, app: App, build: Build) -> None:
        build.ended_s = self.now_s
        if pod := app.pods.get(build.process):
            pod.on_exited(0 if build.status is BuildStatus.COMPLETE else 1, self.now_s, self.physics)
        self._settle(app.name)
