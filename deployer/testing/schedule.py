"""
One seed, one world: what is shipped, how the rack behaves, what goes wrong, and what others do meanwhile.

Swarm testing: each seed enables a random subset of the faults, so that rare pairs meet (faults 5.3). What the model
only assumes of a rack (lags, graces) is swept, not fixed.
"""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass, replace
from enum import Enum

from deployer.rackmodel import Physics
from deployer.testing.faults import Fault, Kind
from deployer.testing.programs import Program


class Act(Enum):
    """What somebody else does to the app."""

    PROMOTE = "promotes a release of theirs"
    ENV = "sets env, not promoted"
    SCALE = "scales the service"
    CANCEL = "cancels the rollout"
    RACK_ERROR = "the rack's own check fails, and it goes back"
    STOP = "stops a process (node churn)"
    RUN = "leaves a console open"


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that a run needs to be the same again. Seconds since the ship began."""

    seed: int
    program: str
    before: str | None
    physics: Physics
    faults: tuple[Fault, ...]
    acts: tuple[tuple[float, Act], ...]
    signal: tuple[float, int] | None
    soak_s: float
    minimum: int
    count: int


PROGRAMS: dict[str, Program] = {
    "good": Program(),
    "slow": Program(ready_after_s=45.0),
    "stumbles": Program(exits_after_s=1.0, exits_on=2),
    "console": Program(),
    "crashes": Program(ready_after_s=60.0, exits_after_s=1.0, last_words="fatal"),
    "crashes-late": Program(exits_after_s=20.0),
    "never-ready": Program(ready_after_s=1e9),
    "errors": Program(fails_from_s=8.0),
    "errors-at-once": Program(health_code=500),
    "lies": Program(says_release="ROTHERCODE"),
    "anonymous": Program(names_process=False),
    "half-mute": Program(is_half_mute=True),
    "turned-bad": Program(fails_from_s=100.0),
}
GOOD = frozenset({"good", "slow", "stumbles", "anonymous"})
_SHARES = {"good": 45, "slow": 8, "stumbles": 5, "anonymous": 5, "console": 0, "turned-bad": 0}


def draw(seed: int) -> Schedule:
    """The world of a seed."""
    dice = random.Random(seed)  # noqa: S311 - not a secret
    names = list(PROGRAMS)
    weights = [_SHARES.get(name, 6) for name in names]
    program, physics = dice.choices(names, weights)[0], _physics(dice)
    if program == "stumbles":
        physics = replace(physics, backoff_first_s=1.0)  # so short that no two looks see it crashed
    enabled = [kind for kind in Kind if dice.random() < 0.25] if dice.random() < 0.8 else []
    return Schedule(
        seed,
        program=program,
        before=dice.choices(["good", "anonymous", "turned-bad", None], [78, 5, 7, 10])[0],
        physics=physics,
        faults=tuple(_fault(kind, dice) for kind in enabled for _ in range(dice.choice([1, 1, 2]))),
        acts=tuple(sorted(_acts(dice), key=lambda each: each[0])),
        signal=_signal(dice),
        soak_s=dice.choice([0.0, 5.0, 15.0, 30.0, 60.0]),
        minimum=dice.choice([50, 50, 100]),
        count=dice.choice([1, 2, 2, 3, 4]),
    )


def _physics(dice: random.Random) -> Physics:
    return Physics(
        resync_s=dice.choice([2.0, 10.0, 30.0, 60.0]),
        resync_phase_s=dice.uniform(0, 30),
        mirror_lag_s=dice.choice([0.0, 0.2, 2.0, 10.0, 60.0]) * dice.random(),
        rollback_linger_s=dice.choice([0.0, 12.0, 33.0]),
        early_running=dice.random() < 0.3,
        schedule_s=dice.choice([0.5, 2.0, 20.0]),
        backoff_first_s=dice.choice([1.0, 10.0]),
    )


def _fault(kind: Kind, dice: random.Random) -> Fault:
    from_s = dice.uniform(0, 90)
    lasts_s = dice.choice([5.0, 20.0, 60.0, 300.0, 1e6])
    return Fault(kind, from_s, from_s + lasts_s, dice.choice([0.05, 0.3, 1.0]))


def _acts(dice: random.Random) -> list[tuple[float, Act]]:
    rates = {
        Act.PROMOTE: 0.05,
        Act.ENV: 0.1,
        Act.SCALE: 0.1,
        Act.CANCEL: 0.02,
        Act.RACK_ERROR: 0.05,
        Act.STOP: 0.1,
        Act.RUN: 0.1,
    }
    return [(dice.uniform(0, 90), act) for act, rate in rates.items() if dice.random() < rate]


def _signal(dice: random.Random) -> tuple[float, int] | None:
    if dice.random() > 0.05:
        return None
    return dice.uniform(0, 90), dice.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
