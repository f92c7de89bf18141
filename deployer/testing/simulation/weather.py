"""
What goes wrong and when: a fault is a window of time, and in it the share of chances that it takes.

The rows are those of faults 3.6. Not here, since they are below the engine's ports or beside them, and tested with real
children and files in tests/matrix: F4 (no CLI), F19 (stdin), F20 (a closed pipe), F21 (a full disk), F47 (a notifier),
F50 (an odd home). F18, F22 to F30, F32, F34 to F37, F46 and F49 are the world's doing: `schedule.Act` and its programs.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from deployer.testing.clock import ManualClock


class Kind(Enum):
    """What can go wrong, and the rows of the fault matrix that come to that at the engine's ports (faults 3.6)."""

    READ_FAILS = "F1 F5 F11 F12 F14 F15 F16 F17 a read fails or cannot be understood"
    READ_HANGS = "F2 F13 a read takes its whole deadline and says nothing"
    READ_CRASHES = "F3 the CLI is killed under a read"
    READ_DENIED = "F7 F8 the credential expires"
    READ_MISSES = "F9 a read says not found, and the next one finds it"
    EMPTY_PS = "F33 the process list is empty"
    PS_STALE = "C20 the process list is that of some seconds ago, as a mirror that lags has it"
    RACK_DOWN = "F31 the rack answers nobody, reads and writes"
    PROBE_DEAF = "F13 F16 F17 F42 F44 F45 no health answer, or none that may be looked at"
    PROBE_CACHED = "F38 a cache answers for the service"
    PROBE_NO_RELEASE = "F39 F43 an answer without the release"
    PROBE_STALE = "F38 the balancer still sends some requests to nobody's release"
    PROBE_5XX = "F40 F41 some answers are 503"
    WRITE_FAILS = "F1 F6 F11 F12 a write fails before its effect"
    WRITE_REFUSED = "F8 F10 a write is refused"
    REPLY_LOST = "F2 F3 F14 F15 a write takes effect and its reply is lost"
    PROMOTE_SILENT = "F2 the promote is sent and nothing is printed"
    PROMOTE_LOST = "F6 the promote says OK and has no effect"
    PROMOTE_WAITS = "F32 the CLI waits for the app to be ready, and would promote a minute later"
    BUG = "F48 an exception of ours"

    __hash__ = object.__hash__  # that of Enum is Python code, and the weather is asked for often


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong from one second to another; of all chances, in a `share`."""

    kind: Kind
    from_s: float
    until_s: float
    share: float = 1.0


@dataclass(slots=True)
class Weather:
    """Which faults are on now. `fired` counts those that met somebody."""

    clock: ManualClock
    faults: Sequence[Fault]
    dice: random.Random
    fired: Counter[Kind] = field(default_factory=Counter)
    of_kind: dict[Kind, list[Fault]] = field(init=False)

    def __post_init__(self) -> None:
        self.put(self.faults)

    def put(self, faults: Sequence[Fault]) -> None:
        """These are the faults from now on."""
        self.of_kind = {}
        self.add(faults)

    def add(self, faults: Sequence[Fault]) -> None:
        """These come on top."""
        for each in faults:
            self.of_kind.setdefault(each.kind, []).append(each)

    def strikes(self, kind: Kind) -> bool:
        of_kind = self.of_kind.get(kind) if self.of_kind else None
        if not of_kind:
            return False
        now_s = self.clock.now_s()
        if not any(each.from_s <= now_s < each.until_s and self.dice.random() < each.share for each in of_kind):
            return False
        self.fired[kind] += 1
        return True
