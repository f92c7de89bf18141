"""What a release inherits, and from which (convox-facts 3.1)."""

from __future__ import annotations

import re

import pytest

from deployer.rackmodel import ManifestInvalid
from tests.unit.rackmodel.world import APP, World, a_world


@pytest.fixture
def world() -> World:
    return a_world()


def test_a_build_takes_the_env_that_is_newest_when_it_finishes(world: World) -> None:
    """An env set while the build runs is in its release."""
    world.rack.create_release(APP, env="A=1")
    build = world.rack.create_build(APP)
    world.rack.create_release(APP, env="A=2")

    release = world.rack.complete_build(APP, build.id, '{"services": {}}')

    assert "A=2" == release.env


def test_an_env_edit_takes_the_newest_build_although_it_was_rolled_back(world: World) -> None:
    """Newest means created last, not active: the bad build ships again with the next env edit (0.4)."""
    world.serves()
    bad = world.ships()
    world.run(1.5)
    world.rack.cancel(APP)

    edit = world.rack.create_release(APP, env="A=1")

    assert world.rack.release(APP, bad).build == edit.build


def test_a_parent_release_is_forked_instead(world: World) -> None:
    """`env set --release P` takes P's build (3.1)."""
    first, _ = world.builds(), world.builds()

    edit = world.rack.create_release(APP, env="A=1", parent=first)

    assert world.rack.release(APP, first).build == edit.build
    assert world.rack.release(APP, first).manifest == edit.manifest


def test_absent_inherits_and_empty_is_a_value(world: World) -> None:
    """No env field keeps the env, an empty one clears it (5.3)."""
    world.rack.create_release(APP, env="A=1")

    assert "A=1" == world.rack.create_release(APP).env
    assert "" == world.rack.create_release(APP, env="").env


def test_an_empty_build_makes_an_empty_manifest(world: World) -> None:
    """A copy of a release without a build cannot be promoted (2.7)."""
    world.builds()

    copy = world.rack.create_release(APP, build="", env="A=1")

    assert ("", "") == (copy.build, copy.manifest)


def test_the_description_names_the_keys_that_changed(world: World) -> None:
    """Names only, no values."""
    world.rack.create_release(APP, env="A=1\nB=1")

    edit = world.rack.create_release(APP, env="B=2\nC=1")

    assert "env add:C change:B remove:A" == edit.description


def test_the_description_is_the_builds_when_the_env_is_the_same(world: World) -> None:
    """A rollback copy shows what was built, unless its env differs from the newest (3.1)."""
    first = world.rack.release(APP, world.builds())
    world.builds()

    copy = world.rack.create_release(APP, build=first.build, env=first.env)
    named = world.rack.create_release(APP, build=first.build, env=first.env, description="Created from X")

    assert "a build" == copy.description
    assert "Created from X" == named.description


def test_created_only_grows_and_the_list_is_newest_first(world: World) -> None:
    """Made in the same instant, releases still have an order (5.5)."""
    made = [world.rack.create_release(APP, env=f"A={number}").id for number in range(12)]

    listed = world.rack.releases(APP)

    assert made[:1:-1] == [release.id for release in listed]
    times = [release.created_s for release in world.rack.releases(APP, limit=50)]
    assert sorted(set(times), reverse=True) == times


def test_ids_have_their_shapes(world: World) -> None:
    """R and B with ten capitals, replicas with hash and suffix, builds with a suffix (3.2)."""
    release = world.serves()
    rows = {row.kind.value: row.id for row in world.rack.processes(APP)}

    assert re.fullmatch("R[A-Z]{10}", release)
    assert re.fullmatch("B[A-Z]{10}", world.rack.release(APP, release).build)
    assert re.fullmatch("web-[a-z0-9]{9,10}-[a-z0-9]{5}", rows["replica"])
    assert re.fullmatch("build-[a-z0-9]{5}", rows["build"])


def test_a_build_wants_its_required_env(world: World) -> None:
    """The newest env and the build args together must have it (7)."""
    manifest = '{"environment": ["A", "B"], "services": {"web": {}}}'
    world.rack.create_release(APP, env="A=")

    with pytest.raises(ManifestInvalid, match=r"^validation errors:\nrequired env: B$"):
        world.rack.check_build(APP, manifest)

    assert "web" == world.rack.check_build(APP, manifest, {"B": "1"}).services[0].name


def test_configs_are_kept_per_app(world: World) -> None:
    """What is put is got, sorted by name."""
    world.rack.put_config(APP, "b", "2")
    world.rack.put_config(APP, "a", "1\n")

    assert {"a": "1\n", "b": "2"} == world.rack.configs(APP)
    assert "1\n" == world.rack.config(APP, "a")
