from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions
from tests.scenario.localrack.harness import APP, Driver


def options_in(folder: Path) -> RackOptions:
    return RackOptions(state_dir=folder / "rack", time_scale=0.1, apps=(APP,))


@pytest.fixture
def options(tmp_path: Path) -> Iterator[RackOptions]:
    """A rack of this test's own, at a tenth of the time; it is down when the test ends."""
    chosen = options_in(tmp_path)
    yield chosen
    lifecycle.down(chosen)


@pytest.fixture
def rack(options: RackOptions) -> Driver:
    return Driver(lifecycle.up(options))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """One rack for a file of tests that do not get in each other's way."""
    chosen = options_in(tmp_path_factory.mktemp("shared"))
    yield Driver(lifecycle.up(chosen))
    lifecycle.down(chosen)
