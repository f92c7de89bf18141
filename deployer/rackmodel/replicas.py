"""The pods of one app: made, started, probed, stopped, removed. Says what it wants done through `emit`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deployer.rackmodel.actions import Action, Logged, ProbeProcess, StartProcess, StopProcess
from deployer.rackmodel.app import App
from deployer.rackmodel.deployment import Counts, Deployment, ReplicaSet, count_pods, is_rolled_out, roll
from deployer.rackmodel.ids import Ids, ServiceName
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.pods import Pod
from deployer.rackmodel.records import ProcessKind

Emit = Callable[[Action], None]


class Replicas:
    """Kubernetes' ReplicaSet controller and kubelet for one app, as far as a rack's users can tell."""

    def __init__(self, app: App, physics: Physics, ids: Ids, emit: Emit) -> None:
        self._app = app
        self._physics = physics
        self._ids = ids
        self._emit = emit

    def settle(self, now_s: float) -> None:
        """Do all that is due: containers, probes, rows that expire, and one rollout per service."""
        for pod in list(self._app.pods.values()):
            self._run(pod, now_s)
        for deployment in self._app.deployments.values():
            self._roll(deployment, now_s)

    def next_due_s(self, now_s: float) -> Iterator[float]:
        """Instants at which something will change by itself."""
        for pod in self._app.pods.values():
            if pod.start_at_s is not None:
                yield pod.start_at_s
            if pod.probe_at_s is not None:
                yield pod.probe_at_s
            if pod.ready_since_s is not None:
                available_s = pod.ready_since_s + self._physics.scaled(self._physics.min_ready_s)
                if available_s > now_s:
                    yield available_s
            if pod.ended_s is not None:
                yield pod.ended_s + self._physics.scaled(self._physics.finished_row_s)

    def add(self, pod: Pod) -> None:
        """Schedule a new pod: it is `pending` until its container is started."""
        pod.start_at_s = pod.created_s + self._physics.scaled(self._physics.schedule_s)
        self._app.pods[pod.id] = pod

    def exited(self, pod: Pod, code: int, now_s: float) -> None:
        if pod.terminating:
            del self._app.pods[pod.id]
        else:
            pod.on_exited(code, now_s, self._physics)

    def terminate(self, pod: Pod, now_s: float) -> None:
        """Take a pod away: its row stays, unmarked, until the process has gone (convox-facts 3.3)."""
        if pod.terminating:
            return
        pod.terminating, pod.start_at_s, pod.probe_at_s = True, None, None
        if pod.kind is ProcessKind.REPLICA:
            self._log(now_s, f"{pod.service}-{pod.template}", f"Deleted pod: {pod.id}")
        if pod.is_idle:
            del self._app.pods[pod.id]
        else:
            grace_s = self._physics.scaled(pod.termination_grace_s)
            self._emit(StopProcess(self._app.name, pod.id, grace_s))

    def remove_service(self, service: ServiceName, now_s: float) -> None:
        """What `kubectl apply --prune` does to a service that the manifest no longer has."""
        del self._app.deployments[service]
        for pod in self._replicas_of(service):
            self.terminate(pod, now_s)

    def _run(self, pod: Pod, now_s: float) -> None:
        if pod.start_at_s is not None and pod.start_at_s <= now_s:
            self._start(pod)
        if pod.probe_at_s is not None and pod.probe_at_s <= now_s and pod.health is not None:
            pod.probe_at_s = now_s + self._physics.scaled(pod.health.interval_s)
            timeout_s = self._physics.scaled(pod.health.timeout_s)
            self._emit(ProbeProcess(self._app.name, pod.id, pod.port, pod.health, timeout_s))
        if pod.ended_s is not None and pod.ended_s + self._physics.scaled(self._physics.finished_row_s) <= now_s:
            del self._app.pods[pod.id]

    def _start(self, pod: Pod) -> None:
        pod.start_at_s, pod.waiting, pod.given = None, False, True
        self._emit(
            StartProcess(
                app=self._app.name,
                process=pod.id,
                kind=pod.kind,
                service=pod.service,
                release=pod.release,
                build=pod.build,
                command=pod.command,
                port=pod.port,
                attempt=pod.attempt,
                env=self._env(pod),
            )
        )

    def _env(self, pod: Pod) -> dict[str, str]:
        """Replicas and timers read their service's Secret as it is *now*, whatever their own label says (3.7, 10.1)."""
        if pod.kind is ProcessKind.TIMER:
            return {**self._app.secrets.get(pod.service, {}), **pod.own_env}
        if pod.kind is not ProcessKind.REPLICA:
            return dict(pod.own_env)
        deployment = self._app.deployments[pod.service]
        if self._physics.secret_per_service:
            return dict(self._app.secrets[pod.service])
        return self._app.injected_env(deployment.sets[pod.template].template.service, pod.release)

    def _roll(self, deployment: Deployment, now_s: float) -> None:
        """Until nothing moves: a step of the arithmetic, then pods made or taken away to match."""
        if deployment.settled == self._case(deployment, now_s):
            return
        while True:
            wanted = {key: rs.wanted for key, rs in deployment.sets.items()}
            moved = roll(deployment, self.counts(deployment, now_s))
            for rs in deployment.sets.values():
                self._log_scaled(deployment, rs, wanted.get(rs.hash, 0), now_s)
                self._match(rs, now_s)
            if not moved:
                break
        counts = self.counts(deployment, now_s)
        deployment.complete = deployment.complete or is_rolled_out(deployment, counts)
        current = deployment.template.hash
        kept = {key: rs for key, rs in deployment.sets.items() if rs.wanted or key == current or counts.get(key)}
        deployment.sets = kept
        deployment.settled = self._case(deployment, now_s)

    def _case(self, deployment: Deployment, now_s: float) -> object:
        """All that the arithmetic looks at but its own result."""
        return deployment.desired, deployment.template.hash, self.counts(deployment, now_s)

    def _match(self, rs: ReplicaSet, now_s: float) -> None:
        replicas = self._replicas_of(rs.template.service.name)
        pods = [pod for pod in replicas if pod.template == rs.hash and pod.is_active]
        for _ in range(rs.wanted - len(pods)):
            self._create(rs, now_s)
        # Kubernetes takes the least useful first: not ready, then not yet available, then the youngest
        pods.sort(key=lambda pod: (pod.is_ready, pod.is_available(now_s, self._physics), -pod.created_s))
        for pod in pods[: max(0, len(pods) - rs.wanted)]:
            self.terminate(pod, now_s)

    def _create(self, rs: ReplicaSet, now_s: float) -> None:
        template, service = rs.template, rs.template.service
        pod = Pod(
            # an agent is a DaemonSet, whose pods have no template hash in their names (faults 7)
            id=self._ids.process(service.name if service.agent else f"{service.name}-{rs.hash}"),
            app=self._app.name,
            service=service.name,
            kind=ProcessKind.REPLICA,
            release=template.release,
            build=template.build,
            command=service.command,
            port=service.port,
            health=service.health,
            termination_grace_s=service.termination_grace_s,
            created_s=now_s,
            template=rs.hash,
        )
        self.add(pod)
        self._log(now_s, f"{service.name}-{rs.hash}", f"Created pod: {pod.id}")

    def counts(self, deployment: Deployment, now_s: float) -> dict[str, Counts]:
        """Active and available replicas of a service by template hash."""
        return count_pods(self._replicas_of(deployment.service.name), now_s, self._physics)

    def _replicas_of(self, service: ServiceName) -> list[Pod]:
        pods = self._app.pods.values()
        return [pod for pod in pods if pod.service == service and pod.kind is ProcessKind.REPLICA]

    def _log_scaled(self, deployment: Deployment, rs: ReplicaSet, before: int, now_s: float) -> None:
        if rs.wanted != before:
            way, name = "up" if rs.wanted > before else "down", deployment.service.name
            self._log(now_s, name, f"Scaled {way} replica set {name}-{rs.hash} to {rs.wanted}")

    def _log(self, now_s: float, source: str, text: str) -> None:
        self._emit(Logged(self._app.name, now_s, f"system/k8s/{source}", text))
