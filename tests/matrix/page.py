"""docs/fault-matrix.md, made from the rows that are tested."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.matrix.cells import DEAD, Cell, Row, Step
from tests.matrix.rows import ROWS

STAYS = "tests/matrix/test_cells.py::test_fault_that_stays"
MENDS = "tests/matrix/test_cells.py::test_fault_that_mends"

HEAD = """# The fault matrix

Fifty things that go wrong, each at nine steps of a run, and what comes of it. Every cell has a test; this page is made
from the data that the tests run on. The steps:

{steps}

**A cell** shows how it is decided and the exit status it ends with ([verdicts](verdicts.md)): first if the fault stays,
or a write had no effect; then, after a stroke, if it passes, or only the reply of a write was lost. An arrow leads to
what `resume` makes of it. `{dead}` cannot occur.

- **=** no effect · **A** stop, nothing changed · **D** decide by reading back · **K** unknown, keep looking
- **V** evidence against the release · **Z** not good: the soak waits, or starts again · **W** say so, carry on
- **S** stop, somebody else is at work · **T** the [way back](way-back.md) · **I** the interrupt path
- Raised numbers are notes: there the rules decide otherwise than the table that they were first drawn up in.

Each test holds the end against the verdict, the words that a person reads, every write that was tried, and what the
rack really serves once all has settled. Faults of the CLI come from a real child process through the real adapter,
those of a health address from a real server through the real probe; the engine is the one of production.

| | fault | {columns} |
|---|---|{rule}|
"""

NOTIFIERS = """
There is no notifier yet. The column NTF is the report that there is: the ledger, the journal, the renderers and
GitHub's step summary. None of them changes a verdict, whatever becomes of it.
"""


def page() -> str:
    notes = list(dict.fromkeys(cell.note for row in ROWS for cell in row.cells.values() if cell.note))
    steps = "\n".join(f"- **{step.name}** {step.value}" for step in Step)
    columns, rule = " | ".join(step.name for step in Step), "|".join("---" for _ in Step)
    lines = [HEAD.format(steps=steps, dead=DEAD, columns=columns, rule=rule).rstrip()]
    lines += [_line(row, notes) for row in ROWS]
    lines += [NOTIFIERS, "## Notes\n", *(f"{n}. {note}" for n, note in enumerate(notes, 1))]
    lines += [
        "\n## Tests\n",
        f"`stays` is `{STAYS}[F1-PRE]` and its like, `mends` `{MENDS}[F1-PS]`.\n",
    ]
    lines += [f"- {row.fault}: {'; '.join(_tests(row))}" for row in ROWS]
    return "\n".join(lines) + "\n"


def nodes() -> Iterator[tuple[str, Step, str]]:
    """Every live cell, and each test that proves it."""
    for row in ROWS:
        for step, cell in row.cells.items():
            param = f"[{row.fault}-{step.name}]"
            named = [cell.test, STAYS + param if cell.stays else "", MENDS + param if cell.mends else ""]
            yield from ((row.fault, step, node) for node in named if node)


def _line(row: Row, notes: list[str]) -> str:
    shown = (_shown(row.code(step), row.cells.get(step), notes) for step in Step)
    return f"| {row.fault} | {row.name} | {' | '.join(shown)} |"


def _shown(code: str, cell: Cell | None, notes: list[str]) -> str:
    if cell is None:
        return DEAD
    ends = [str(each.verdict.status) for each in (cell.stays, cell.mends) if each]
    mark = f"<sup>{notes.index(cell.note) + 1}</sup>" if cell.note else ""
    return f"{code} {cell.shows or ' / '.join(ends)}{mark}"


def _tests(row: Row) -> Iterator[str]:
    for kind in ("stays", "mends"):
        steps = [step.name for step, cell in sorted_cells(row) if getattr(cell, kind)]
        if steps:
            yield f"{kind} {' '.join(steps)}"
    others: dict[str, list[str]] = {}
    for step, cell in sorted_cells(row):
        if cell.test:
            others.setdefault(re.sub(r"\[F\d+-.*", f"[{row.fault}-…]", cell.test), []).append(step.name)
    yield from (f"{' '.join(steps)} `{node}`" for node, steps in others.items())


def sorted_cells(row: Row) -> list[tuple[Step, Cell]]:
    return [(step, row.cells[step]) for step in Step if step in row.cells]
