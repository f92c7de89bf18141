from __future__ import annotations

import json
import random

from deployer.testing.clock import ManualClock
from deployer.testing.simulation.faulty import FaultyRack, Trail
from deployer.testing.simulation.seat import APP
from deployer.testing.simulation.weather import Fault, Kind, Weather
from deployer.testing.world import SimulatedWorld


def test_a_stale_process_list_is_that_of_some_seconds_ago() -> None:
    """What has begun since then is not in it, and what has ended still is."""
    clock = ManualClock()
    world = SimulatedWorld(clock)
    world.model.create_app(APP)
    build = world.model.create_build(APP)
    services = {"api": {"build": ".", "command": "good", "scale": {"count": 1}}}
    release = world.model.complete_build(APP, build.id, json.dumps({"services": services})).id
    rack = FaultyRack(world, APP, clock)
    rack.trail = Trail(world, APP, clock, lag_s=4.0)
    rack.weather = Weather(clock, (Fault(Kind.PS_STALE, 0.0, 1000.0),), random.Random(0))
    clock.advance(10.0)
    world.model.promote(APP, release)

    clock.advance(2.0)
    before = [str(row.id) for row in rack.processes()]
    clock.advance(10.0)
    after = [str(row.id) for row in rack.processes()]

    assert [] == before
    assert [str(row.id) for row in world.model.processes(APP)] == after
