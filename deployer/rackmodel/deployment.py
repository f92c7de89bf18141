"""A service being kept at its count, and rolled from one pod template to the next, as Kubernetes does it.

`roll` is the Deployment controller's arithmetic (the RollingUpdate strategy), on the counts alone. Its promise, held
by a property test: while nothing but the rollout disturbs them, available replicas never fall below
desired - maxUnavailable, and replicas that are not terminating never exceed desired + maxSurge (convox-facts 3.8).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deployer.rackmodel.ids import NO_BUILD, NO_RELEASE, BuildId, ReleaseId, template_hash
from deployer.rackmodel.manifest import Service
from deployer.rackmodel.physics import Physics
from deployer.rackmodel.pods import Pod


@dataclass(frozen=True, slots=True)
class Template:
    """What a replica is made from. Its hash is in the name of every replica (convox-facts 3.2).

    The release id is part of it, its env is not: that is in a Secret of a fixed name (3.7).
    """

    service: Service
    release: ReleaseId = NO_RELEASE
    build: BuildId = NO_BUILD
    restarted_s: float = 0.0
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        service, scale = self.service, self.service.scale
        own = (service.name, service.command, service.port, service.health, scale.cpu, scale.memory)
        object.__setattr__(self, "hash", template_hash(*own, self.release, self.build, self.restarted_s))


@dataclass(slots=True)
class ReplicaSet:
    """The replicas of one template: how many are wanted, and how many there are."""

    hash: str
    template: Template
    wanted: int = 0


@dataclass(slots=True)
class Demand:
    """The load on a service, as so many replicas that would be just right, and when an autoscaler next looks at it."""

    replicas: int
    look_at_s: float
    low_since_s: float | None = None


@dataclass(slots=True)
class Deployment:
    """One service of an app. The last set in `sets` that matches `template` is the new one, all others are old."""

    template: Template
    desired: int
    sets: dict[str, ReplicaSet] = field(default_factory=dict)
    complete: bool = False
    """Progressing=NewReplicaSetAvailable: stays true once a template is out, whatever becomes of its pods."""
    settled: object = None
    """What was the case when nothing more moved; while it is the case, nothing will."""
    bounds: tuple[int, int] | None = None
    """A range that was set by hand, in place of the manifest's, until the next promote."""
    demand: Demand | None = None

    @property
    def service(self) -> Service:
        return self.template.service

    @property
    def span(self) -> tuple[int, int] | None:
        """Between which counts an autoscaler may choose; None if there is none."""
        scale = self.service.scale
        return self.bounds or ((scale.count, scale.maximum) if scale.is_range else None)

    def clamp(self, count: int) -> int:
        """A running count survives a promote, but stays inside a range: that one reaches the autoscaler (3.8)."""
        return count if self.span is None else min(max(count, self.span[0]), self.span[1])

    @property
    def newest(self) -> ReplicaSet:
        key = self.template.hash
        return self.sets.setdefault(key, ReplicaSet(key, self.template))

    def use(self, template: Template) -> None:
        """Put a template in charge. One that is the same in all that makes a pod changes nothing (3.4)."""
        if template.hash != self.template.hash:
            self.complete = False
        self.template = template

    def old(self) -> list[ReplicaSet]:
        return [rs for key, rs in self.sets.items() if key != self.template.hash]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many active replicas a set has, and how many of them are available."""

    active: int = 0
    available: int = 0


def count_pods(pods: Iterable[Pod], now_s: float, physics: Physics) -> dict[str, Counts]:
    """Replicas of one service by template hash."""
    counts: dict[str, Counts] = {}
    for pod in pods:
        if pod.is_active:
            seen = counts.get(pod.template, Counts())
            available = pod.is_available(now_s, physics)
            counts[pod.template] = Counts(seen.active + 1, seen.available + available)
    return counts


def roll(deployment: Deployment, counts: dict[str, Counts]) -> bool:
    """Move the wanted counts one step; say whether anything moved."""
    before = {key: rs.wanted for key, rs in deployment.sets.items()}
    newest = deployment.newest
    _scale_new(deployment, newest)
    _scale_old(deployment, newest, counts)
    return before != {key: rs.wanted for key, rs in deployment.sets.items()}


def is_available(deployment: Deployment, counts: dict[str, Counts]) -> bool:
    """The condition Available."""
    floor = deployment.desired - deployment.service.max_unavailable(deployment.desired)
    return sum(count.available for count in counts.values()) >= floor


def is_rolled_out(deployment: Deployment, counts: dict[str, Counts]) -> bool:
    """All desired replicas are of the new template and available, and no other is left but terminating ones."""
    newest = counts.get(deployment.template.hash, Counts())
    total = sum(count.active for count in counts.values())
    return newest.available == newest.active == total == deployment.desired


def _scale_new(deployment: Deployment, newest: ReplicaSet) -> None:
    desired = deployment.desired
    if newest.wanted >= desired:
        newest.wanted = desired
        return
    total = sum(rs.wanted for rs in deployment.sets.values())
    room = desired + deployment.service.max_surge(desired) - total
    newest.wanted += max(0, min(room, desired - newest.wanted))


def _scale_old(deployment: Deployment, newest: ReplicaSet, counts: dict[str, Counts]) -> None:
    """First the old replicas that serve nobody, then the good ones, as far as the new ones make up for them."""
    floor = deployment.desired - deployment.service.max_unavailable(deployment.desired)
    new_missing = newest.wanted - counts.get(newest.hash, Counts()).available
    spare = sum(rs.wanted for rs in deployment.sets.values()) - floor - new_missing
    if spare <= 0:
        return
    for rs in deployment.old():
        broken = max(0, rs.wanted - counts.get(rs.hash, Counts()).available)
        taken = min(spare, broken)
        rs.wanted -= taken
        spare -= taken
    available = sum(min(rs.wanted, counts.get(rs.hash, Counts()).available) for rs in deployment.sets.values())
    for rs in deployment.old():
        taken = max(0, min(available - floor, rs.wanted))
        rs.wanted -= taken
        available -= taken
