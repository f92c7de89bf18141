"""The atom controller of one app: applies a version, checks it, reverts it (convox-facts 3.4; picture in atom)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from deployer.rackmodel import env as env_text
from deployer.rackmodel.actions import Logged
from deployer.rackmodel.app import App
from deployer.rackmodel.atom import CHECKED, REVERTING, AtomState
from deployer.rackmodel.cron import is_schedule
from deployer.rackmodel.deployment import Deployment, Template, is_available
from deployer.rackmodel.ids import NO_RELEASE, ReleaseId
from deployer.rackmodel.manifest import Manifest, Service
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.records import Release
from deployer.rackmodel.replicas import Emit, Replicas
from deployer.rackmodel.timers import Timers

Load = Callable[[Release], Manifest]


class Rollout:
    """Moves one app's atom. `settle` does all that is due; the rest are what the API or a fault asks of it."""

    def __init__(self, app: App, replicas: Replicas, timers: Timers, physics: Physics, load: Load, emit: Emit) -> None:
        self._app = app
        self._atom = app.atom
        self._replicas = replicas
        self._timers = timers
        self._physics = physics
        self._load = load
        self._emit = emit

    # What others ask

    def promote(self, release: ReleaseId, timeout_s: float | None, now_s: float) -> None:
        """Put a version in charge; whatever is current, proven or in flight, is what a failure will revert to."""
        atom = self._atom
        deadline_s = self._physics.deadline_s if timeout_s is None else timeout_s
        atom.previous, atom.release = atom.release, release
        atom.timeout_s = self._physics.scaled(deadline_s)
        atom.was_complete = bool(self._app.deployments) and self._conditions_hold(now_s)
        self._go(AtomState.PENDING, now_s)
        # Kubernetes acts on each object while kubectl still sends the rest: pods move before `Updating` (10)
        if not self._apply(release, now_s):
            self._give_up(AtomState.ERROR, now_s)

    def cancel(self, now_s: float) -> bool:
        """Give up a promote; only one that is `Updating` can be (2.8)."""
        if self._atom.state is not AtomState.UPDATING:
            return False
        self._give_up(AtomState.CANCELLED, now_s)
        return True

    def settle(self, now_s: float) -> None:
        """Everything that is due for the app, until nothing moves."""
        self._app.mirror.catch_up(now_s)
        self._replicas.settle(now_s)
        while self._step(now_s):
            self._replicas.settle(now_s)
        self._app.mirror.catch_up(now_s)

    def next_due_s(self, now_s: float) -> float:
        """The next instant at which something changes by itself; infinity if none."""
        mirror = [at_s for at_s, _, _ in self._app.mirror.coming]
        return min([*self._atom_due_s(), *mirror, *self._replicas.next_due_s(now_s)], default=math.inf)

    def _atom_due_s(self) -> Iterator[float]:
        atom = self._atom
        if self._app.deleting:
            # nothing is applied or checked on a namespace that is going: it would bring services back
            return
        if atom.state is AtomState.PENDING:
            yield atom.since_s + self._physics.scaled(self._physics.apply_s)
        elif atom.state in REVERTING:
            yield atom.since_s + self._physics.scaled(self._physics.revert_s)
        elif atom.state in CHECKED:
            yield self._next_tick_s(atom.checked_s)

    # Steps

    def _step(self, now_s: float) -> bool:
        before = self._atom.state
        due = min(self._atom_due_s(), default=math.inf) <= now_s
        if due and before is AtomState.PENDING:
            self._go(AtomState.UPDATING, now_s)
            self._check(now_s, first=True)
        elif due and before in REVERTING:
            self._revert(now_s)
        elif due and before in CHECKED:
            self._check(now_s)
        return self._atom.state is not before

    def _check(self, now_s: float, *, first: bool = False) -> None:
        atom, reverting = self._atom, self._atom.state is AtomState.ROLLBACK
        atom.checked_s = now_s
        stale = first and self._physics.early_running and atom.was_complete
        if atom.fail_check:
            # any error while checking, even a transient one, reverts (3.4)
            atom.fail_check = False
            self._give_up(AtomState.ERROR, now_s)
        elif reverting and not self._app.deployments:
            self._check_nothing(now_s)
        elif (stale or self._conditions_hold(now_s)) and not (reverting and self._lingers(now_s)):
            self._go(AtomState.REVERTED if reverting else AtomState.RUNNING, now_s)
        elif now_s >= atom.deadline_s:
            self._give_up(AtomState.DEADLINE, now_s)

    def _check_nothing(self, now_s: float) -> None:
        """A first deploy was reverted: no service is left whose condition could become true."""
        if now_s >= self._atom.since_s + self._physics.scaled(self._physics.empty_rollback_linger_s):
            self._go(AtomState.FAILURE, now_s)

    def _lingers(self, now_s: float) -> bool:
        return now_s < self._atom.since_s + self._physics.scaled(self._physics.rollback_linger_s)

    def _conditions_hold(self, now_s: float) -> bool:
        """Available, and Progressing with NewReplicaSetAvailable, for all but agents (3.4)."""
        return all(
            deployment.complete and is_available(deployment, self._replicas.counts(deployment, now_s))
            for deployment in self._app.deployments.values()
            if not deployment.service.agent
        )

    def _give_up(self, why: AtomState, now_s: float) -> None:
        """Apply the previous version again; a failure on the way back has nowhere to go."""
        if self._atom.previous is None:
            self._go(AtomState.FAILURE, now_s)
            return
        self._go(why, now_s)
        self._apply(self._atom.previous, now_s)

    def _revert(self, now_s: float) -> None:
        """The pods are on their way back already; now the atom says so (10)."""
        atom = self._atom
        if atom.previous is not None:
            atom.release, atom.previous = atom.previous, None
        self._go(AtomState.ROLLBACK, now_s)

    def _go(self, state: AtomState, now_s: float) -> None:
        atom = self._atom
        self._emit(Logged(self._app.name, now_s, "system/k8s/atom/app", f"Status: {atom.state} => {state}"))
        atom.state, atom.since_s, atom.checked_s = state, now_s, now_s
        if state in CHECKED:
            atom.deadline_s = now_s + atom.timeout_s
        self._app.mirror.put(now_s + self._physics.scaled(self._physics.mirror_lag_s), atom.status, atom.release)

    def _next_tick_s(self, after_s: float) -> float:
        """The resync goes off for all apps together, every `resync_s` from the phase on."""
        every_s = self._physics.scaled(self._physics.resync_s)
        phase_s = self._physics.scaled(self._physics.resync_phase_s)
        tick_s = phase_s + math.floor((after_s - phase_s) / every_s + 1) * every_s
        return tick_s if tick_s > after_s else tick_s + every_s

    # Applying a version

    def _apply(self, release_id: ReleaseId, now_s: float) -> bool:
        """`kubectl apply --prune` of a version. False if Kubernetes refuses it: then nothing has changed."""
        if release_id == NO_RELEASE:
            for name in list(self._app.deployments):
                self._replicas.remove_service(name, now_s)
            self._app.timers.clear()
            return True
        release = self._app.release(release_id)
        own = env_text.parse(release.env)
        if not all(env_text.legal_in_secret(key) for key in own if env_text.survives_template(key)):
            return False
        manifest = self._load(release)
        if not all(map(is_schedule, (timer.schedule for timer in manifest.timers))):
            return False
        services = manifest.services
        for name in [name for name in self._app.deployments if name not in {service.name for service in services}]:
            self._replicas.remove_service(name, now_s)
        for service in services:
            self._apply_service(service, release)
        self._timers.apply(manifest, release, now_s)
        return True

    def _apply_service(self, service: Service, release: Release) -> None:
        """Write the service's Secret and template. The running count stays, if it is not zero (3.8)."""
        self._app.secrets[service.name] = self._app.injected_env(service, release.id)
        running = self._app.deployments.get(service.name)
        if running is None:
            template = Template(service, release.id, release.build)
            self._app.deployments[service.name] = Deployment(template, desired=service.scale.count)
            return
        running.use(Template(service, release.id, release.build, running.template.restarted_s))
        running.bounds = None
        running.desired = running.clamp(running.desired or service.scale.count)
