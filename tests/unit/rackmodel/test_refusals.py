"""What the rack refuses: the status and the words its API answers with (convox-facts 2.6, 2.8, 5.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployer.rackmodel import Budget, BuildStatus, Physics, Refused
from tests.unit.rackmodel.world import APP, World, a_world


def refusal(call: Callable[..., object], *args: object) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        call(*args)
    return refused.value.status, refused.value.text


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.mark.parametrize(
    "call",
    [
        lambda rack: rack.app("nope"),
        lambda rack: rack.releases("nope"),
        lambda rack: rack.create_release("nope", env="A=1"),
        lambda rack: rack.create_build("nope"),
        lambda rack: rack.promote("nope", "RAAAAAAAAAA"),
        lambda rack: rack.services("nope"),
        lambda rack: rack.cancel("nope"),
        lambda rack: rack.configs("nope"),
    ],
)
def test_an_app_that_is_not_there(world: World, call: Callable[[object], object]) -> None:
    """Every operation on an unknown app is 404, but the process list."""
    assert (404, "app not found: nope") == refusal(lambda: call(world.rack))


def test_an_apps_name_has_a_shape(world: World) -> None:
    """Lower case, digits and dashes: it becomes part of a namespace."""
    for name in ("", "../x", "A", "a" * 41):
        text = f"app name {name} invalid, must contain only lowercase alphanumeric and dashes"
        assert (400, text) == refusal(world.rack.create_app, name)


def test_processes_of_an_unknown_app_are_none(world: World) -> None:
    """`ps` of an app that does not exist is an empty table (2.9)."""
    assert [] == world.rack.processes("nope")


def test_unknown_ids_are_errors_of_kubernetes(world: World) -> None:
    """Status 500, the id in lower case (5.1; recorded: builds-info-notfound, ps-info-notfound)."""
    rack = world.rack

    assert (500, 'releases.convox.com "rnope" not found') == refusal(lambda: rack.release(APP, "RNOPE"))
    assert (500, 'builds.convox.com "bnope" not found') == refusal(lambda: rack.build(APP, "BNOPE"))
    assert (500, 'pods "web-nope" not found') == refusal(lambda: rack.process(APP, "web-nope"))
    assert (500, 'pods "web-nope" not found') == refusal(lambda: rack.stop_process(APP, "web-nope"))


def test_a_promote_while_updating(world: World) -> None:
    """403, and `force` gets through (3.4)."""
    world.serves()
    first, second = world.builds(), world.builds()
    world.rack.promote(APP, first)
    world.run(2)

    assert (403, "app is currently updating") == refusal(lambda: world.rack.promote(APP, second))
    world.rack.promote(APP, second, force=True)


def test_two_promotes_within_the_mirrors_lag_both_pass() -> None:
    """The check reads the mirrored status, so the later of two promotes wins (3.4)."""
    world = a_world(Physics(mirror_lag_s=3))
    world.serves()
    first, second = world.builds(), world.builds()

    world.rack.promote(APP, first)
    world.run(2)
    world.rack.promote(APP, second)
    world.run(60)

    assert second == world.active


def test_a_promote_while_rolling_back(world: World) -> None:
    """`rollback` refuses like `updating`, and cannot be cancelled (2.7, 2.8)."""
    world.serves()
    world.ships()
    world.run(1.5)
    world.rack.cancel(APP)
    world.run(0.3)
    other = world.builds()

    assert (403, "app is currently updating") == refusal(lambda: world.rack.promote(APP, other))
    assert (403, "app is not updating") == refusal(lambda: world.rack.cancel(APP))


def test_a_cancel_at_rest(world: World) -> None:
    """There is nothing to cancel: 403 (2.8)."""
    assert (403, "app is not updating") == refusal(lambda: world.rack.cancel(APP))


def test_an_older_release(world: World) -> None:
    """A release made before the active one cannot be promoted (3.4)."""
    old = world.serves()
    world.serves()

    assert (400, "can not promote an older release, try rollback") == refusal(lambda: world.rack.promote(APP, old))


def test_a_release_without_a_build(world: World) -> None:
    """An env seeded before the first build has no manifest (3.1)."""
    release = world.rack.create_release(APP, env="A=1")

    refused = refusal(lambda: world.rack.promote(APP, release.id))

    assert (400, "can not promote a release with an empty manifest") == refused


def test_required_env_that_went_missing(world: World) -> None:
    """Unsetting a required key succeeds and fails at the promote, names sorted (7)."""
    world.rack.create_release(APP, env="A=1\nB=")
    world.builds(environment=["B", "A", "C=3"])
    bare = world.rack.create_release(APP, env="")

    assert (500, "required env: A, B") == refusal(lambda: world.rack.promote(APP, bare.id))


def test_a_budget_that_is_used_up(world: World) -> None:
    """409, whatever is forced; what is below the cap, or only alerts, lets a promote pass (2.6)."""
    world.serves()
    release = world.builds()
    rack = world.rack

    for force in (False, True):
        rack.set_budget(APP, Budget(cap_usd=50, spent_usd=50))
        text = "budget cap reached: $50.00 of $50.00 used; new deploys are blocked"
        assert (409, text) == refusal(lambda force=force: rack.promote(APP, release, force=force))
    for passes in (Budget(50, 49.99), Budget(50, 51, action="alert-only"), None):
        rack.set_budget(APP, passes)
        rack.promote(APP, release, force=True)


def test_a_used_up_budget_keeps_nobody_from_anything_else(world: World) -> None:
    """Releases, builds, cancels and what runs go on."""
    world.serves()
    world.ships()
    world.run(2)
    world.rack.set_budget(APP, Budget(cap_usd=50, spent_usd=80))

    world.rack.cancel(APP)
    world.rack.create_release(APP, env="A=1")
    world.builds()
    world.run(20)

    assert ("running", ["running"]) == (world.status, world.rows())


def test_an_env_line_of_64_kib(world: World) -> None:
    """One byte less is stored; a longer line breaks the diff (4)."""
    world.rack.create_release(APP, env="A=" + "x" * 65_533)

    assert (500, "bufio.Scanner: token too long") == refusal(
        lambda: world.rack.create_release(APP, env="A=" + "x" * 65_534)
    )


def test_a_service_that_is_not_there(world: World) -> None:
    """`run`, `scale` and `restart` want a service of the app."""
    world.serves()

    for call in (
        lambda: world.rack.run_process(APP, "nope", "true"),
        lambda: world.rack.scale(APP, "nope", 2),
        lambda: world.rack.restart(APP, "nope"),
    ):
        assert (404, "service not found: nope") == refusal(call)


def test_a_failed_build_makes_no_release(world: World) -> None:
    """Its row keeps the reason and a blank release (2.12)."""
    build = world.rack.create_build(APP)

    world.rack.fail_build(APP, build.id, "boom")

    assert (BuildStatus.FAILED, "", "boom") == (build.status, build.release, build.reason)
    assert [] == world.rack.releases(APP)


def test_nothing_that_is_refused_changes_anything(world: World) -> None:
    """After a row of refusals the app is as it was."""
    old = world.serves()
    new = world.serves()
    before = (world.rack.app(APP), world.rack.releases(APP), [row.id for row in world.rack.processes(APP)])

    refusal(lambda: world.rack.promote(APP, old))
    refusal(lambda: world.rack.promote(APP, "RNOPE"))
    refusal(lambda: world.rack.create_release(APP, build="BNOPE"))
    refusal(lambda: world.rack.cancel(APP))

    assert before == (world.rack.app(APP), world.rack.releases(APP), [row.id for row in world.rack.processes(APP)])
    assert new == world.active
