"""
All recorded runs at once: they mostly sleep, and their waits are real seconds.

The suite takes as long as its longest run (48 s), not as long as their sum (15 minutes).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.contract.by_hand import Done, Run, run_against
from tests.contract.comparison import differences
from tests.contract.recordings import Case, load_cases, load_rack_cases
from tests.contract.replay import replay
from tests.contract.scripted_rack import ScriptedRack
from tests.contract.workspace import Workspace

AT_ONCE = 64
STARTING_AT_ONCE = 4

CASES = [*load_cases(), *load_rack_cases()]


class Replays:
    """The runs that were asked for, under way."""

    def __init__(self, cases: list[Case], workspace: Workspace, pool: ThreadPoolExecutor) -> None:
        starting = threading.Semaphore(STARTING_AT_ONCE)
        longest_first = sorted(cases, key=lambda case: -case.seconds)
        self.running: dict[str, Future[list[str]]] = {
            case.name: pool.submit(_compare, case, workspace, starting) for case in longest_first
        }

    def differences(self, name: str) -> list[str]:
        """What of the run is not as recorded; waits for its end."""
        return self.running[name].result()


def _compare(case: Case, workspace: Workspace, starting: threading.Semaphore) -> list[str]:
    replayed, moved = replay(case, workspace, starting)
    return differences(case, replayed, moved)


def _wanted(items: list[pytest.Item]) -> list[Case]:
    """The cases that selected tests need; the table of coverage needs them all."""
    if any(item.name == "test_the_table_of_coverage_is_current" for item in items):
        return CASES
    specs = [item.callspec.params for item in items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    return [case for case in CASES if any(params.get("case") is case for params in specs)]


@pytest.fixture(scope="session", autouse=True)
def replays(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replays]:
    """Starts the runs of the selected cases before the first test; each test waits for its own."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield Replays(_wanted(request.session.items), Workspace(tmp_path_factory.mktemp("contract")), pool)
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def racks() -> Iterator[list[ScriptedRack]]:
    """Racks of this test, closed after it."""
    started: list[ScriptedRack] = []
    yield started
    for rack in started:
        rack.close()


@pytest.fixture
def run(racks: list[ScriptedRack], tmp_path: Path) -> Run:
    """Runs the CLI in an empty folder against a scripted rack of its own."""

    def _run(*argv: str, scenario: dict[str, Any] | None = None, stdin: str | None = None, **env: str) -> Done:
        rack = ScriptedRack(scenario or {})
        racks.append(rack)
        return run_against(rack, tmp_path, argv, stdin, env)

    return _run
