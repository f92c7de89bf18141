"""What holds at every instant of any rollout (convox-facts 3.8: deployment.minimum and maximum)."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.rackmodel import Physics, StartProcess
from tests.unit.rackmodel.world import APP, Behaviour, World, a_world


@st.composite
def deployments(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "minimum": draw(st.integers(0, 100)),
        "maximum": draw(st.integers(100, 200)),
    }


def floor_and_ceiling(desired: int, minimum: int, maximum: int) -> tuple[int, int]:
    """Kubernetes' arithmetic, written out a second time: surge up, unavailable down, never both zero."""
    surge = (desired * (maximum - 100) + 99) // 100
    missing = int(desired * (100 - minimum) / 100 + 1e-9)
    if surge == 0 and missing == 0:
        missing = 1
    return desired - missing, desired + surge


def check(world: World, lowest: int, highest: int) -> None:
    rows = [row for row in world.rack.processes(APP, service="web") if not row.terminating]
    # rows that are ready include those within minReadySeconds, so this is never stricter than "available"
    assert lowest <= len([row for row in rows if row.ready])
    assert len(rows) <= highest


@settings(max_examples=150, deadline=None)
@given(
    desired=st.integers(1, 7),
    deployment=deployments(),
    seed=st.integers(0, 2**32),
    fails=st.sampled_from(["never", "crashes", "never ready", "some crash"]),
    cancel_after_s=st.one_of(st.none(), st.floats(1.5, 20)),
)
def test_a_rollout_keeps_what_the_deployment_allows(
    desired: int, deployment: dict[str, int], seed: int, fails: str, cancel_after_s: float | None
) -> None:
    """Ready replicas never fall below the floor, replicas that count never exceed the ceiling."""
    rng = random.Random(seed)
    world = a_world(Physics(resync_s=2), seed)
    old = world.serves(scale=desired, deployment=deployment)
    world.run(5)
    lowest, highest = floor_and_ceiling(desired, **deployment)

    def behaves(start: StartProcess) -> Behaviour:
        behaviour = Behaviour(ready_after_s=rng.uniform(0, 8), stops_in_s=rng.uniform(0, 40))
        if start.release != old and (fails == "crashes" or (fails == "some crash" and rng.random() < 0.5)):
            # never ready first: a replica that served and then died is no fault of the rollout
            behaviour = Behaviour(exits_after_s=rng.uniform(0.1, 5), ready_after_s=1e9)
        if start.release != old and fails == "never ready":
            behaviour.ready_after_s = 1e9
        return behaviour

    world.behaves = behaves
    new = world.ships(scale=desired, deployment=deployment)
    world.run(cancel_after_s or 120, watch=lambda: check(world, lowest, highest))
    if cancel_after_s and world.status == "updating":
        world.rack.cancel(APP)
        world.run(120, watch=lambda: check(world, lowest, highest))
        assert [old] * desired == [row.release for row in world.rack.processes(APP, service="web")]
    elif fails == "never" and not cancel_after_s:
        assert [new] * desired == [row.release for row in world.rack.processes(APP, service="web")]
        assert ("running", new) == (world.status, world.active)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    """Nothing in the model depends on anything but its inputs."""

    def play() -> list[str]:
        rng = random.Random(seed)
        world = a_world(seed=seed)
        world.behaves = lambda _: Behaviour(exits_after_s=rng.choice([None, 0.5, 7]))
        world.ships(scale=rng.randint(1, 4))
        world.run(60)
        return [repr(action) for action in world.actions]

    assert play() == play()
