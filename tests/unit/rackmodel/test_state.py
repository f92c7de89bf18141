"""A rack that was killed knows everything it had acknowledged."""

from __future__ import annotations

import json
import random

import pytest

from deployer.rackmodel import BuildStatus, Ids, Physics, Rack, Refused
from deployer.rackmodel.state import dump, load
from tests.unit.rackmodel.world import APP, Behaviour, World, a_world


def killed_and_back(world: World) -> World:
    document = json.loads(json.dumps(dump(world.rack.held())))
    rack = Rack(Ids(random.Random(99)), world.rack.physics, now_s=world.rack.now_s + 60)
    for app in load(document):
        rack.adopt(app)
    return World(rack)


def test_apps_releases_env_and_configs_come_back() -> None:
    """Everything but the pods is the same."""
    world = a_world()
    world.serves(env="A=1")
    world.rack.put_config(APP, "deployer", "{}")
    world.rack.create_release(APP, env="A=2")

    back = killed_and_back(world)

    assert world.rack.app(APP) == back.rack.app(APP)
    assert world.rack.releases(APP) == back.rack.releases(APP)
    assert world.rack.builds(APP) == back.rack.builds(APP)
    assert world.rack.configs(APP) == back.rack.configs(APP)


def test_what_should_run_is_started_again() -> None:
    """Replicas are made afresh, as many as ran, of the release that was active."""
    world = a_world()
    release = world.serves(scale=2)
    world.rack.scale(APP, "web", 3)

    back = killed_and_back(world)
    back.run(10)

    assert ["running"] * 3 == back.rows(release)


def test_a_promote_goes_on_where_it_was() -> None:
    """Old and new replicas come back in the numbers they had, and the rollout ends."""
    world = a_world(Physics(resync_s=2))
    old = world.serves(scale=2)
    world.behaves = lambda _: Behaviour(ready_after_s=1000)
    new = world.ships(scale=2)
    world.run(5)

    back = killed_and_back(world)
    assert "updating" == back.status
    assert 1 == len(back.rows(old))
    back.run(20)

    assert ("running", new) == (back.status, back.active)
    assert ["running", "running"] == back.rows()


def test_a_build_that_ran_is_lost_and_says_so() -> None:
    """No release is made of it."""
    world = a_world()
    build = world.rack.create_build(APP)

    back = killed_and_back(world)

    lost = back.rack.build(APP, build.id)
    assert (BuildStatus.FAILED, "the rack was restarted") == (lost.status, lost.reason)


def test_a_state_of_another_version_is_refused() -> None:
    """Never a guess."""
    with pytest.raises(ValueError, match="version 2"):
        load({"version": 2, "apps": []})


def test_an_app_is_made_once() -> None:
    """A second one of the same name is refused."""
    world = a_world()

    with pytest.raises(Refused, match="already exists"):
        world.rack.create_app(APP)
