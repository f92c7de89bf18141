"""What holds at every instant of any rollout of any manifest (convox-facts 3.8: deployment.minimum and maximum).

Meanwhile an autoscaler moves counts, processes crash or are stopped by hand, and promotes are cancelled.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.rackmodel import AtomState, Physics, ProcessKind, Refused, StartProcess
from deployer.rackmodel.deployment import Deployment
from tests.unit.rackmodel.world import APP, Behaviour, World, a_world

NAMES = ("web", "worker", "admin")
SETTLED_S = 150.0
NEVER_S = 1e9


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    """One service: alone, one a node, or so many, with what may be missing and what may be too many."""
    body: dict[str, Any] = {"termination": {"grace": draw(st.integers(0, 60))}}
    body |= draw(st.sampled_from([{}, {}, {}, {"singleton": True}, {"agent": True}]))
    low = draw(st.integers(1, 6))
    body["scale"] = draw(st.sampled_from([low, low, {"count": f"{low}-{low + draw(st.integers(0, 6))}"}]))
    if draw(st.booleans()):
        body["deployment"] = {"minimum": draw(st.integers(0, 100)), "maximum": draw(st.integers(100, 200))}
    if draw(st.booleans()):
        body["port"] = 3000
        body["health"] = {"grace": draw(st.integers(1, 6)), "interval": draw(st.integers(1, 6))}
    return body


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """From one to three services, and with some a timer."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    manifest: dict[str, Any] = {"services": {name: draw(services()) for name in names}}
    if draw(st.booleans()):
        manifest["timers"] = {"tidy": {"schedule": "* * * * *", "command": "tidy", "service": names[0]}}
    return manifest


def floor_and_ceiling(deployment: Deployment) -> tuple[int, int]:
    """Kubernetes' arithmetic, written out a second time: surge up, unavailable down, never both zero."""
    desired, service = deployment.desired, deployment.service
    surge = (desired * (service.maximum_percent - 100) + 99) // 100
    missing = int(desired * (100 - service.minimum_percent) / 100 + 1e-9)
    if surge == 0 and missing == 0:
        missing = 1
    return desired - missing, desired + surge


