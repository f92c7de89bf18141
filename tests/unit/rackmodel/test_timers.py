"""Timers: pods of their own on a schedule (convox-facts 3.2, 3.3, 7; provider/k8s timer.yml)."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from deployer.rackmodel import Ids, ProcessKind, ProcessRow, Rack, StartProcess
from deployer.rackmodel.state import dump, load
from tests.unit.rackmodel.world import APP, Behaviour, World, a_world

WEB = {"port": 3000, "health": {"grace": 2, "interval": 2}}


@pytest.fixture
def world() -> World:
    """Timers run for three seconds and end well; all else runs on."""
    world = a_world()
    world.behaves = lambda start: Behaviour(exits_after_s=3 if start.kind is ProcessKind.TIMER else None)
    return world


def ships(world: World, env: str = "", **timers: Any) -> str:
    world.rack.create_release(APP, env=env)
    release = world.builds_all({"services": {"web": WEB}, "timers": timers})
    world.rack.promote(APP, release)
    return release


def timer(**options: Any) -> dict[str, Any]:
    return {"schedule": "* * * * *", "command": "tidy", "service": "web", **options}


def rows(world: World) -> list[ProcessRow]:
    return [row for row in world.rack.processes(APP) if row.kind is ProcessKind.TIMER]


def jobs(world: World) -> list[StartProcess]:
    return [start for start in world.actions if isinstance(start, StartProcess) and start.kind is ProcessKind.TIMER]


def test_a_timer_starts_a_pod_at_each_minute_that_is_due(world: World) -> None:
    """Its row has the service's name, the release, the timer's command and an id of its own shape."""
    release = ships(world, tidy=timer())
    world.run(61)

    (row,) = rows(world)
    assert ("web", release, "tidy", "running") == (row.service, row.release, row.command, row.status.value)
    assert re.fullmatch(r"timer-tidy-1-[a-z0-9]{5}", row.id)
    world.run(60)
    assert re.fullmatch(r"timer-tidy-2-[a-z0-9]{5}", rows(world)[0].id)


def test_the_row_goes_five_seconds_after_its_end_and_is_not_started_again(world: World) -> None:
    """`failed` or `complete`, and then nothing (3.3); a job has no second try (backoffLimit 0)."""
    ships(world, tidy=timer())
    world.run(60 + 4)
    assert ["failed"] == [row.status.value for row in rows(world)]

    world.run(5)

    assert [] == rows(world)
    assert 1 == len(jobs(world))


def test_a_timer_reads_the_secret_of_its_service(world: World) -> None:
    """The env of the release that was applied last, with the service's own names."""
    release = ships(world, env="A=1", tidy=timer())
    world.run(61)

    (start,) = jobs(world)
    assert ("1", release, "web") == (start.env["A"], start.env["RELEASE"], start.env["SERVICE"])


@pytest.mark.parametrize(("concurrency", "expected"), [("Allow", 2), ("Forbid", 1), ("Replace", 1)])
def test_a_timer_that_is_due_while_the_last_still_runs(world: World, concurrency: str, expected: int) -> None:
    """Allowed, left out, or put in its place."""
    world.behaves = lambda _: Behaviour()
    ships(world, tidy=timer(concurrency=concurrency))
    world.run(61)
    first = rows(world)[0].id

    world.run(60)

    assert expected == len(rows(world))
    assert (concurrency == "Replace") == (first not in {row.id for row in rows(world)})


def test_a_timer_of_several_pods_tells_each_its_number(world: World) -> None:
    """`parallelCount`: as many at once, with TIMER_INDEX."""
    ships(world, tidy=timer(parallelCount=3))
    world.run(61)

    assert 3 == len(rows(world))
    assert {"0", "1", "2"} == {start.env["TIMER_INDEX"] for start in jobs(world)}


def test_a_promote_changes_what_is_due_next_and_leaves_what_runs(world: World) -> None:
    """A timer that a release no longer has is pruned."""
    world.behaves = lambda _: Behaviour()
    old = ships(world, tidy=timer())
    world.run(61)

    new = ships(world, sweep=timer(command="sweep"))
    world.run(60)

    assert {(old, "tidy"), (new, "sweep")} == {(row.release, row.command) for row in rows(world)}


def test_a_revert_brings_the_old_timers_back(world: World) -> None:
    """They are part of what is applied."""
    old = ships(world, tidy=timer())
    world.run(30)
    ships(world, sweep=timer(command="sweep"))
    world.run(1.5)

    world.rack.cancel(APP)
    world.run(40)

    assert [(old, "tidy")] == [(start.release, start.command) for start in jobs(world)]


def test_a_changed_schedule_counts_from_its_promote(world: World) -> None:
    """One that is the same goes on; another is due at its own next minute."""
    ships(world, tidy=timer(schedule="0 * * * *"))
    world.run(30)

    ships(world, tidy=timer())
    world.run(31)

    assert 1 == len(jobs(world))


def test_a_first_deploy_that_is_taken_back_leaves_no_timer(world: World) -> None:
    """What it is reverted to is the empty app."""
    ships(world, tidy=timer())
    world.run(1.5)

    world.rack.cancel(APP)
    world.run(120)

    assert [] == jobs(world)


def test_a_schedule_kubernetes_refuses_reverts_at_once(world: World) -> None:
    """No check of a build looks at it; the apply fails (3.4)."""
    old = ships(world, tidy=timer())
    world.run(20)

    ships(world, tidy=timer(schedule="every day"))
    world.run(20)

    assert ("running", old) == (world.status, world.active)


def test_a_deleted_app_has_no_timers(world: World) -> None:
    """Nothing starts on an app that is going."""
    world.behaves = lambda _: Behaviour(stops_in_s=90)
    ships(world, tidy=timer())
    world.run(30)

    world.rack.delete_app(APP)
    world.run(60)

    assert "deleting" == world.status
    assert [] == jobs(world)


def test_timers_do_not_stand_in_for_replicas(world: World) -> None:
    """A timer's pod carries the service's name and is none of its replicas."""
    world.behaves = lambda _: Behaviour()
    ships(world, tidy=timer())
    world.run(61)

    world.rack.scale(APP, "web", 0)
    world.run(10)

    assert [ProcessKind.TIMER] == [row.kind for row in world.rack.processes(APP)]


def test_of_the_runs_that_a_dead_rack_missed_one_is_made_up_for(world: World) -> None:
    """As Kubernetes does it; then the schedule goes on."""
    ships(world, tidy=timer())
    world.run(30)
    document = json.loads(json.dumps(dump(world.rack.held())))
    rack = Rack(Ids(random.Random(99)), world.rack.physics, now_s=600)
    for app in load(document):
        rack.adopt(app)
    back = World(rack, world.behaves)

    back.run(1)
    assert 1 == len(rows(back))
    back.run(58)
    assert [] == rows(back)
    back.run(3)
    assert 1 == len(rows(back))
