"""Every number of the model in one frozen record: what is sure cites its source, the rest is an ASSUMPTION."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Physics:
    """How fast and how faithfully the rack moves. All times are seconds of the rack's own clock.

    The defaults are a real rack's. `time_scale` multiplies every duration, those written in a manifest or in a
    request included, so a practice rack may run at a fifth of the time while its clock shows the real hour.
    """

    time_scale: float = 1.0
    resync_s: float = 30.0
    """The atom controller looks at its conditions again only this often (convox-facts 3.4, 10)."""
    resync_phase_s: float = 0.0
    """When the first of those ticks falls: the wait for `running` is anything up to `resync_s` (10: 6, 28, 31 s)."""
    mirror_lag_s: float = 0.2
    """ASSUMPTION: how long an app's status and release trail the atom (3.4: another controller copies them)."""
    apply_s: float = 1.0
    """From Pending to Updating; the pods move at once (10, `promote-env-only`)."""
    revert_s: float = 0.5
    """From Cancelled, Deadline or Error to Rollback (10: within 1 s)."""
    deadline_s: float = 3000.0
    """How long a promote may take before the rack reverts it, and a revert before it fails (3.4)."""
    rollback_linger_s: float = 0.0
    """ASSUMPTION: least time a status stays `rollback`, on top of the wait for a tick (10: 12 s and more)."""
    empty_rollback_linger_s: float = 60.0
    """ASSUMPTION: the same when nothing is left to check, after a failed first deploy (10: minutes)."""
    early_running: bool = False
    """The first check may see the conditions of the rollout before this one and call it Running (3.4, inference)."""
    secret_per_service: bool = True
    """A restarted old process reads the env of the promote that is under way (3.7, seen in 10.1)."""
    schedule_s: float = 0.5
    """ASSUMPTION: how long a new pod is `pending` before its container starts."""
    min_ready_s: float = 1.0
    """minReadySeconds: how long a pod must be ready to count as available (3.6)."""
    failure_threshold: int = 3
    """Failed probes in a row that make a ready process unready (3.8); one good probe makes it ready."""
    unready_reads: str = "starting"
    """What `ps` calls a process whose readiness fails: `unhealthy` on racks up to 3.24.5 (3.3)."""
    free_restarts: int = 1
    """ASSUMPTION, from the kubelet: the first restart is immediate, the back-off starts with the second."""
    backoff_first_s: float = 10.0
    backoff_max_s: float = 300.0
    """10 s, doubling, to 5 min (10.1)."""
    backoff_reset_s: float = 600.0
    """ASSUMPTION, from the kubelet: a container that ran this long starts its back-off anew."""
    autoscale_s: float = 15.0
    """ASSUMPTION, from Kubernetes: how often a HorizontalPodAutoscaler looks at its load."""
    downscale_s: float = 300.0
    """ASSUMPTION, from Kubernetes: how long a load must have been low before replicas are taken away."""
    finished_row_s: float = 5.0
    """How long the row of a finished `run`, timer or build pod stays (3.3)."""

    def scaled(self, seconds: float) -> float:
        """A duration as the rack's clock will measure it."""
        return seconds * self.time_scale

    @classmethod
    def local(cls, time_scale: float = 1.0, resync_s: float = 2.0) -> Physics:
        """The local rack: a real rack's rules with a short resync, and no minutes of waiting after a first deploy."""
        return cls(time_scale=time_scale, resync_s=resync_s, empty_rollback_linger_s=10.0)
