"""
Recordings of the real CLI, cut, mixed and spoiled, for every parser: `make fuzz`.

An input that is not understood is Garbled, nothing else gets out, and nothing is read that is not there.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter

import pytest

from tests.unit.convox.hostile import PARSERS, invented, outputs_of, read, spoiled


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_no_output_breaks_a_parser(
    name: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """The seed of each input is in the failure; `--seed` of the run brings all of them back."""
    parser, command = PARSERS[name]
    seed, count = request.config.getoption("--seed"), request.config.getoption("--fuzz")
    seeds = random.Random(secrets.randbits(32) if seed is None else seed)
    sources, tally = outputs_of(command), Counter[str]()

    for _ in range(count):
        one = seeds.getrandbits(64)
        text = spoiled(sources, random.Random(one))
        try:
            result = read(parser, text)
            made_up = invented(result, text)
        except Exception as error:
            pytest.fail(f"input {one} of {name}: {type(error).__name__}: {error}")
        assert not made_up, f"input {one} of {name}: {made_up}"
        tally["read" if result is not None else "garbled"] += 1

    with capsys.disabled():
        print(f"\n  {name:<16} {count} inputs: {tally['read']} read, {tally['garbled']} garbled", end="")  # noqa: T201
