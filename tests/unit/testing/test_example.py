"""docs/testing.md, as a stranger would type it in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "testing.md"
BLOCK = re.compile(r"```python\n# (?P<name>\w+\.py)(?P<text>.*?)```", re.DOTALL)


def test_the_example_is_a_green_test_suite(tmp_path: Path) -> None:
    """Each block is a file of the name on its first line; what it promises holds."""
    for block in BLOCK.finditer(GUIDE.read_text(encoding="utf-8")):
        (tmp_path / block["name"]).write_text(f"# {block['text']}", encoding="utf-8")

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert {"conftest.py", "test_pager.py"} == {each.name for each in tmp_path.glob("*.py")}
    assert (0, True) == (done.returncode, "2 passed" in done.stdout), done.stdout
