from __future__ import annotations

import os
from pathlib import Path

from tests.simulation.page import page, rows

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def test_every_row_of_the_fault_matrix_is_accounted_for() -> None:
    """It fires in the simulation, or it is said where it is tested instead."""
    assert set(range(1, 51)) == rows()


def test_the_page_says_what_is_drawn() -> None:
    """Made from the code: `DEPLOYER_WRITE_DOCS=1 pytest …` writes it anew."""
    if os.environ.get("DEPLOYER_WRITE_DOCS"):
        PAGE.write_text(page(), encoding="utf-8")

    assert page() == PAGE.read_text(encoding="utf-8")
