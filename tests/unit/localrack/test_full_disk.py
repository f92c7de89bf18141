"""A rack whose state cannot be written for a while: nothing is acknowledged, nothing it knows is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.localrack.files import read_json
from tests.unit.localrack.paper import PaperRack

MANIFEST = "services: {worker: {command: work}}"


@contextmanager
def full(rack: PaperRack) -> Iterator[None]:
    """Something is in the way of the file that is written first."""
    in_the_way = rack.machine.home.root / "state.json.new"
    in_the_way.mkdir()
    yield
    in_the_way.rmdir()


def test_only_the_first_change_that_is_refused_is_made(tmp_path: Path) -> None:
    """The rack finds out by trying; from then on it tries before it changes anything."""

    async def play() -> tuple[list[int], list[str]]:
        rack = PaperRack(tmp_path, random.Random(1))
        with full(rack):
            refused = [(await rack.ask("POST", "/apps", {"name": name})).status for name in ("one", "two", "three")]
        taken = await rack.ask("POST", "/apps", {"name": "four"})
        await rack.machine.stop(0)
        return [*refused, taken.status], [app["name"] for app in read_json(rack.machine.home.state_file)["apps"]]

    assert ([500, 500, 500, 200], ["one", "four"]) == asyncio.run(play())


def test_what_happened_meanwhile_is_kept_when_the_disk_lets_us(tmp_path: Path) -> None:
    """A rollout goes on while nothing can be written, and is on disk without another call."""

    async def play() -> str:
        rack = PaperRack(tmp_path, random.Random(1))
        await rack.ask("POST", "/apps", {"name": "one"})
        release = (await rack.build("one", MANIFEST)).json()["release"]
        await rack.ask("POST", f"/apps/one/releases/{release}/promote")
        with full(rack):
            await rack.wait(60)
            assert "running" == (await rack.ask("GET", "/apps/one")).json()["status"]
        await rack.wait(1)
        await rack.machine.stop(0)
        return str(read_json(rack.machine.home.state_file)["apps"][0]["atom"]["state"])

    assert "Running" == asyncio.run(play())


def test_a_build_whose_end_is_not_acknowledged_keeps_its_source(tmp_path: Path) -> None:
    """It is complete, and its release can be promoted once the disk has room again."""

    async def play() -> tuple[str, bool]:
        rack = PaperRack(tmp_path, random.Random(1))
        await rack.ask("POST", "/apps", {"name": "one"})
        rack.machine.pump()
        ended = await rack.build("one", MANIFEST, before_the_end=lambda: full(rack))
        await rack.machine.stop(0)
        return ended.json()["status"], rack.machine.images.source(ended.json()["id"]).is_dir()

    assert ("complete", True) == asyncio.run(play())
