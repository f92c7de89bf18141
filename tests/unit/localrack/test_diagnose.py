"""What `deploy-debug` is told (convox-facts 2.10; recorded: rack-2-deploy-debug-crash)."""

from __future__ import annotations

from typing import Any

from deployer.localrack.diagnose import CRASHING, Asked, diagnose
from deployer.localrack.logs import Line
from tests.unit.rackmodel.world import Behaviour, World, a_world, crashes


def report(world: World, *lines: Line, asked: Asked | None = None) -> dict[str, Any]:
    (app,) = world.rack.held()
    return diagnose(app, "lab", world.rack.now_s, world.rack.physics, lines, asked or Asked())


def a_crash() -> tuple[World, str]:
    world = a_world()
    world.serves(scale=2)
    world.behaves = crashes(lambda: broken)
    broken = world.builds(scale=2)
    world.rack.promote("myapi", broken)
    world.run_until(lambda: world.rows(broken) == ["crashed", "crashed"])
    return world, broken


def test_a_healthy_app_has_new_processes_and_nothing_to_say() -> None:
    """As recorded: no events, no hints."""
    world = a_world()
    world.serves(scale=2)

    told = report(world)

    assert ("lab-myapi", "lab", "myapi") == (told["namespace"], told["rack"], told["app"])
    assert {"total": 2, "unhealthy": 0, "notReady": 0, "new": 2, "healthy": 0} == told["summary"]
    web = {"name": "web", "desiredReplicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "status": "running"}
    assert {"services": [web]} == told["overview"]
    assert ["1/1", "1/1"] == [pod["ready"] for pod in told["pods"]]


def test_processes_that_are_well_are_shown_only_when_asked_for() -> None:
    """From five minutes on they are no longer new."""
    world = a_world()
    world.serves(scale=2)
    world.run(301)

    assert [] == report(world)["pods"]
    assert ["healthy", "healthy"] == [p["classification"] for p in report(world, asked=Asked(everything=True))["pods"]]


def test_a_crash_loop_is_named_with_its_last_words() -> None:
    """Detail, hint, restarts, and the log of the run that ended."""
    world, broken = a_crash()
    crashed = world.rack.processes("myapi", release=broken)[0].id
    said = Line(world.rack.now_s, "service/web", "DATABASE_URL is missing", "web", crashed)

    told = report(world, said)

    pod = next(pod for pod in told["pods"] if pod["name"] == crashed)
    assert ("CrashLoopBackOff", CRASHING, "0/1") == (pod["stateDetail"], pod["hint"], pod["ready"])
    assert "DATABASE_URL is missing\n" == pod["logs"] == pod["previousLogs"]
    assert pod["restarts"] >= 1
    assert "BackOff" in [event["reason"] for event in told["overview"]["events"]]
    (web,) = told["overview"]["services"]
    assert ("deploying", 2) == (web["status"], web["updatedReplicas"])


def test_what_was_not_asked_for_is_left_out() -> None:
    """Checks, services, events, previous logs, lines."""
    world, broken = a_crash()
    crashed = world.rack.processes("myapi", release=broken)[0].id
    said = [Line(world.rack.now_s, "service/web", text, "web", crashed) for text in ("one", "two")]

    bare = report(world, *said, asked=Asked(events=False, previous=False, lines=1))
    pod = next(pod for pod in bare["pods"] if pod["name"] == crashed)

    assert "two\n" == pod["logs"]
    assert not {"events", "previousLogs"} & pod.keys()
    assert "events" not in bare["overview"]
    assert "overview" not in report(world, asked=Asked(checks=frozenset({"services"})))
    assert 0 == report(world, asked=Asked(services=frozenset({"worker"})))["summary"]["total"]


def test_a_rollout_that_stands_still_for_long_is_stalled() -> None:
    """Kubernetes' ten minutes; a process that never gets ready is unhealthy by then, and says which probe failed."""
    world = a_world()
    world.behaves = lambda _: Behaviour(ready_after_s=1e9)
    world.ships()
    world.run(620)

    told = report(world)

    assert ["ProgressDeadlineExceeded"] == [service["stallReason"] for service in told["overview"]["services"]]
    (pod,) = told["pods"]
    assert ("unhealthy", "Running") == (pod["classification"], pod["phase"])
    assert ["Readiness probe failed: GET /"] == [event["message"] for event in pod["events"]]


def test_a_service_scaled_to_nothing_says_so() -> None:
    """And is not called stalled."""
    world = a_world()
    world.serves(scale=2)
    world.rack.scale("myapi", "web", 0)
    world.run(60)

    assert ["scaled-down"] == [service["status"] for service in report(world)["overview"]["services"]]
