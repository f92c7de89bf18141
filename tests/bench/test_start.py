"""How long somebody waits who asks for help: `make bench`."""

from __future__ import annotations

import resource
import statistics
import subprocess

import pytest

from tests.scenario.shell import DEPLOYER

ROUNDS = 10


def test_help_comes_within_150_ms(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a processor's time, which a busy machine does not stretch as much as the clock's."""
    took_ms = [1000 * seconds_of(DEPLOYER, "--help") for _ in range(ROUNDS)]

    with capsys.disabled():
        print(f"\n  deployer --help: {statistics.median(took_ms):.0f} ms", end="")  # noqa: T201
    assert 150 > statistics.median(took_ms)


def seconds_of(*argv: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
