"""Where one process of ours sits: its own way to the rack and the service, in the weather that all are in."""

from __future__ import annotations

from dataclasses import dataclass, field

from deployer.core.names import AppName, ShipId
from deployer.engine.ports import CommandEnd
from deployer.testing.clock import ManualClock
from deployer.testing.simulation.faulty import FaultyProbe, FaultyRack
from deployer.testing.simulation.schedule import Schedule
from deployer.testing.simulation.shift import Shift
from deployer.testing.simulation.weather import Weather
from deployer.testing.world import SimulatedWorld

APP = AppName("demo")


@dataclass
class Seat:
    """
    `schedule` is what is asked for there; `built` the release that it is about, where one exists already. `strays` are
    the promotes that nobody waited for any more.
    """

    schedule: Schedule
    ship: ShipId
    clock: ManualClock | Shift
    world: SimulatedWorld
    weather: Weather
    built: str | None = None
    strays: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        schedule = self.schedule
        self.rack = FaultyRack(self.world, APP, self.clock, build_s=schedule.build_s)
        self.rack.convox_yml = lambda program: schedule.layout.manifest(program, schedule.companion)
        self.rack.command_end = CommandEnd(schedule.wishes.command_ends or 0)
        self.rack.weather = self.weather
        self.probe = FaultyProbe(self.world, APP, self.clock)
        self.probe.weather = self.weather
