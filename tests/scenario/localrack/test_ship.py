"""From an upload to processes that serve, and back again: the whole of a deploy, over raw HTTP."""

from __future__ import annotations

import os
import signal

import httpx
import pytest

from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions
from tests.scenario.localrack.harness import APP, MANIFEST, SOURCE, Driver, Hammer

pytestmark = pytest.mark.rack


def ask(url: str) -> dict[str, str]:
    answer = httpx.get(url, timeout=5, trust_env=False)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


def test_a_first_deploy_serves_with_every_replica(rack: Driver) -> None:
    """Env, build, promote: two processes run, and fresh connections reach both."""
    rack.set_env("LOG_LEVEL=info")
    release = rack.ship()

    rows = rack.rows()
    answers = [ask(rack.front_door) for _ in range(4)]

    assert [("running", release), ("running", release)] == [(row["status"], row["release"]) for row in rows]
    assert {row["id"] for row in rows} == {answer["HOSTNAME"] for answer in answers}
    assert {release} == {answer["RELEASE"] for answer in answers}


def test_a_process_is_told_who_it_is_and_where_to_listen(rack: Driver) -> None:
    """The port of its own stands over what the manifest says."""
    rack.ship({**SOURCE, "convox.yml": f"environment: [PORT=8000]\n{MANIFEST}"})

    answer = ask(rack.front_door)

    assert (APP, "web", "local") == (answer["APP"], answer["SERVICE"], answer["RACK"])
    assert "8000" != answer["PORT"]


def test_a_rolling_update_is_not_noticed_by_a_client(rack: Driver) -> None:
    """A client that hammers with fresh connections sees old, then new, and never an error."""
    old = rack.ship()

    with Hammer(rack.front_door) as hammer:
        new = rack.ship()
        rack.wait_for(lambda: not rack.statuses(old))

    assert [] == hammer.errors
    assert {old, new} == set(hammer.releases)
    assert new == ask(rack.front_door)["RELEASE"]


def test_a_broken_release_is_taken_back_by_a_cancel(rack: Driver) -> None:
    """Its rows read crashed, the old replicas go on serving, a cancel removes it."""
    old = rack.ship()

    with Hammer(rack.front_door) as hammer:
        broken = rack.set_env("BREAK=1")
        rack.promote(broken)
        rack.wait_for(lambda: ["crashed", "crashed"] == rack.statuses(broken))
        assert ("updating", broken) == (rack.status, rack.active)
        assert ["running", "running"] == rack.statuses(old)

        rack.post(f"/apps/{APP}/cancel")
        rack.wait_for(lambda: ("running", old) == (rack.status, rack.active))

    assert [] == rack.statuses(broken)
    assert ["running", "running"] == rack.statuses(old)
    assert [] == hammer.errors
    assert {old} == set(hammer.releases)


def test_a_broken_release_is_taken_back_at_its_deadline_though_the_rack_was_killed_before(
    options: RackOptions,
) -> None:
    """`timeout` in place of the 3000 s: a rack that comes back in between still knows when (3.4)."""
    rack = Driver(lifecycle.up(options))
    old = rack.ship()
    broken = rack.set_env("BREAK=1")
    rack.post(f"/apps/{APP}/releases/{broken}/promote", force="false", timeout="60")
    rack.wait_for(lambda: "crashed" in rack.statuses(broken))

    os.kill(rack.info.pid, signal.SIGKILL)
    back = Driver(lifecycle.up(options))
    assert ("updating", broken) == (back.status, back.active)
    back.wait_for(lambda: ("running", old) == (back.status, back.active))

    # rows that are going still show (3.3)
    back.wait_for(lambda: (["running", "running"], []) == (back.statuses(old), back.statuses(broken)))


def test_why_a_release_broke_is_in_the_log(rack: Driver) -> None:
    """What the process said last can be read by its id, after a cancel too."""
    rack.ship()
    broken = rack.set_env("BREAK=1")
    rack.promote(broken)
    rack.wait_for(lambda: ["crashed", "crashed"] == rack.statuses(broken))
    process = rack.rows(release=broken)[0]["id"]
    rack.post(f"/apps/{APP}/cancel")

    log = (rack.info.home / "logs" / APP / f"{process}.log").read_text()

    assert "BREAK is set: I refuse to start\n" == log.splitlines(keepends=True)[0]


def test_a_stopped_process_is_replaced(rack: Driver) -> None:
    """`ps stop` ends one; another comes under its own name."""
    rack.ship()
    process = rack.rows()[0]["id"]

    assert "ok\n" == rack.http.delete(f"/apps/{APP}/processes/{process}").text
    rack.wait_for(lambda: len(rack.rows()) == 2 and process not in {row["id"] for row in rack.rows()})
    rack.wait_for(lambda: ["running", "running"] == [row["status"] for row in rack.rows()])


def test_without_a_ready_replica_the_front_door_says_503(rack: Driver) -> None:
    """Nobody is ready: an honest answer, and no hanging connection."""
    rack.set_env("BREAK=1")
    rack.promote(rack.build())

    answer = httpx.get(rack.front_door, timeout=5, trust_env=False)

    assert 503 == answer.status_code


def test_scaling_changes_the_replicas_and_not_the_status(rack: Driver) -> None:
    """`scale --count 3` starts one more; a promote keeps three."""
    rack.ship()

    rack.http.put(f"/apps/{APP}/services/web", data={"count": "3"})
    rack.wait_for(lambda: ["running"] * 3 == [row["status"] for row in rack.rows()])
    assert "running" == rack.status
    assert 400 == rack.http.put(f"/apps/{APP}/services/web", data={"count": "1000"}).status_code
    release = rack.ship()

    rack.wait_for(lambda: ["running"] * 3 == [row["status"] for row in rack.rows()])
    assert ["running"] * 3 == rack.statuses(release)


def test_restart_rolls_to_fresh_processes(rack: Driver) -> None:
    """The same release, other processes."""
    release = rack.ship()
    before = {row["id"] for row in rack.rows()}

    rack.post(f"/apps/{APP}/services/web/restart")
    rack.wait_for(lambda: not before & {row["id"] for row in rack.rows()})

    assert {release} == {row["release"] for row in rack.rows()}
