"""A promote from start to end: what the status, the release and the rows show on the way (convox-facts 3.4, 10)."""

from __future__ import annotations

import doctest

import pytest

import deployer.rackmodel
from deployer.rackmodel import AtomState, Logged, Physics, Refused, StartProcess
from tests.unit.rackmodel.world import APP, Behaviour, World, a_world, crashes


def test_the_example_in_the_docstring_works() -> None:
    """What the package's docstring shows is what happens."""
    results = doctest.testmod(deployer.rackmodel)

    assert results.attempted > 0
    assert 0 == results.failed


def test_release_flips_when_the_promote_starts() -> None:
    """The active release is the new one while nothing of it runs yet (facts 0.1)."""
    world = a_world()
    world.serves(scale=2)

    new = world.ships(scale=2)
    world.run(0.4)

    assert "updating" == world.status
    assert new == world.active
    assert ["pending", "pending"] == world.rows(new)


def test_a_good_promote_replaces_every_replica() -> None:
    """At the end all replicas are of the new release and the old ones are gone."""
    world = a_world()
    old = world.serves(scale=2)

    new = world.serves(scale=2)
    world.run(1)

    assert ["running", "running"] == world.rows(new)
    assert [] == world.rows(old)


def test_defaults_take_one_of_two_old_replicas_at_once() -> None:
    """With 50/200 and two replicas, two come and one goes in the first instant (10, promote-env-only)."""
    world = a_world()
    old = world.serves(scale=2)

    new = world.ships(scale=2)

    rows = world.rack.processes(APP, service="web")
    assert 2 == len([row for row in rows if row.release == new])
    assert 1 == len([row for row in rows if row.release == old and row.terminating])


def test_terminating_processes_go_on_reading_running() -> None:
    """Nothing in `ps` tells an old process that is on its way out (3.3)."""
    world = a_world()
    world.behaves = lambda _: Behaviour(stops_in_s=25)
    old = world.serves(scale=2)

    new = world.ships(scale=2)
    world.run_until(lambda: world.status == "running" and world.active == new)

    assert ["running", "running"] == world.rows(old)


def test_running_waits_for_a_resync_tick() -> None:
    """The replicas are done in seconds, the status up to half a minute later (10)."""
    world = a_world(Physics(resync_s=30, resync_phase_s=29))
    world.ships(scale=1)

    world.run(10)
    assert ["running"] == world.rows()
    assert "updating" == world.status

    world.run(20)
    assert "running" == world.status


def test_promoting_the_active_release_changes_no_process() -> None:
    """The pod template is the same, so nothing restarts and the first look says Running (3.4)."""
    world = a_world()
    release = world.serves(scale=2)
    before = {row.id for row in world.rack.processes(APP, service="web")}

    world.rack.promote(APP, release)
    world.run(2)

    assert "running" == world.status
    assert before == {row.id for row in world.rack.processes(APP, service="web")}


def test_early_running_comes_before_any_new_process() -> None:
    """The first look may see the conditions of the rollout before (3.4)."""
    world = a_world(Physics(resync_s=30, early_running=True))
    world.serves(scale=2)

    world.ships(scale=2)
    world.run(1.3)

    assert "running" == world.status
    assert "running" not in world.rows(world.active)


def test_a_crash_loop_keeps_updating_until_the_deadline_and_then_reverts() -> None:
    """Nothing but the deadline of 3000 s ends a crash loop, and the end reads `running` with the old release."""
    world = a_world()
    old = world.serves(scale=2)
    bad = "?"
    world.behaves = crashes(lambda: bad)
    bad = world.ships(scale=2)

    world.run(2900)
    assert ("updating", bad) == (world.status, world.active)

    world.run_until(lambda: world.status == "rollback")
    world.run(1)
    assert ("rollback", old) == (world.status, world.active)

    world.run_until(lambda: world.status == "running")
    assert old == world.active
    assert AtomState.REVERTED is world.rack.truth(APP).state


