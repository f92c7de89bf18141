from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.practice import PracticeRack
from tests.scenario.real_time import RealTime
from tests.scenario.shell import Shell

TINY = Path(__file__).with_name("tiny")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the tiny service."""
    return Path(shutil.copytree(TINY, tmp_path_factory.mktemp("source") / "tiny"))


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell.in_folder(tmp_path_factory.mktemp("home"))
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def practice(shell: Shell, checkout: Path) -> Iterator[PracticeRack]:
    """One rack for all, at a tenth of a real one's times. Each test has apps of its own on it."""
    rack = PracticeRack(shell, checkout)
    yield rack
    rack.down()


@pytest.fixture(scope="session")
def real_time(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[RealTime]:
    """Ships at a rack's real times, set off and not awaited."""
    ships = RealTime(tmp_path_factory.mktemp("real-time"), checkout)
    yield ships
    ships.close()
