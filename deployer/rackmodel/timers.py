"""The timers of one app: CronJobs that start pods of their own (convox-facts 3.2, 3.3, 3.8; provider/k8s timer.yml).

A timer's pod carries its service's name and the release that was applied last, has no probe, is never started again,
and is gone 5 s after its end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deployer.rackmodel.actions import Logged
from deployer.rackmodel.app import App, CronJob
from deployer.rackmodel.cron import read_schedule
from deployer.rackmodel.ids import Ids
from deployer.rackmodel.manifest import Manifest, Timer
from deployer.rackmodel.pods import Pod
from deployer.rackmodel.records import ProcessKind, Release
from deployer.rackmodel.replicas import Emit, Replicas


@dataclass(slots=True)
class Timers:
    """Kubernetes' CronJob controller for one app."""

    app: App
    replicas: Replicas
    ids: Ids
    emit: Emit

    def apply(self, manifest: Manifest, release: Release, now_s: float) -> None:
        """Make what is scheduled that of a release. A schedule that stays the same goes on; pods that run do too."""
        before, self.app.timers = self.app.timers, {}
        for timer in manifest.timers:
            known = before.get(timer.name)
            same = known is not None and known.timer.schedule == timer.schedule
            next_s = known.next_s if known and same else read_schedule(timer.schedule).next_s(now_s)
            self.app.timers[timer.name] = CronJob(timer, release.id, next_s)

    def settle(self, now_s: float) -> None:
        for job in self.app.timers.values():
            if job.next_s <= now_s:
                self._start(job, now_s)
                # of several that were missed, while the rack was down, one is made up for: as Kubernetes does it
                job.next_s = read_schedule(job.timer.schedule).next_s(now_s)

    def next_due_s(self) -> float:
        return min((job.next_s for job in self.app.timers.values()), default=math.inf)

    def _start(self, job: CronJob, now_s: float) -> None:
        running = [pod for pod in self._pods_of(job.timer) if pod.is_active]
        if running and job.timer.concurrency == "Forbid":
            return
        if running and job.timer.concurrency == "Replace":
            for pod in running:
                self.replicas.terminate(pod, now_s)
        # the digits are the scheduled time in minutes, as Kubernetes names a job of a CronJob
        name = f"timer-{job.timer.name}-{int(job.next_s // 60)}"
        # ASSUMPTION: the words; no recorded case has a timer
        self.emit(Logged(self.app.name, now_s, f"system/k8s/timer-{job.timer.name}", f"Created job {name}"))
        for index in range(job.timer.parallel):
            self.replicas.add(self._pod(job, name, index, now_s))

    def _pod(self, job: CronJob, name: str, index: int, now_s: float) -> Pod:
        timer = job.timer
        process = self.ids.process(name if timer.parallel == 1 else f"{name}-{index}")
        pod = self.app.one_off(process, ProcessKind.TIMER, timer.service, job.release, timer.command, now_s)
        pod.own_env = {"TIMER_INDEX": str(index)} if timer.parallel > 1 else {}
        return pod

    def _pods_of(self, timer: Timer) -> list[Pod]:
        start = f"timer-{timer.name}-"
        pods = self.app.pods.values()
        return [pod for pod in pods if pod.kind is ProcessKind.TIMER and _job_of(pod, start)]


def _job_of(pod: Pod, start: str) -> bool:
    """A timer `a` is not `a-b`: what follows its name is digits."""
    return pod.id.startswith(start) and pod.id.removeprefix(start).partition("-")[0].isdigit()
