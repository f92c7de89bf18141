"""The autoscaler of one app's services: moves the wanted count to what a load asks for (convox-facts 3.8, 7.1).

A rack without load has no metrics, and then an autoscaler leaves a count where it is, inside its range. A load is
told from outside, in replicas: that many would be just right. When it looks, how fast it goes up and how long it waits
before it goes down are Kubernetes' defaults for a HorizontalPodAutoscaler.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deployer.rackmodel.app import App
from deployer.rackmodel.deployment import Demand, Deployment
from deployer.rackmodel.physics import Physics


@dataclass(slots=True)
class Autoscaler:
    app: App
    physics: Physics

    def load(self, deployment: Deployment, replicas: int | None, now_s: float) -> None:
        """From now on so many replicas would be just right; None: nothing is measured any more."""
        if replicas is None:
            deployment.demand = None
        elif deployment.demand is None:
            deployment.demand = Demand(replicas, now_s + self.physics.scaled(self.physics.autoscale_s))
        else:
            deployment.demand.replicas = replicas

    def settle(self, now_s: float) -> None:
        for deployment in self.app.deployments.values():
            demand = deployment.demand
            if demand is not None and demand.look_at_s <= now_s:
                self._look(deployment, demand, now_s)
                demand.look_at_s = now_s + self.physics.scaled(self.physics.autoscale_s)

    def next_due_s(self) -> float:
        """The next look that may change something."""
        return min(map(_due_s, self.app.deployments.values()), default=math.inf)

    def _look(self, deployment: Deployment, demand: Demand, now_s: float) -> None:
        wanted, desired = deployment.clamp(demand.replicas), deployment.desired
        if wanted >= desired:
            demand.low_since_s = None
        if not _is_autoscaled(deployment):
            return
        if wanted > desired:
            # at most twice as many, or four more, in one step
            deployment.desired = min(wanted, max(2 * desired, desired + 4))
        elif wanted < desired:
            demand.low_since_s = now_s if demand.low_since_s is None else demand.low_since_s
            if now_s >= demand.low_since_s + self.physics.scaled(self.physics.downscale_s):
                deployment.desired = wanted


def _is_autoscaled(deployment: Deployment) -> bool:
    """What was scaled to nothing by hand is left alone."""
    return deployment.span is not None and deployment.desired > 0


def _due_s(deployment: Deployment) -> float:
    demand = deployment.demand
    if demand is None or not _is_autoscaled(deployment) or deployment.clamp(demand.replicas) == deployment.desired:
        return math.inf
    return demand.look_at_s
