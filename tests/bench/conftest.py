"""What takes long or prints a table: left out of a plain `pytest`, since a busy machine decides how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.real_times import AILING
from tests.scenario.practice import PracticeRack
from tests.scenario.shell import Shell

OPTIONS = {"test_fuzz.py": "--fuzz", "test_kills.py": "--kills"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--benchmark", action="store_true", help="timings, side by side in one run")
    parser.addoption("--fuzz", type=int, metavar="N", help="N spoiled outputs for each parser")
    parser.addoption("--kills", type=int, metavar="N", help="N kills of a local rack")
    parser.addoption("--seed", type=int, metavar="N", help="the seed of a fuzz run that is to be seen again")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without its option a file here is as good as not there; the options are unknown when all tests are run."""
    wanted = OPTIONS.get(collection_path.name, "--benchmark")
    is_wanted = config.getoption(wanted, default=None) or collection_path.is_dir()
    return None if is_wanted else True


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[PracticeRack]:
    """A rack of our own at a real rack's times."""
    shell = Shell.in_folder(tmp_path / "home")
    rack = PracticeRack(shell, AILING, time_scale=1)
    yield rack
    rack.down()
    shell.close()