def test_the_deadline_may_come_with_the_promote() -> None:
    """The API's `timeout` replaces the 3000 s (3.4)."""
    world = a_world()
    old = world.serves()
    bad = world.builds()
    world.behaves = crashes(lambda: bad)

    world.rack.promote(APP, bad, timeout_s=20)
    world.run(30)

    assert old == world.active


def test_cancel_brings_the_old_replicas_back() -> None:
    """A cancel reverts within a second, and `rollback` stays until the next look (10)."""
    world = a_world(Physics(resync_s=30, resync_phase_s=2))
    old = world.serves(scale=2)
    bad = world.builds(scale=2)
    world.behaves = crashes(lambda: bad)
    world.rack.promote(APP, bad)
    world.run(5)

    world.rack.cancel(APP)
    world.run(10)
    assert ("rollback", old) == (world.status, world.active)
    assert ["running", "running"] == world.rows(old)
    assert [] == world.rows(bad)

    world.run(30)
    assert "running" == world.status


def test_a_lingering_rollback_is_a_knob() -> None:
    """A rack may go on saying `rollback` although its looks succeed (10)."""
    world = a_world(Physics(resync_s=2, rollback_linger_s=40))
    world.serves()
    world.ships()
    world.run(1.5)

    world.rack.cancel(APP)
    world.run(35)
    assert "rollback" == world.status

    world.run(10)
    assert "running" == world.status


def test_cancel_is_refused_while_the_atom_is_pending() -> None:
    """Mirrored `updating`, but the atom has not come so far: 500 (2.8)."""
    world = a_world()
    world.ships()
    world.run(0.5)

    with pytest.raises(Refused, match=r"^not currently updating$") as refused:
        world.rack.cancel(APP)

    assert 500 == refused.value.status


def test_a_first_deploy_that_fails_leaves_no_release() -> None:
    """The version before the first is the empty app: services go, the release is "" (3.4)."""
    world = a_world()
    world.behaves = lambda _: Behaviour(exits_after_s=0.2)
    world.ships()
    world.run(3)

    world.rack.cancel(APP)
    world.run(20)
    assert ("rollback", "") == (world.status, world.active)
    assert [] == world.rows()

    world.run(100)
    assert "running" == world.status
    assert AtomState.FAILURE is world.rack.truth(APP).state


def test_a_revert_that_fails_still_reads_running() -> None:
    """A second failure has nowhere to go, and `running` is all that is seen of it (3.4)."""
    world = a_world()
    old = world.serves()
    world.behaves = lambda _: Behaviour(exits_after_s=0.2)
    for row in world.rack.processes(APP, service="web"):
        world.rack.stop_process(APP, row.id)
    world.ships()
    world.run(3)

    world.rack.cancel(APP)
    world.run_until(lambda: world.status == "running")

    assert old == world.active
    assert AtomState.FAILURE is world.rack.truth(APP).state
    assert "running" not in world.rows()


def test_an_error_while_checking_reverts() -> None:
    """Any error of the controller's look, even a transient one, rolls back (3.4)."""
    world = a_world()
    old = world.serves()
    world.behaves = lambda _: Behaviour(ready_after_s=60)
    world.ships()
    world.run(1.5)

    world.rack.fail_next_check(APP)
    world.run(10)

    assert old == world.active
    assert "running" == world.status


def test_an_env_key_kubernetes_refuses_reverts_at_once() -> None:
    """`export X` is taken by `env set` and blows up at promote (3.7)."""
    world = a_world()
    old = world.serves()

    world.ships(env="export X=1")
    world.run(10)

    assert ("running", old) == (world.status, world.active)


def test_a_forced_promote_poisons_the_previous_version() -> None:
    """What reverts a forced promote is the unproven version it overtook (3.4)."""
    world = a_world()
    world.serves()
    bad, worse = world.builds(), world.builds()
    world.behaves = lambda start: Behaviour(exits_after_s=0.2 if start.release in (bad, worse) else None)
    world.rack.promote(APP, bad)
    world.run(3)
    world.rack.promote(APP, worse, force=True)
    world.run(3)

    world.rack.cancel(APP)
    world.run(3)

    assert bad == world.active


