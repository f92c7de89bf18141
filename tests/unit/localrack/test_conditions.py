"""What is ordered of an app's surroundings, and what its services are given by hand, over the API."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from deployer.localrack.builder import remarks_on
from deployer.localrack.manifest_yaml import parse_yaml
from deployer.rackmodel.manifest_read import read_manifest
from tests.unit.localrack.paper import PaperRack

MANIFEST = """
services:
  web: {command: serve, port: 8000, scale: {count: 2-8, targets: {cpu: 70}}, resources: [db]}
resources: {db: {type: postgres}, cache: {type: redis}}
"""
Play = Callable[[Callable[[PaperRack], Awaitable[None]]], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a story on a rack whose app `myapi` serves a release."""

    async def on_a_rack(story: Callable[[PaperRack], Awaitable[None]]) -> None:
        rack = PaperRack(tmp_path, random.Random(1))
        await rack.ask("POST", "/apps", {"name": "myapi"})
        await rack.ask("POST", "/apps/myapi/releases", {"env": "DB_URL=postgres://db"})
        await promote(rack)
        await rack.wait(20)
        await story(rack)
        await rack.machine.stop(0)

    return lambda story: asyncio.run(on_a_rack(story))


async def promote(rack: PaperRack) -> int:
    """Build and promote; the status of the answer."""
    release = (await rack.build("myapi", MANIFEST)).json()["release"]
    return (await rack.ask("POST", f"/apps/myapi/releases/{release}/promote")).status


async def order(rack: PaperRack, **order: Any) -> None:
    assert 200 == (await rack.ask("POST", "/_local/faults", json.dumps(order).encode())).status


async def count(rack: PaperRack) -> int:
    return int((await rack.ask("GET", "/apps/myapi/services")).json()[0]["count"])


def test_a_load_scales_a_service_until_it_is_taken_back(play: Play) -> None:
    """Within its range, and another app's load is none of its own."""

    async def story(rack: PaperRack) -> None:
        await order(rack, fault="load=3", app="other")
        await rack.wait(40)
        assert 2 == await count(rack)

        await order(rack, fault="load=20", service="web")
        await rack.wait(60)
        assert 8 == await count(rack)

        await rack.ask("DELETE", "/_local/faults")
        await order(rack, fault="load=3")
        await rack.ask("DELETE", "/_local/faults")
        await rack.wait(900)
        assert 8 == await count(rack)

    play(story)


def test_a_load_meets_a_service_that_comes_later(play: Play) -> None:
    """An order stands, whatever is deployed meanwhile."""

    async def story(rack: PaperRack) -> None:
        await order(rack, fault="load=5")
        await rack.ask("DELETE", "/apps/myapi")
        await rack.wait(40)
        await rack.ask("POST", "/apps", {"name": "myapi"})
        await rack.ask("POST", "/apps/myapi/releases", {"env": "DB_URL=postgres://db"})
        assert 200 == await promote(rack)
        await rack.wait(60)
        assert 5 == await count(rack)

    play(story)


def test_a_budget_that_is_used_up_refuses_a_promote_until_it_is_taken_back(play: Play) -> None:
    """409, and the state that puts `at-cap` behind a status."""

    async def story(rack: PaperRack) -> None:
        await order(rack, fault="at-cap=40", app="myapi")
        budget = (await rack.ask("GET", "/apps/myapi/budget")).json()
        assert 409 == await promote(rack)
        assert (40, "block-new-deploys") == (budget["config"]["monthly-cap-usd"], budget["config"]["at-cap-action"])
        assert (40, True) == (
            budget["state"]["current-month-spend-usd"],
            budget["state"]["circuit-breaker-tripped"],
        )
        # the paper clock begins on the 15th of January 2027
        assert "2027-01-01T00:00:00Z" == budget["state"]["month-start"]

        await rack.ask("DELETE", "/_local/faults/1")
        assert 200 == await promote(rack)
        assert {"config": None, "state": None} == (await rack.ask("GET", "/apps/myapi/budget")).json()

    play(story)


def test_resources_are_listed_with_the_url_of_the_env(play: Play) -> None:
    """One that is somewhere else is `external`; one that nobody runs stays `pending`."""

    async def story(rack: PaperRack) -> None:
        rows = (await rack.ask("GET", "/apps/myapi/resources")).json()
        one = (await rack.ask("GET", "/apps/myapi/resources/db")).json()
        assert {"name": "db", "type": "postgres", "status": "external", "url": "postgres://db"} == one
        assert [one, {"name": "cache", "type": "redis", "status": "pending", "url": ""}] == rows

    play(story)


@pytest.mark.parametrize(
    ("form", "status", "text"),
    [
        ({"count": "4"}, 200, "ok"),
        ({"cpu": "512", "memory": "1024"}, 200, "ok"),
        ({"min": "3", "max": "5"}, 200, "ok"),
        ({"count": "many"}, 500, 'strconv.Atoi: parsing "many": invalid syntax'),
        ({"count": "-1"}, 500, "must be greater than or equal to 0"),
        ({"max": "51"}, 400, "a local rack runs at most 50 replicas of a service"),
        ({"min": "0"}, 400, "cannot set --min 0 on service web"),
    ],
)
def test_what_scale_may_ask_for(play: Play, form: dict[str, str], status: int, text: str) -> None:
    """`PUT services/S`: numbers in reason."""

    async def story(rack: PaperRack) -> None:
        answer = await rack.ask("PUT", "/apps/myapi/services/web", form)
        assert status == answer.status
        assert text in answer.text

    play(story)


def test_cpu_and_memory_are_what_services_says_next(play: Play) -> None:
    """And the replicas are others: the pod template is another."""

    async def story(rack: PaperRack) -> None:
        before = {row.id for row in rack.machine.rack.processes("myapi", service="web")}
        await rack.ask("PUT", "/apps/myapi/services/web", {"cpu": "512", "memory": "1024"})
        await rack.wait(60)
        row = (await rack.ask("GET", "/apps/myapi/services")).json()[0]
        assert (512, 1024) == (row["cpu"], row["memory"])
        assert not before & {row.id for row in rack.machine.rack.processes("myapi", service="web")}

    play(story)


def test_a_build_says_what_a_local_rack_cannot_run() -> None:
    """A resource without a URL, a schedule that Kubernetes refuses; what is well is not spoken of."""
    text = f"{MANIFEST}timers: {{bad: {{schedule: hourly, service: web}}, ok: {{schedule: '0 * * * *', service: web}}}}"
    manifest = read_manifest(text, {}, parse_yaml)

    assert [
        "the redis cache is not run by a local rack: start your own and set CACHE_URL",
        "timer bad: Kubernetes will refuse the schedule 'hourly' at the promote",
    ] == list(remarks_on(manifest, {"DB_URL": "postgres://db"}))
