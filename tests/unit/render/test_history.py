"""The history of an app: a line a run."""

from __future__ import annotations

import json

from deployer.core.runs import Run
from deployer.core.verdict import Verdict
from deployer.render.history import history_json, history_text
from tests.unit.render.runs import NEW, NOON, OLD, SHIP

SHIPPED = Run(SHIP, NOON, "ship", "gha:18234", OLD, NEW, Verdict.SHIPPED, f"{NEW} serves", 150.0)
CUT_SHORT = Run(SHIP, NOON, "rollback", "ada@laptop", NEW)
DAMAGED = Run(SHIP, trouble="it is damaged")


def test_a_run_is_a_line() -> None:
    """What, by whom, what was promoted, how it ended and how long it took."""
    head, line = history_text([SHIPPED]).splitlines()

    assert head.split() == ["WHEN", "WHAT", "BY", "RELEASE", "VERDICT", "TOOK", "SHIP"]
    assert ["ship", "gha:18234", NEW, "shipped", "2m30", SHIP] == line.split()[2:]


def test_what_has_no_end_claims_none() -> None:
    """Cut short or at work, or not readable: said in the place of the verdict."""
    _, cut_short, damaged = history_text([CUT_SHORT, DAMAGED]).splitlines()

    assert "none: cut short, or at work" in cut_short
    assert "it is damaged" in damaged


def test_nothing_remembered_is_said() -> None:
    """An empty table would leave one guessing."""
    assert "no run of it is remembered on this machine" == history_text([])


def test_a_machine_reads_the_same() -> None:
    """One object, a run each with its verdict and status."""
    [shipped, cut_short] = json.loads(history_json([SHIPPED, CUT_SHORT]))["runs"]

    assert ("shipped", 0, NEW, OLD) == tuple(shipped[each] for each in ("verdict", "exit_status", "promoted", "over"))
    assert (None, None) == (cut_short["verdict"], cut_short["exit_status"])
