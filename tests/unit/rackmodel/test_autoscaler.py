"""The autoscaler, and what is scaled by hand beside it (convox-facts 2.9, 3.8, 7.1)."""

from __future__ import annotations

import json

import pytest

from deployer.rackmodel import Change, Physics, Refused
from deployer.rackmodel.state import dump, load
from tests.unit.rackmodel.world import APP, World, a_world

RANGE = {"count": "2-10", "targets": {"cpu": 70}}
KEDA = {"count": "2-10", "autoscale": {"cpu": {"threshold": 60}}}


@pytest.fixture
def world() -> World:
    return a_world()


def count(world: World) -> int:
    return world.rack.services(APP)[0].count


def test_a_load_moves_the_count_at_the_next_look(world: World) -> None:
    """It looks every 15 s, and the replicas follow; the app's status does not move."""
    world.serves(scale=RANGE)
    world.rack.set_load(APP, "web", 5)

    world.run(14)
    assert 2 == count(world)
    world.run(10)

    assert 5 == count(world)
    assert ["running"] * 5 == world.rows()
    assert "running" == world.status


def test_it_never_leaves_its_range(world: World) -> None:
    """However high or low the load."""
    world.serves(scale=RANGE)

    world.rack.set_load(APP, "web", 99)
    world.run(60)
    assert 10 == count(world)

    world.rack.set_load(APP, "web", 0)
    world.run(400)
    assert 2 == count(world)


def test_it_goes_up_in_steps(world: World) -> None:
    """At most twice as many or four more at a look: from two to six, and then to ten."""
    world.serves(scale=RANGE)
    world.rack.set_load(APP, "web", 10)
    seen: list[int] = []

    world.run(40, watch=lambda: seen.append(count(world)))

    assert [2, 6, 10] == sorted(set(seen))


def test_it_goes_down_when_the_load_has_been_low_for_five_minutes(world: World) -> None:
    """A load that comes back in between starts the wait anew."""
    world.serves(scale=RANGE)
    world.rack.set_load(APP, "web", 6)
    world.run(30)
    world.rack.set_load(APP, "web", 3)
    world.run(200)
    world.rack.set_load(APP, "web", 6)
    world.run(20)
    world.rack.set_load(APP, "web", 3)

    world.run(200)
    assert 6 == count(world)
    world.run(130)
    assert 3 == count(world)


def test_without_a_load_the_count_stays(world: World) -> None:
    """No metrics, no decision."""
    world.serves(scale=RANGE)
    world.rack.set_load(APP, "web", 6)
    world.run(30)

    world.rack.set_load(APP, "web", None)
    world.run(1000)

    assert 6 == count(world)
    assert None is world.rack.next_instant_s() or world.rack.next_instant_s() != world.rack.now_s


def test_a_fixed_count_has_no_autoscaler(world: World) -> None:
    """Whatever the load."""
    world.serves(scale=2)
    world.rack.set_load(APP, "web", 9)

    world.run(400)

    assert 2 == count(world)


def test_a_service_that_was_scaled_to_nothing_is_left_alone(world: World) -> None:
    """An autoscaler does not act on a count of 0."""
    world.serves(scale=KEDA)
    world.rack.update_service(APP, "web", Change(minimum=0, count=0))
    world.rack.set_load(APP, "web", 9)

    world.run(400)

    assert 0 == count(world)


def test_the_scaled_count_survives_a_promote_that_is_under_way(world: World) -> None:
    """The count moves in the midst of a rollout, and the rollout ends at the new one (7.1)."""
    world.serves(scale=RANGE)
    world.rack.set_load(APP, "web", 4)
    world.run(13)

    new = world.ships(scale=RANGE)
    world.run(60)

    assert ["running"] * 4 == world.rows(new)
    assert [] == [row for row in world.rack.processes(APP, service="web") if row.release != new]


def test_its_times_are_knobs_and_scaled(world: World) -> None:
    """A tenth of the time is a tenth of all of it."""
    world = a_world(Physics(resync_s=2, time_scale=0.1, autoscale_s=10, downscale_s=100))
    world.serves(scale=RANGE)

    world.rack.set_load(APP, "web", 4)
    world.run(1.1)
    assert 4 == count(world)

    world.rack.set_load(APP, "web", 2)
    world.run(12)
    assert 2 == count(world)


def test_a_range_by_hand_is_kedas(world: World) -> None:
    """`scale --min --max` moves the bounds of a service that scales by KEDA, until the next promote."""
    world.serves(scale=KEDA)

    world.rack.update_service(APP, "web", Change(minimum=3, maximum=4))
    world.rack.set_load(APP, "web", 9)
    world.run(60)
    assert 4 == count(world)

    world.serves(scale=KEDA)
    world.run(60)
    assert 9 == count(world)


def test_a_range_by_hand_changes_nothing_for_a_plain_autoscaler(world: World) -> None:
    """The rack answers ok, and nothing is heard of it again."""
    world.serves(scale=RANGE)

    world.rack.update_service(APP, "web", Change(minimum=5, maximum=6))
    world.run(60)

    assert 2 == count(world)


def test_a_minimum_of_nothing_wants_a_way_back(world: World) -> None:
    """400, and nothing has changed."""
    world.serves(scale=RANGE)

    with pytest.raises(Refused, match="cannot set --min 0 on service web") as refused:
        world.rack.update_service(APP, "web", Change(minimum=0, cpu=100))

    assert 400 == refused.value.status
    assert 250 == world.rack.services(APP)[0].cpu


def test_other_requests_roll_the_service_to_fresh_replicas(world: World) -> None:
    """`scale --cpu` changes the pod template: same release, same status, other processes."""
    release = world.serves(scale=2)
    before = {row.id for row in world.rack.processes(APP, service="web")}

    world.rack.update_service(APP, "web", Change(cpu=500, memory=1024))
    assert "running" == world.status
    world.run(20)

    row = world.rack.services(APP)[0]
    assert (500, 1024, 2) == (row.cpu, row.memory, row.count)
    assert ["running", "running"] == world.rows(release)
    assert not before & {row.id for row in world.rack.processes(APP, service="web")}


def test_what_was_scaled_by_hand_outlives_the_rack(world: World) -> None:
    """Count, range and requests; a state from before there were such things is read."""
    world.serves(scale=KEDA)
    world.rack.update_service(APP, "web", Change(minimum=3, maximum=4, cpu=500))
    document = json.loads(json.dumps(dump(world.rack.held())))

    (app,) = load(document)
    deployment = app.deployments[next(iter(app.deployments))]
    assert ((3, 4), 500) == (deployment.span, deployment.service.scale.cpu)

    old = document["apps"][0]
    del old["timers"], old["deployments"][0]["bounds"]
    for template in (old["deployments"][0]["template"], *old["deployments"][0]["sets"]):
        del template["cpu"], template["memory"]
    (app,) = load(document)
    assert (2, 10) == app.deployments[next(iter(app.deployments))].span