def test_the_count_that_runs_survives_a_promote() -> None:
    """`count` in convox.yml counts for the first deploy only (3.8)."""
    world = a_world()
    world.serves(scale=2)
    world.rack.scale(APP, "web", 3)
    world.run(10)

    world.serves(scale=2)
    world.run(1)

    assert 3 == len(world.rows(world.active))
    assert 3 == world.rack.services(APP)[0].count


def test_a_changed_range_reaches_the_count() -> None:
    """`a-b` is the autoscaler's, and the running count is brought inside (3.8)."""
    world = a_world()
    world.serves(scale=1)

    world.serves(scale={"count": "2-4"})
    world.run(1)

    row = world.rack.services(APP)[0]
    assert (2, 2, 4) == (row.count, row.minimum, row.maximum)
    assert ["running", "running"] == world.rows(world.active)


def test_a_service_that_left_the_manifest_is_removed() -> None:
    """`kubectl apply --prune` takes its replicas with it (3.4)."""
    world = a_world()
    world.serves()
    build = world.rack.create_build(APP)
    release = world.rack.complete_build(APP, build.id, '{"services": {"worker": {"command": "work"}}}')

    world.rack.promote(APP, release.id)
    world.run(10)

    assert ["worker"] == [row.service for row in world.rack.processes(APP)]


def test_the_log_tells_the_rollout_as_the_rack_does() -> None:
    """The lines that `promote` prints: atom states, replica sets, pods (recorded: promote-env-only)."""
    world = a_world()
    world.serves(scale=1)

    lines = [f"{line.source} {line.text}" for line in world.actions if isinstance(line, Logged)]

    assert "system/k8s/atom/app Status: Running => Pending" == lines[0]
    assert "system/k8s/atom/app Status: Updating => Running" == lines[-1]
    assert any(line.startswith("system/k8s/web Scaled up replica set web-") for line in lines)
    assert any(" Created pod: web-" in line for line in lines)


def test_an_old_process_that_restarts_mid_rollout_gets_the_new_env() -> None:
    """The Secret has a fixed name: old code comes up and reports the new release (0.7, 10.1)."""
    world = a_world()
    old = world.serves(scale=2, deployment={"minimum": 100}, env="A=old")
    new = world.builds(scale=2, deployment={"minimum": 100})
    world.behaves = lambda start: Behaviour(ready_after_s=1000 if start.release == new else 0)
    world.rack.promote(APP, new)
    world.run(3)
    victim = next(row for row in world.rack.processes(APP, service="web", release=old))

    world.rack.exited(APP, victim.id, 137)
    world.run(1)

    start = [a for a in world.actions if isinstance(a, StartProcess) and a.process == victim.id][-1]
    assert old == start.release
    assert new == start.env["RELEASE"]
    assert old == world.rack.process(APP, victim.id).release


def test_after_a_cancel_a_restarted_old_process_keeps_the_failed_release() -> None:
    """Nothing restarts it, so half of `/health` says failed; `ps stop` heals it (10.1)."""
    world = a_world()
    old = world.serves(scale=2, deployment={"minimum": 100})
    bad = world.builds(scale=2, deployment={"minimum": 100})
    world.behaves = lambda start: Behaviour(ready_after_s=1000 if start.release == bad else 0)
    world.rack.promote(APP, bad)
    world.run(3)
    victim = next(row for row in world.rack.processes(APP, service="web", release=old))
    world.rack.exited(APP, victim.id, 137)
    world.run(1)

    world.rack.cancel(APP)
    world.run(120)
    assert ("running", old, ["running", "running"]) == (world.status, world.active, world.rows(old))
    assert bad == last_start(world, victim.id).env["RELEASE"]

    world.rack.stop_process(APP, victim.id)
    world.run(10)
    assert victim.id not in {row.id for row in world.rack.processes(APP)}
    assert {old} == {last_start(world, row.id).env["RELEASE"] for row in world.rack.processes(APP, service="web")}


def last_start(world: World, process: str) -> StartProcess:
    return [action for action in world.actions if isinstance(action, StartProcess) and action.process == process][-1]
