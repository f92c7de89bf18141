"""One process: what `ps` calls it, when it is restarted, what it is given (convox-facts 3.3, 3.7, 10.1)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deployer.rackmodel import Physics, StartProcess
from tests.unit.rackmodel.world import APP, Behaviour, World, a_world


@pytest.fixture
def world() -> World:
    return a_world(Physics(resync_s=2, schedule_s=1))


def starts(world: World, process: str) -> list[StartProcess]:
    return [action for action in world.actions if isinstance(action, StartProcess) and action.process == process]


def test_a_process_is_pending_then_starting_then_running(world: World) -> None:
    """Pending until scheduled, starting until its first good probe, which comes at `health.grace` (3.6)."""
    world.ships()
    seen = []
    for _ in range(8):
        seen.append(world.rows()[0])
        world.run(0.5)

    assert ["pending", "pending", "starting", "starting", "starting", "starting", "running", "running"] == seen


def test_a_crash_loop_waits_longer_each_time(world: World) -> None:
    """One restart at once, then after 10, 20, 40 … seconds, at most 300 (10.1)."""
    world.behaves = lambda _: Behaviour(exits_after_s=0.0)
    moments: list[float] = []
    world.ships()

    def note() -> None:
        moments.extend(
            [world.rack.now_s] * (sum(isinstance(a, StartProcess) for a in world.actions) - len(moments)),
        )

    world.run(1000, watch=note)

    gaps = [round(b - a) for a, b in pairwise(moments)]
    assert [0, 10, 20, 40, 80, 160, 300, 300] == gaps


def test_a_crash_loop_reads_crashed_while_it_waits_and_starting_at_a_retry(world: World) -> None:
    """`crashed` flickers: at each retry the row is `starting` for as long as the process lives (10.1)."""
    world.behaves = lambda _: Behaviour(exits_after_s=1)
    world.ships()

    world.run(3.5)
    assert ["crashed"] == world.rows()

    world.run(10)
    assert ["starting"] == world.rows()
    assert 2 == world.rack.processes(APP, service="web")[0].restarts


def test_a_container_that_ran_long_starts_its_back_off_anew(world: World) -> None:
    """After ten good minutes the next crash is a first one."""
    world.behaves = lambda start: Behaviour(exits_after_s=0.1 if start.attempt < 3 else 700)
    world.ships()
    world.run(30 + 1.5 + 700)

    assert "crashed" not in world.rows()
    assert 5 == len(starts(world, world.rack.processes(APP, service="web")[0].id))


def test_readiness_is_lost_after_three_failures_and_nothing_restarts(world: World) -> None:
    """A failing probe takes a process out of the balancer, no more, and reads `starting` (3.3, 3.8)."""
    world.serves()
    process = world.rack.processes(APP, service="web")[0].id
    world.ready_at[process] = 1e9

    world.run(3.9)
    assert ["running"] == world.rows()

    world.run(4)
    assert ["starting"] == world.rows()
    assert not world.rack.process(APP, process).ready
    assert 1 == len(starts(world, process))


def test_older_racks_call_it_unhealthy() -> None:
    """Up to 3.24.5 a failing probe reads `unhealthy`, one that has not come yet `starting` (3.3)."""
    world = a_world(Physics(resync_s=2, unready_reads="unhealthy"))
    world.behaves = lambda _: Behaviour(ready_after_s=1e9)
    world.ships()

    world.run(2)
    assert ["starting"] == world.rows()

    world.run(10)
    assert ["unhealthy"] == world.rows()


def test_a_service_without_a_port_has_no_probe(world: World) -> None:
    """It is ready as soon as it runs (3.8)."""
    world.ships(port=None)

    world.run(1)

    assert ["running"] == world.rows()


def test_a_stopped_replica_is_replaced(world: World) -> None:
    """`ps stop` deletes the pod, the replica set makes another (2.9)."""
    world.serves()
    process = world.rack.processes(APP, service="web")[0].id

    world.rack.stop_process(APP, process)
    world.run(5)

    assert ["running"] == world.rows()
    assert process != world.rack.processes(APP, service="web")[0].id


def test_a_run_process_is_listed_under_its_service_until_it_is_done(world: World) -> None:
    """`run` rows carry the service's name and go 5 s after the end (3.3)."""
    release = world.serves()
    world.behaves = lambda _: Behaviour(exits_after_s=3)

    row = world.rack.run_process(APP, "web", "bin/migrate")
    assert ("pending", release, "web") == (row.status.value, row.release, row.service)

    world.run(2)
    assert "running" == world.rack.process(APP, row.id).status.value

    world.run(4)
    assert "failed" == world.rack.process(APP, row.id).status.value

    world.run(4)
    assert row.id not in [row.id for row in world.rack.processes(APP)]


