"""What a cell of the fault matrix is: a fault, the step it meets, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from deployer.core.verdict import Verdict

LASTS_S = 60.0
DEAD = "–"


class Step(Enum):
    """The columns. Each begins with an event of the run; `stage.step_of` says which."""

    PRE = "preflight"
    ENV = "env set"
    BLD = "build"
    PRO = "promote"
    PS = "watching the process list"
    HLT = "watching the health answers"
    SOK = "soak"
    RBK = "going back"
    NTF = "report: ledger, sinks, renderers, step summary"


class Serves(Enum):
    """What answers users once all has settled."""

    OLD = "what served before, untouched"
    COPY = "a copy of what served before"
    NEW = "the new release"
    THEIRS = "what somebody else promoted"
    NOTHING = "nothing"


SHIP = ("env set", "build", "promote")
BACK = ("copy", "promote copy")
# What was tried before a step, if the run ends there with nothing changed.
_UNTIL = {Step.PRE: (), Step.ENV: SHIP[:1], Step.BLD: SHIP[:2]}
_LEAVES = {20: Serves.COPY, 21: Serves.OLD, 30: Serves.NOTHING, 31: Serves.NOTHING, 40: Serves.THEIRS}


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What `says` lists stands in what the plain renderer tells. What serves, and `writes`, all that were tried in order,
    follow from verdict and step where they are not given.
    """

    verdict: Verdict
    says: tuple[str, ...]
    serves: Serves | None = None
    writes: tuple[str, ...] | None = None

    @property
    def is_untouched(self) -> bool:
        return 10 <= self.verdict.status < 20 or self.verdict.status >= 70

    @property
    def leaves(self) -> Serves:
        usual = Serves.OLD if self.is_untouched else Serves.NEW
        return self.serves or _LEAVES.get(self.verdict.status, usual)

    def writes_at(self, step: Step) -> tuple[str, ...]:
        if self.writes is not None:
            return self.writes
        if self.is_untouched:
            return _UNTIL.get(step, SHIP)
        return (*SHIP, *BACK) if self.verdict is Verdict.ROLLED_BACK else SHIP


@dataclass(frozen=True, slots=True)
class Cell:
    """
    What must come of a fault at a step.

    `stays` is the end when the fault lasts, or the write had no effect; `mends` the end when it is over after
    `lasts_s`, or the effect is there and only its reply is lost. `restarts_soak`: then a whole soak follows. `test` is
    the node that proves the cell where it is not one of test_cells.py, and `shows` the statuses that it ends with.
    `note` says why the cell is not as faults 3.6 has it.
    """

    stays: Outcome | None = None
    mends: Outcome | None = None
    lasts_s: float = LASTS_S
    restarts_soak: bool = False
    test: str = ""
    shows: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A fault. `codes` are those of faults 3.6, one for each step, `–` where the fault cannot meet it."""

    fault: str
    name: str
    codes: tuple[str, ...]
    cells: Mapping[Step, Cell]

    def code(self, step: Step) -> str:
        return self.codes[list(Step).index(step)]

    @property
    def live(self) -> tuple[Step, ...]:
        return tuple(step for step in Step if self.code(step) != DEAD)
