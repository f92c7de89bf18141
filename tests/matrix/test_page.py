"""The matrix is whole, and docs/fault-matrix.md shows it. `DEPLOYER_WRITE_DOCS=1 pytest …` writes the page anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.matrix.page import nodes, page
from tests.matrix.rows import ROWS

ROOT = Path(__file__).parents[2]


def test_every_live_cell_has_a_test() -> None:
    """Fifty rows of nine; a cell that can occur is proven, one that cannot is not."""
    proven = {(fault, step) for fault, step, _ in nodes()}

    assert [f"F{n}" for n in range(1, 51)] == [row.fault for row in ROWS]
    assert {9} == {len(row.codes) for row in ROWS}
    assert {(row.fault, step) for row in ROWS for step in row.live} == proven


def test_every_test_exists() -> None:
    """A cell names the node of its test; the tests that pytest finds are asked, not our own list."""
    named = {node for _, _, node in nodes()}
    files = sorted({node.partition("::")[0] for node in named})

    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--no-header", *files]
    found = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()

    assert set() == {node for node in named if node not in found}


def test_page_shows_the_matrix() -> None:
    """The page in docs/ is made from the rows, and up to date."""
    path, text = ROOT / "docs" / "fault-matrix.md", page()
    if os.environ.get("DEPLOYER_WRITE_DOCS"):
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")
