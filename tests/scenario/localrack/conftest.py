from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions
from tests.scenario.localrack.harness import APP, Driver


@pytest.fixture
def options(tmp_path: Path) -> Iterator[RackOptions]:
    """A rack of this test's own, at a tenth of the time; it is down when the test ends."""
    chosen = RackOptions(state_dir=tmp_path / "rack", time_scale=0.1, apps=(APP,))
    yield chosen
    lifecycle.down(chosen)


@pytest.fixture
def rack(options: RackOptions) -> Driver:
    return Driver(lifecycle.up(options))
