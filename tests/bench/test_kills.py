"""Kills of a local rack, as many as are asked for: `pytest tests/bench --kills N`."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.scenario.localrack.kills import kill_again_and_again

A_RACK = 50
"""Kills of one rack, before the next begins with an empty folder."""


def test_no_kill_loses_anything(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The seed of each rack is in the failure; `--seed` brings it back."""
    kills, seed = request.config.getoption("--kills"), request.config.getoption("--seed")
    first = secrets.randbits(32) if seed is None else seed

    for number, left in enumerate(range(kills, 0, -A_RACK)):
        kill_again_and_again(first + number, min(left, A_RACK), tmp_path / str(number))
