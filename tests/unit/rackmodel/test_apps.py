"""Apps: locked, unlocked, deleted (convox-facts 2.11, 3.4)."""

from __future__ import annotations

import json

import pytest

from deployer.rackmodel import Refused
from deployer.rackmodel.state import dump, load
from tests.unit.rackmodel.world import APP, Behaviour, a_world


def test_a_deleted_app_is_gone_when_its_processes_are() -> None:
    """Until then it reads `deleting`, and is told to nobody who wants to start something."""
    world = a_world()
    world.behaves = lambda _: Behaviour(stops_in_s=5)
    release = world.serves(scale=2)

    world.rack.delete_app(APP)

    assert "deleting" == world.status
    assert ["running", "running"] == world.rows()
    with pytest.raises(Refused, match="app not found"):
        world.rack.promote(APP, release, force=True)
    world.run(6)
    assert [] == world.rack.apps()
    with pytest.raises(Refused, match="app not found: myapi"):
        world.rack.app(APP)


def test_a_promote_that_was_under_way_brings_nothing_back() -> None:
    """The controller's look at it ends in an error while the last processes are still going: nothing is reverted."""
    world = a_world()
    world.behaves = lambda _: Behaviour(ready_after_s=1e9, stops_in_s=60)
    world.serves(port=None)
    world.ships()
    world.run(1.5)

    world.rack.fail_next_check(APP)
    world.rack.delete_app(APP)
    world.run(40)
    assert {True} == {row.terminating for row in world.rack.processes(APP, service="web")}
    world.run(30)

    assert [] == world.rack.apps()


def test_an_app_on_which_nothing_runs_is_gone_at_once() -> None:
    """And its name is free again."""
    world = a_world()

    world.rack.delete_app(APP)

    assert [] == world.rack.apps()
    assert "running" == world.rack.create_app(APP).status


def test_what_becomes_of_the_processes_of_a_deleted_app_disturbs_nobody() -> None:
    """Answers that come late are ignored, a build that ends finds no app."""
    world = a_world()
    build = world.rack.create_build(APP)

    world.rack.delete_app(APP)
    world.rack.exited(APP, build.process, 0)

    with pytest.raises(Refused, match="app not found"):
        world.rack.complete_build(APP, build.id, "{}")


def test_a_locked_app_is_not_deleted() -> None:
    """Unlocked it is."""
    world = a_world()
    world.rack.lock_app(APP, locked=True)

    with pytest.raises(Refused, match="locked"):
        world.rack.delete_app(APP)

    assert world.rack.app(APP).locked
    world.rack.lock_app(APP, locked=False)
    world.rack.delete_app(APP)
    assert [] == world.rack.apps()


def test_locking_promotes_the_active_release_again() -> None:
    """It moves no pod, but what a failure would revert to is now this release: the trap of `apps lock`."""
    world = a_world()
    world.serves(scale=2)
    active = world.serves(scale=2, command="new")
    before = [row.id for row in world.rack.processes(APP)]

    world.rack.lock_app(APP, locked=True)

    assert active == world.rack.truth(APP).previous
    world.run_until(lambda: world.status == "running")
    assert before == [row.id for row in world.rack.processes(APP)]


def test_locked_and_deleting_outlive_the_rack() -> None:
    """And a state from before there were such things is read."""
    world = a_world()
    world.serves()
    world.rack.lock_app(APP, locked=True)
    document = json.loads(json.dumps(dump(world.rack.held())))

    (locked,) = load(document)
    del document["apps"][0]["locked"], document["apps"][0]["deleting"]
    (older,) = load(document)

    assert (True, False) == (locked.locked, locked.deleting)
    assert (False, False) == (older.locked, older.deleting)
