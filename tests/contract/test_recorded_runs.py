"""The stand-in does what the real CLI was recorded doing."""

from __future__ import annotations

import os

import pytest

from tests.contract.conftest import CASES, Replays
from tests.contract.coverage_table import FILE, NOT_REPEATED, render
from tests.contract.rack_states import NOT_TOLD, STATES
from tests.contract.recordings import Case, load_cases, load_rack_cases, rack_case_names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_recorded_run_is_repeated(case: Case, replays: Replays) -> None:
    """The same bytes on stdout and stderr, the same exit status, the same requests."""
    found = replays.differences(case.name)

    if case.name in NOT_REPEATED:
        assert found, f"{case.name} is repeated now: take it out of NOT_REPEATED"
        pytest.xfail(NOT_REPEATED[case.name])
    assert not found, "\n".join(["", *found])


def test_every_run_on_a_real_rack_is_told_or_excused() -> None:
    """No run of rack-cases.jsonl is left out in silence."""
    assert set(rack_case_names()) == {*STATES, *NOT_TOLD}


@pytest.mark.skipif("DEPLOYER_CONVOX" in os.environ, reason="the table is about the stand-in")
def test_the_table_of_coverage_is_current(replays: Replays) -> None:
    """docs/contract-coverage.md says what this run has shown."""
    table = render(load_cases(), load_rack_cases(), lambda name: not replays.differences(name))

    if "DEPLOYER_WRITE_COVERAGE" in os.environ:
        FILE.write_text(table)
    assert table == FILE.read_text(), "stale: run it with DEPLOYER_WRITE_COVERAGE=1"
