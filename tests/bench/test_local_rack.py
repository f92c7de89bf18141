"""How long a local rack takes to answer."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from tests.unit.localrack.paper import PaperRack

APPS = [f"app{number}" for number in range(10)]
MANIFEST = "services: {web: {command: serve, port: 8000, scale: 3}}"


async def look_at_all(rack: PaperRack) -> int:
    """What `convox ps` asks of each app; how many rows it shows."""
    rows = 0
    for app in APPS:
        rows += len((await rack.ask("GET", f"/apps/{app}/processes")).json())
        await rack.ask("GET", f"/apps/{app}/budget")
    return rows


async def best_of_five_s(home: Path) -> float:
    rack = PaperRack(home, random.Random(1))
    for app in APPS:
        await rack.ask("POST", "/apps", {"name": app})
        release = (await rack.build(app, MANIFEST)).json()["release"]
        await rack.ask("POST", f"/apps/{app}/releases/{release}/promote")
    await rack.wait(60)

    took_s = []
    for _ in range(5):
        start_s = time.perf_counter()
        assert 3 * len(APPS) == await look_at_all(rack)
        took_s.append(time.perf_counter() - start_s)
    await rack.machine.stop(0)
    return min(took_s)


def test_ps_of_ten_apps_with_three_processes_each_takes_less_than_50_ms(tmp_path: Path) -> None:
    """All that the rack itself does for it, its routes and JSON included."""
    assert asyncio.run(best_of_five_s(tmp_path)) < 0.05
