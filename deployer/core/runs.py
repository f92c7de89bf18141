"""What became of a run, once it is over: a fold of its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deployer.core.events import Ended, Event, Intended, Planned, Started
from deployer.core.names import ReleaseId, ShipId
from deployer.core.summary import PROMOTE
from deployer.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Run:
    """
    One run. `verdict` is `None` where it was cut short or is still at work, `trouble` says why it cannot be read.

    `promoted` is the release that it promoted first, `over` what served before.
    """

    ship: ShipId
    began: datetime | None = None
    command: str = ""
    actor: str = ""
    over: ReleaseId | None = None
    promoted: ReleaseId | None = None
    verdict: Verdict | None = None
    serving: str = ""
    seconds: float = 0.0
    trouble: str = ""


def run_of(ship: ShipId, began: datetime | None, events: Sequence[Event]) -> Run:
    started = next((each for each in events if isinstance(each, Started)), None)
    plan = next((each.plan for each in events if isinstance(each, Planned)), None)
    promotes = (each.release for each in events if isinstance(each, Intended) and each.write == PROMOTE)
    ended = next((each for each in events if isinstance(each, Ended)), None)
    return Run(
        ship,
        began,
        started.command if started else "",
        started.actor if started else "",
        plan.baseline.release if plan and plan.baseline else None,
        next(promotes, None),
        ended.verdict if ended else None,
        ended.serving if ended else "",
        ended.seconds if ended else 0.0,
    )
