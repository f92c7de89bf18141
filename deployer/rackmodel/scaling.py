"""What `scale` and `services update` change of a service that runs (convox-facts 2.9; provider/k8s ServiceUpdate)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.rackmodel import refusals
from deployer.rackmodel.deployment import Deployment, Template


@dataclass(frozen=True, slots=True)
class Change:
    """What is None stays. `cpu` in thousandths, `memory` in MiB."""

    count: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    cpu: int | None = None
    memory: int | None = None


def apply_change(deployment: Deployment, change: Change) -> None:
    """Change a service until the next promote renders it anew. Raises Refused (400), and then nothing has changed.

    A range is KEDA's: that of a plain autoscaler (`count: 2-10`) stays as it is, and nobody is told.
    """
    scale = deployment.service.scale
    if change.minimum == 0 and not scale.keda:
        raise refusals.no_way_back(deployment.service.name)
    if scale.keda:
        low, high = deployment.span or (scale.count, scale.maximum)
        low = low if change.minimum is None else change.minimum
        high = high if change.maximum is None else change.maximum
        # a count given to KEDA is a range of one
        deployment.bounds = (low, max(low, high)) if change.count is None else (change.count, change.count)
        deployment.desired = deployment.clamp(deployment.desired)
    elif change.count is not None:
        deployment.desired = deployment.clamp(change.count)
    _resize(deployment, change)


def _resize(deployment: Deployment, change: Change) -> None:
    """Other requests are another pod template: the service rolls to fresh replicas of the same release."""
    old = deployment.template
    scale = old.service.scale
    cpu = scale.cpu if change.cpu is None else change.cpu
    memory = scale.memory if change.memory is None else change.memory
    resized = replace(old.service, scale=replace(scale, cpu=cpu, memory=memory))
    deployment.use(Template(resized, old.release, old.build, old.restarted_s))
