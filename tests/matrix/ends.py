"""Words to write the rows of the matrix in: how a run ends, and cells that many rows have in common."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.core.verdict import Verdict
from tests.matrix.cells import LASTS_S, SHIP, Cell, Outcome, Row, Serves, Step

PRE, ENV, BLD, PRO, PS, HLT, SOK, RBK, NTF = Step


def ends(verdict: Verdict, says: str | tuple[str, ...], serves: Serves | None = None, *writes: str) -> Outcome:
    return Outcome(verdict, (says,) if isinstance(says, str) else says, serves, writes or None)


def row(fault: str, name: str, codes: str, cells: Mapping[Step, Cell]) -> Row:
    return Row(fault, name, tuple(codes.split()), cells)


# A bad release over a bad baseline stays where it is.
NO_WAY_BACK = "tests/engine/test_ship.py::TestDoomed::test_a_baseline_that_does_not_serve_is_no_way_back"
SHIPPED = ends(Verdict.SHIPPED, "shipped")
WENT_BACK = ends(Verdict.ROLLED_BACK, "new processes of api crash")


def calm(*steps: Step, says: str = "", note: str = "") -> dict[Step, Cell]:
    """A fault that changes no verdict."""
    ship = ends(Verdict.SHIPPED, says) if says else SHIPPED
    back = ends(Verdict.ROLLED_BACK, says) if says else WENT_BACK
    return {step: Cell(back if step is RBK else ship, note=note) for step in steps}


def lost(says: str | tuple[str, ...], serves: Serves | None = None) -> Outcome:
    return ends(Verdict.LOST_SIGHT, says, serves)


def blind(says: str, lasts_s: float = LASTS_S) -> Cell:
    """Nothing can be read: unknown, and nothing is written from ignorance (I6)."""
    return Cell(lost(says), ends(Verdict.SHIPPED, ("shipped", says)), lasts_s)


def no_way_back(says: str, mends: Outcome | None = WENT_BACK) -> Cell:
    return Cell(ends(Verdict.ROLLBACK_UNCONFIRMED, says, None, *SHIP, "copy"), mends)
