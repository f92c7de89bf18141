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
from deployer.rackmodel.budget import Budget
from deployer.rackmodel.deployment import Template
from deployer.rackmodel.hosts import Host, Hosts
from deployer.rackmodel.ids import NO_RELEASE, AppName, Ids, ReleaseId
from deployer.rackmodel.manifest import Manifest, ManifestInvalid
from deployer.rackmodel.manifest_check import check_build
from deployer.rackmodel.manifest_read import Parse, read_manifest
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.pods import Phase
from deployer.rackmodel.records import (
    AppRow,
    Build,
    BuildStatus,
    ProcessKind,
    ProcessRow,
    Release,
    ResourceRow,
    ServiceRow,
)
from deployer.rackmodel.scaling import Change, apply_change

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
        self._ids = ids
        self._parse = parse
        self._actions: list[Action] = []
        self._hosts = Hosts(ids, self.physics, self._load, self._emit, now_s)

    # Time

    @property
    def now_s(self) -> float:
        return self._hosts.now_s

    def advance(self, now_s: float) -> list[Action]:
        """Let time pass up to `now_s` and hand over what is to be done, in order. Time never runs back.

        An action is dated by the instant it came out of; call at `next_instant_s` or more often for exact times.
        """
        self._hosts.advance(now_s)
        actions, self._actions = self._actions, []
        return actions

    def next_instant_s(self) -> float | None:
        """When something next happens without being asked; None if the rack is at rest."""
        if self._actions:
            return self.now_s
        due_s = self._hosts.next_due_s()
        return None if due_s == math.inf else due_s

    # Apps

    def create_app(self, name: str) -> AppRow:
        if not _APP_NAME.fullmatch(name):
            raise refusals.bad_app_name(name)
        if self._hosts.find(name):
            raise refusals.app_exists(name)
        self.adopt(App(AppName(name)))
        return self.app(name)

    def app(self, name: str) -> AppRow:
        owner = self._hosts.get(name).app
        status = "deleting" if owner.deleting else owner.mirror.status
        return AppRow(owner.name, status, owner.mirror.release, owner.locked)

    def apps(self) -> list[AppRow]:
        return [self.app(name) for name in sorted(app.name for app in self._hosts.all())]

    def lock_app(self, name: str, *, locked: bool) -> None:
        """Keep an app from being deleted, or no longer: promotes the active release again, for 30 s (2.11)."""
        host = self._hosts.living(name)
        if host.app.mirror.status != "running":
            raise refusals.currently_updating()
        host.app.locked = locked
        if host.app.atom.release != NO_RELEASE:
            host.rollout.promote(host.app.atom.release, UPDATE_TIMEOUT_S, self.now_s)
            self._hosts.settle(host)

    def delete_app(self, name: str) -> None:
        """End all its processes; it reads `deleting` until they are gone, and then there is no such app (2.11, 3.4)."""
        host = self._hosts.get(name)
        if host.app.locked:
            raise refusals.app_locked(name)
        host.app.deleting = True
        host.app.timers.clear()
        for service in list(host.app.deployments):
            host.replicas.remove_service(service, self.now_s)
        for pod in list(host.app.pods.values()):
            host.replicas.terminate(pod, self.now_s)
        self._hosts.settle(host)

    def config(self, app: str, name: str) -> str:
        try:
            return self._hosts.get(app).app.configs[name]
        except KeyError:
            raise refusals.config_not_found(name) from None

    def configs(self, app: str) -> dict[str, str]:
        return dict(sorted(self._hosts.get(app).app.configs.items()))

    def put_config(self, app: str, name: str, value: str) -> None:
        self._hosts.living(app).app.configs[name] = value

    # Builds

    def create_build(self, app: str, *, description: str = "", git_sha: str = "") -> Build:
        """Start a build: a pod of its own that `ps` shows as service `build` on the active release (3.3).

        The caller does the building, then calls `complete_build` or `fail_build`.
        """
        owner = self._hosts.living(app).app
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
        newest = self._hosts.get(app).app.newest
        env = env_text.parse(newest.env) if newest else {}
        return check_build(manifest, {**env, **(build_args or {})}, self._parse)

    def complete_build(self, app: str, build: str, manifest: str) -> Release:
        """Finish a build: it makes a release with the env that is newest *now* (3.1)."""
        host = self._hosts.get(app)
        done = host.app.build(build)
        done.manifest = manifest
        release = self.create_release(app, build=done.id)
        done.status, done.release = BuildStatus.COMPLETE, release.id
        self._end_build(host, done)
        return release

    def fail_build(self, app: str, build: str, reason: str) -> Build:
        host = self._hosts.get(app)
        failed = host.app.build(build)
        failed.status, failed.reason = BuildStatus.FAILED, reason
        self._end_build(host, failed)
        return failed

    def build(self, app: str, build: str) -> Build:
        return self._hosts.get(app).app.build(build)

    def builds(self, app: str, limit: int = 10) -> list[Build]:
        """Newest first."""
        return list(reversed(self._hosts.get(app).app.builds.values()))[:limit]

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
        owner = self._hosts.living(app).app
        made = history.fork(owner, self._ids.release(), self.now_s, build=build, env=env, parent=parent)
        if description:
            made = history.describe(made, description)
        owner.releases.append(made)
        return made

    def release(self, app: str, release: str) -> Release:
        return self._hosts.get(app).app.release(release)

    def releases(self, app: str, limit: int = 10) -> list[Release]:
        """Newest first."""
        return list(reversed(self._hosts.get(app).app.releases))[:limit]

    def promote(self, app: str, release: str, *, force: bool = False, timeout_s: float | None = None) -> None:
        """Start rolling a release out. `force` skips the look at the status, nothing else (2.6, 8.4)."""
        host = self._hosts.living(app)
        owner, wanted = host.app, host.app.release(release)
        if owner.mirror.status != "running" and not force:
            raise refusals.currently_updating()
        active = owner.find_release(owner.mirror.release)
        if active is not None and wanted.created_s < active.created_s:
            raise refusals.older_release()
        if not wanted.manifest:
            raise refusals.empty_manifest()
        self._load(wanted)
        # ASSUMPTION: asked last; the facts know the refusal, not its place among the others
        if owner.budget is not None and owner.budget.blocks:
            raise refusals.at_budget_cap(owner.budget.spent_usd, owner.budget.cap_usd)
        host.rollout.promote(wanted.id, timeout_s, self.now_s)
        self._hosts.settle(host)

    def cancel(self, app: str) -> None:
        """Revert a promote that is under way. The copy that `apps cancel` makes is the CLI's doing, not ours (2.8)."""
        host = self._hosts.get(app)
        if host.app.mirror.status != "updating":
            raise refusals.not_updating()
        if not host.rollout.cancel(self.now_s):
            raise refusals.not_currently_updating()
        self._hosts.settle(host)

    # Processes

    def processes(self, app: str, *, service: str | None = None, release: str | None = None) -> list[ProcessRow]:
        """All rows, by name. An app that does not exist has none, and that is no error (2.9)."""
        host = self._hosts.find(app)
        rows = [pod.row(self.physics) for pod in host.app.pods.values()] if host else []
        return sorted(
            (row for row in rows if service in (None, "", row.service) and release in (None, "", row.release)),
            key=lambda row: (row.service, row.id),
        )

    def process(self, app: str, process: str) -> ProcessRow:
        return self._hosts.get(app).app.pod(process).row(self.physics)

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
        host = self._hosts.living(app)
        owner, of = host.app, host.app.release(release or self._active(host.app))
        spec = self._load(of).service(service)
        if spec is None:
            raise refusals.service_not_found(service)
        pod = owner.one_off(self._ids.process(service), ProcessKind.RUN, service, of.id, command, self.now_s)
        pod.own_env = {**owner.injected_env(spec, of.id), **(environment or {})}
        host.replicas.add(pod)
        self._hosts.settle(host)
        return pod.row(self.physics)

    def stop_process(self, app: str, process: str) -> None:
        """Delete a pod; a replica is replaced at once (2.9)."""
        host = self._hosts.get(app)
        host.replicas.terminate(host.app.pod(process), self.now_s)
        self._hosts.settle(host)

    # Services and resources

    def services(self, app: str) -> list[ServiceRow]:
        """The active release's services; required env that is missing refuses even this (7)."""
        owner = self._hosts.get(app).app
        return [owner.service_row(service) for service in self._active_manifest(owner).services]

    def update_service(self, app: str, service: str, change: Change) -> None:
        """What `scale` and `services update` do; the app's status does not move (2.9)."""
        host = self._hosts.get(app)
        apply_change(host.app.service(service), change)
        self._hosts.settle(host)

    def scale(self, app: str, service: str, count: int) -> None:
        """Change how many replicas are wanted, as `scale` or an autoscaler does."""
        self.update_service(app, service, Change(count=count))

    def restart(self, app: str, service: str | None = None) -> None:
        """Roll a service, or all of them, to fresh replicas of the same release (2.9)."""
        host = self._hosts.living(app)
        targets = [host.app.service(service)] if service else list(host.app.deployments.values())
        for deployment in targets:
            old = deployment.template
            deployment.use(Template(old.service, old.release, old.build, restarted_s=self.now_s))
        self._hosts.settle(host)

    def resources(self, app: str) -> list[ResourceRow]:
        """The active release's resources: none runs in a model, and each has the URL that its env says (7)."""
        owner = self._hosts.get(app).app
        active = owner.find_release(owner.mirror.release)
        env = env_text.parse(active.env if active else "")
        rows = self._active_manifest(owner).resources
        return [ResourceRow(row.name, row.type, env.get(row.variable, "")) for row in rows]

    def resource(self, app: str, name: str) -> ResourceRow:
        """Raises Refused (500) if the active release has no such resource."""
        for row in self.resources(app):
            if row.name == name:
                return row
        raise refusals.resource_not_found(name)

    # What the world does to an app

    def set_load(self, app: str, service: str, replicas: int | None) -> None:
        """Let a service's load be such that so many replicas would be just right: its autoscaler will see (3.8)."""
        host = self._hosts.get(app)
        host.autoscaler.load(host.app.service(service), replicas, self.now_s)
        self._hosts.settle(host)

    def set_budget(self, app: str, budget: Budget | None) -> None:
        """What an app may cost, and has cost: it is not part of the state, no more than the spending is (2.9)."""
        self._hosts.get(app).app.budget = budget

    def budget(self, app: str) -> Budget | None:
        return self._hosts.get(app).app.budget

    # Events: what became of the actions

    def started(self, app: str, process: str) -> None:
        if found := self._hosts.find_pod(app, process):
            found[1].on_started(self.now_s, self.physics)
            self._hosts.settle(found[0])

    def probed(self, app: str, process: str, *, ok: bool) -> None:
        found = self._hosts.find_pod(app, process)
        if found and found[1].on_probed(ok, self.now_s, self.physics):
            self._hosts.settle(found[0])

    def exited(self, app: str, process: str, code: int) -> None:
        """The process of the last StartProcess is gone, or could not be started."""
        found = self._hosts.find_pod(app, process)
        if found and found[1].given:
            found[0].replicas.exited(found[1], code, self.now_s)
            self._hosts.settle(found[0])

    def fail_next_check(self, app: str) -> None:
        """A fault: the controller's next look ends in an error, which reverts the promote (3.4)."""
        self._hosts.get(app).app.atom.fail_check = True

    # For those who store or judge the rack

    def truth(self, app: str) -> Atom:
        """The atom itself, without the mirror's lag: for a simulation's ground truth, not for a rack's users."""
        return self._hosts.get(app).app.atom

    def held(self) -> list[App]:
        """Everything there is, for `state.dump`."""
        return self._hosts.all()

    def adopt(self, app: App) -> None:
        """Take an app in, new or out of `state.load`, and put its processes to work."""
        self._hosts.add(app)

    # Inside

    def _emit(self, action: Action) -> None:
        self._actions.append(action)

    def _active_manifest(self, app: App) -> Manifest:
        active = app.find_release(app.mirror.release)
        return self._load(active) if active else Manifest(())

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

    def _end_build(self, host: Host, build: Build) -> None:
        build.ended_s = self.now_s
        if pod := host.app.pods.get(build.process):
            pod.on_exited(0 if build.status is BuildStatus.COMPLETE else 1, self.now_s, self.physics)
        self._hosts.settle(host)
