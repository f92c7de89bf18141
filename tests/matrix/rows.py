"""
The matrix: fifty faults, nine steps, and what must come of each.

The faults are those of faults 3.6. Where a decision rule of design 2.1 to 2.7 differs from its table, the rule wins,
and the cell's note says so.
"""

from __future__ import annotations

from dataclasses import replace

from tests.matrix.cells import Row, Step
from tests.matrix.rows_cli import CLI_ROWS
from tests.matrix.rows_health import ANSWERED, HEALTH_ROWS
from tests.matrix.rows_ourselves import OWN_ROWS
from tests.matrix.rows_world import WORLD_ROWS


def _with_health(row: Row) -> Row:
    """The CLI's rows have the same fault of a health address in the one column that is not the CLI's."""
    return replace(row, cells={**row.cells, Step.HLT: ANSWERED[row.fault]}) if row.fault in ANSWERED else row


# Faults of the CLI after which a write may have taken effect.
LOST_REPLIES = tuple(row.fault for row in CLI_ROWS if row.cells[Step.RBK].mends)


def _with_cancel(row: Row) -> Row:
    """A way back is a copy that is promoted, as in the cell, or a cancel."""
    if row.fault not in LOST_REPLIES:
        return row
    test = f"tests/matrix/test_cells.py::test_cancel_without_a_reply[{row.fault}-RBK]"
    return replace(row, cells={**row.cells, Step.RBK: replace(row.cells[Step.RBK], test=test)})


_ALL = (*CLI_ROWS, *HEALTH_ROWS, *WORLD_ROWS, *OWN_ROWS)
ROWS = tuple(_with_cancel(_with_health(row)) for row in sorted(_ALL, key=lambda row: int(row.fault[1:])))
