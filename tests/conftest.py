"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no finding: how long an example takes is for tests/bench to say.
settings.register_profile("deployer", deadline=None)
settings.load_profile("deployer")

HERE = Path(__file__).parent
# These set off all that they are going to ask for at once, and so want to be in one process.
TOGETHER = ("contract", "crash")
# These share what a file of them has started.
BY_FILE = ("scenario", "service")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in a hook of the same name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which tests `pytest -n` may not part (`--dist loadgroup`); all others it hands out one by one."""
    for item in items:
        folder, *rest = item.path.relative_to(HERE).parts
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
        elif folder in BY_FILE:
            item.add_marker(pytest.mark.xdist_group("/".join((folder, *rest))))
