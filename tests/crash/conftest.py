"""Cases are played side by side, as many as there are processors, while the tests wait for each in turn."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.crash.aftermath import Aftermath, Case, strike
from tests.crash.points import all_cases, sample
from tests.scenario.conftest import checkout, practice, shell
from tests.scenario.practice import PracticeRack

__all__ = ["checkout", "practice", "shell"]

SIDE_BY_SIDE = 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-points", action="store_true", help="every crash point, not a sample of them")
    parser.addoption("--crash-seed", type=int, default=0, metavar="N", help="which sample of crash points")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        config = metafunc.config
        seed = config.getoption("--crash-seed", default=0)
        cases = all_cases() if config.getoption("--all-points", default=False) else sample(random.Random(seed))
        metafunc.parametrize("case", cases, ids=lambda each: each.id)


@pytest.fixture(scope="session")
def play(practice: PracticeRack, request: pytest.FixtureRequest) -> Iterator[Callable[[Case], Aftermath]]:
    """What became of a case. All that are wanted in this session are set off at once."""
    wanted = list(dict.fromkeys(case for item in request.session.items if (case := _case_of(item))))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        played: dict[Case, Future[Aftermath]] = {
            case: pool.submit(strike, case, f"struck-{number}", practice) for number, case in enumerate(wanted)
        }
        yield lambda case: played[case].result()
        pool.shutdown(cancel_futures=True)


def _case_of(item: pytest.Item) -> Case | None:
    """Other tests have cases of their own."""
    case = getattr(getattr(item, "callspec", None), "params", {}).get("case")
    return case if isinstance(case, Case) else None