class Watch:
    """Looks at every instant, and knows what was there at the one before."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before: dict[str, set[str]] = {}
        self.ranges: dict[str, tuple[int, int]] = {}
        self.answers_for: dict[str, int] = {}
        """Services that ran, by count, when the rollout began, and that nothing but the rollout disturbs."""

    def __call__(self, excused: Iterable[str] = ()) -> None:
        rack = self._world.rack
        (app,) = rack.held()
        for name, deployment in app.deployments.items():
            pods = [pod for pod in app.pods.values() if (pod.service, pod.kind) == (name, ProcessKind.REPLICA)]
            active = {str(pod.id) for pod in pods if pod.is_active}
            available = {str(pod.id) for pod in pods if pod.is_available(rack.now_s, rack.physics)}
            lowest, highest = floor_and_ceiling(deployment)
            assert len(active) <= highest
            taken_away = self._before.get(name, set()) - active - set(excused)
            assert not taken_away or lowest <= len(available)
            if self.answers_for.get(name) == deployment.desired:
                assert lowest <= len(available)
            low, high = self.ranges.get(name, (0, 99))
            assert low <= deployment.desired <= high
            self._before[name] = available
        self._before = {name: ids for name, ids in self._before.items() if name in app.deployments}


def disturb(world: World, watch: Watch, dice: random.Random) -> None:
    """Something that no rollout asked for."""
    (app,) = world.rack.held()
    running = [pod for pod in app.pods.values() if pod.given and pod.is_active]
    match dice.choice(["load", "crash", "stop"]):
        case "load":
            world.rack.set_load(APP, dice.choice([*app.deployments]), dice.randrange(14))
            watch()
        case "crash" if running:
            world.rack.exited(APP, dice.choice(running).id, 137)
            watch()
        case "stop" if running:
            stopped = dice.choice(running).id
            world.rack.stop_process(APP, stopped)
            watch(excused=[stopped])


def behaves_as(fails: str, dice: random.Random) -> Callable[[StartProcess], Behaviour]:
    def behaviour(start: StartProcess) -> Behaviour:
        usual = Behaviour(ready_after_s=dice.uniform(0, 8), stops_in_s=dice.uniform(0, 40))
        if start.kind is ProcessKind.TIMER:
            return Behaviour(exits_after_s=3)
        if fails == "crashes" or (fails == "some crash" and dice.random() < 0.5):
            # never available first: a replica that served and then died is no fault of the rollout
            return Behaviour(exits_after_s=dice.uniform(0.1, 5 if start.port else 0.9), ready_after_s=NEVER_S)
        return replace(usual, ready_after_s=NEVER_S) if fails == "never ready" else usual

    return behaviour


@settings(max_examples=200)
@given(
    manifest=manifests(),
    other=st.one_of(st.none(), manifests()),
    seed=st.integers(0, 2**32),
    fails=st.sampled_from(["never", "never", "crashes", "never ready", "some crash"]),
    disturbed=st.booleans(),
    cancelled=st.booleans(),
)
def test_a_rollout_keeps_what_the_deployment_allows(
    manifest: dict[str, Any], other: dict[str, Any] | None, seed: int, fails: str, disturbed: bool, cancelled: bool
) -> None:
    """Never too many replicas, and none that serves is taken away below the floor, at no instant."""
    dice = random.Random(seed)
    world = a_world(Physics(resync_s=2), seed)
    good, bad = behaves_as("never", dice), behaves_as(fails, dice)
    world.behaves = good
    old = world.builds_all(manifest)
    world.rack.promote(APP, old)
    world.run(SETTLED_S)
    watch = Watch(world)
    watch()
    after = other or manifest
    (app,) = world.rack.held()
    kept = manifest["services"].keys() & after["services"].keys() if not disturbed else ()
    watch.answers_for = {name: app.deployments[name].desired for name in kept}

    world.behaves = lambda start: good(start) if start.release == old else bad(start)
    new = world.builds_all(after)
    world.rack.promote(APP, new)
    # a running count outlives a promote, and only a range of the new manifest bounds it
    watch.ranges = ranges_of(after)
    watch()
    for _ in range(dice.randrange(1, 12)):
        world.run(dice.uniform(0, 12), watch)
        if disturbed:
            disturb(world, watch, dice)
    if cancelled:
        cancel(world)
        watch.ranges = {}
        # what is too few for one manifest may have been enough for the other
        watch.answers_for = {} if other else watch.answers_for
        watch()
    world.run(300, watch)
    if world.rack.truth(APP).state is AtomState.REVERTED:
        check_end(world, old)
    elif fails == "never":
        check_end(world, new)


def cancel(world: World) -> None:
    """Or find that there is nothing to cancel."""
    with contextlib.suppress(Refused):
        world.rack.cancel(APP)


def ranges_of(manifest: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """The counts that each service with an autoscaler may have, however it is loaded."""
    found: dict[str, tuple[int, int]] = {}
    for name, body in manifest["services"].items():
        if isinstance(body["scale"], dict) and not body.get("agent"):
            low, _, high = body["scale"]["count"].partition("-")
            found |= {name: (int(low), int(high))} if low != high else {}
    return found


def check_end(world: World, serving: str) -> None:
    """A release that does not fail is all there is in the end, as often as it is wanted."""
    assert ("running", serving) == (world.status, world.active)
    (app,) = world.rack.held()
    for name, deployment in app.deployments.items():
        rows = [row for row in world.rack.processes(APP, service=name) if row.kind is ProcessKind.REPLICA]
        # an autoscaler may have sent one away this very moment
        rows = [row for row in rows if not row.terminating]
        assert ["running"] * deployment.desired == [row.status.value for row in rows]
        assert {serving} >= {row.release for row in rows}


@settings(max_examples=50)
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
