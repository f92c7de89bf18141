"""
For tests of deployer, and of what is built on it (docs/testing.md): the engine's ports in virtual time.

`SimulatedRack` runs the rack model with programs that start, crash, answer and lie as told; time passes only where the
engine waits, so a 33-minute rollout takes milliseconds and every run is the same.
"""

from deployer.testing.app import SimulatedApp
from deployer.testing.clock import ManualClock
from deployer.testing.ledger import MemoryLedger
from deployer.testing.probe import SimulatedProbe
from deployer.testing.programs import Program
from deployer.testing.rack import SimulatedRack
from deployer.testing.sink import RecordingSink

__all__ = [
    "ManualClock",
    "MemoryLedger",
    "Program",
    "RecordingSink",
    "SimulatedApp",
    "SimulatedProbe",
    "SimulatedRack",
]