def test_a_run_that_ends_well_is_complete(world: World) -> None:
    """`complete`, for five seconds (3.3)."""
    world.serves()
    row = world.rack.run_process(APP, "web", "bin/migrate")
    world.run(2)

    world.rack.exited(APP, row.id, 0)

    assert "complete" == world.rack.process(APP, row.id).status.value
    world.run(5.5)
    assert row.id not in [row.id for row in world.rack.processes(APP)]


def test_a_run_of_an_unpromoted_release_has_its_env(world: World) -> None:
    """`run --release R` migrates before the promote (2.9)."""
    world.serves()
    world.rack.create_release(APP, env="A=new")
    new = world.builds()

    row = world.rack.run_process(APP, "web", "true", release=new, environment={"B": "2"})
    world.run(2)

    env = starts(world, row.id)[0].env
    assert (new, "new", "2") == (env["RELEASE"], env["A"], env["B"])


def test_a_process_is_given_what_the_facts_list(world: World) -> None:
    """System values, then the manifest's defaults, then the release env, which overrides all (3.7)."""
    world.ships(environment=["C=default", "D=default"], env="C=own\nPORT=1\n#E=gone")
    world.run(2)

    start = next(action for action in world.actions if isinstance(action, StartProcess))
    release = world.rack.release(APP, start.release)
    assert {
        "APP": APP,
        "RELEASE": release.id,
        "BUILD": release.build,
        "BUILD_DESCRIPTION": "a build",
        "BUILD_GIT_SHA": "",
        "SERVICE": "web",
        "PORT": "1",
        "C": "own",
        "D": "default",
    } == start.env


def test_a_resource_is_given_by_its_url_in_the_env(world: World) -> None:
    """Nothing runs for it: what the env says is listed, and goes to the name a service chose (7)."""
    world.rack.create_release(APP, env="DB_URL=postgres://u:p@h/d")
    release = world.builds_all(
        {
            "services": {"web": {"command": "serve", "resources": ["db:MAIN", "cache:SESSIONS"]}},
            "resources": {"db": {"type": "postgres"}, "cache": {"type": "redis"}},
        }
    )
    world.rack.promote(APP, release)
    world.run(2)

    start = next(action for action in world.actions if isinstance(action, StartProcess))
    assert "postgres://u:p@h/d" == start.env["MAIN"] == start.env["DB_URL"]
    assert "SESSIONS" not in start.env
    rows = world.rack.resources(APP)
    assert [("db", "postgres", "postgres://u:p@h/d"), ("cache", "redis", "")] == [(r.name, r.type, r.url) for r in rows]
    assert "u:p" not in repr(rows)


def test_secrets_stay_out_of_a_start_actions_repr(world: World) -> None:
    """An action may be logged; the env in it may not."""
    world.ships(env="TOKEN=hunter2")
    world.run(2)

    assert "hunter2" not in repr(world.actions)
    assert "hunter2" not in repr(world.rack.releases(APP))


def test_answers_for_a_process_that_is_gone_are_ignored(world: World) -> None:
    """A driver may be late."""
    world.serves()

    world.rack.started(APP, "web-gone")
    world.rack.probed(APP, "web-gone", ok=True)
    world.rack.exited("nope", "web-gone", 1)

    assert ["running"] == world.rows()


def test_restart_rolls_to_fresh_replicas_of_the_same_release(world: World) -> None:
    """The status does not move (2.9)."""
    release = world.serves(scale=2)
    before = {row.id for row in world.rack.processes(APP, service="web")}

    world.rack.restart(APP)
    assert "running" == world.status
    world.run(20)

    rows = world.rack.processes(APP, service="web")
    assert [release, release] == [row.release for row in rows]
    assert not before & {row.id for row in rows}
