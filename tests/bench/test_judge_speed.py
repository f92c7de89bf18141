"""How long the judge takes over a snapshot of a large service: `make bench`."""

from __future__ import annotations

import statistics
import time

import pytest

from deployer.core.history import History
from deployer.core.judge import Proven, after, judge
from deployer.core.models import Answer, Expected, Process, ProofMode, Rollout, Snapshot
from tests.unit.core.snapshots import API, POLICY, answer, expected, row, snapshot

PROCESSES, TICKS = 200, 60
ANSWERS_A_ROUND = POLICY.probes_a_round


def names() -> list[str]:
    return [f"p{number:04}" for number in range(PROCESSES)]


def a_rollout() -> Rollout:
    return Rollout(row("x").release, None, (_expected(),))


def _expected() -> Expected:
    return expected(desired=PROCESSES, mode=ProofMode.IDS)


def rounds() -> list[Snapshot]:
    """Each tick shows all rows, and hears of as many processes as a round asks, turn and turn about."""
    rows: list[Process] = [row(name) for name in names()]
    heard: list[list[Answer]] = [
        [answer(names()[(tick * ANSWERS_A_ROUND + n) % PROCESSES]) for n in range(ANSWERS_A_ROUND)]
        for tick in range(TICKS)
    ]
    return [snapshot(2.0 * tick, rows, answers) for tick, answers in enumerate(heard)]


def test_200_processes_are_judged_within_10_ms(capsys: pytest.CaptureFixture[str]) -> None:
    """Folding a snapshot in and judging what is known by then, from the first tick to the settled one."""
    history, took_s, judgement = History.of(a_rollout(), 0.0), [], None
    for each in rounds():
        began_s = time.process_time()
        history = after(history, each, POLICY)
        judgement = judge(history, POLICY)
        took_s.append(time.process_time() - began_s)

    with capsys.disabled():
        median_ms, worst_ms = (1000 * f(took_s) for f in (statistics.median, max))
        print(f"\n  {PROCESSES} processes of {API}: median {median_ms:.1f} ms, worst {worst_ms:.1f} ms", end="")  # noqa: T201
    assert isinstance(judgement, Proven)
    assert 0.010 > statistics.median(took_s)
