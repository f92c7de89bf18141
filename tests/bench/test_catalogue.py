"""
From the first evidence that a release fails to the verdict on it: `make bench`.

On the local rack at a real rack's times, each failure on an app of its own, a few side by side.
"""

from __future__ import annotations

import json
import math
import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.failures import FAILURES, NO_PROGRESS_S, PENDING_S, START_S, Evidence, Failure
from tests.bench.real_times import checkout, serving
from tests.bench.witness import Witness
from tests.scenario.practice import PracticeRack

SIDE_BY_SIDE = 4
START = {"DEPLOYER_START_TIMEOUT": f"{START_S}s"}
BUDGETS = {
    Evidence.STARTING: START,
    Evidence.PENDING: {"DEPLOYER_PENDING": f"{PENDING_S}s"},
    # whoever is given longer to start is given that long to make progress too
    Evidence.DEADLINE: START | {"DEPLOYER_NO_PROGRESS": f"{NO_PROGRESS_S}s"},
}


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds from the first evidence to the judge's word, and to the end: proven again, or left as it is."""

    failure: Failure
    to_verdict_s: float
    to_end_s: float
    why: str


def test_time_to_verdict(rack: PracticeRack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of all failures are told within 5 s of their first evidence, and each of them within 20 s."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda each: fail(rack, tmp_path, *each), enumerate(wanted())))

    with capsys.disabled():
        print(table(found))  # noqa: T201
    assert [] == [(each.failure.name, each.why) for each in found if each.failure.says not in each.why]
    assert 5 > statistics.median(each.to_verdict_s for each in found)
    assert 20 > max(each.to_verdict_s for each in found)


def wanted() -> list[Failure]:
    """All, or those of which FAILURE has a part of the name. The slow ones first, so that none is waited for alone."""
    named = [each for each in FAILURES if os.environ.get("FAILURE", "") in each.name]
    return sorted(named, key=lambda each: each.evidence.value)


def fail(rack: PracticeRack, folder: Path, number: int, failure: Failure) -> Found:
    app = serving(rack, checkout(folder / str(number), failure.services, failure.count), f"fails-{number}")
    staged = json.loads(rack.post(f"/apps/{app.name}/releases", env=failure.env))["id"]
    if failure.fault:
        rack.post_json("/_local/faults", {**failure.fault, "app": app.name})
    with Witness(app, staged, failure.evidence) as witness:
        budgets = BUDGETS.get(failure.evidence, {})
        done = app.start("promote", staged, shell=rack.shell.with_env(**budgets)).end(180)
    journal = app.journal()
    word = next((line for line in journal if line.get("judgement") in ("doomed", "lost sight")), None)
    rack.delete(f"/apps/{app.name}")
    if word is None or witness.first_s is None:
        return Found(failure, math.inf, math.inf, done.err)
    to_verdict_s, to_end_s = (line["mono"] - witness.first_s for line in (word, journal[-1]))
    return Found(failure, to_verdict_s, to_end_s, word["why"])


def table(found: list[Found]) -> str:
    """As docs/reliability.md has it."""
    lines = [
        "\n",
        "| failure | first evidence | verdict | ended | `convox deploy` |",
        "|---|---|---|---|---|",
    ]
    for each in sorted(found, key=lambda each: each.to_verdict_s):
        failure, times = each.failure, f"{each.to_verdict_s:.1f} s | {each.to_end_s:.1f} s"
        lines.append(f"| {failure.name} | {failure.evidence.value} | {times} | {failure.convox} |")
    for what, of in (("median", statistics.median), ("worst", max)):
        times = f"{of(each.to_verdict_s for each in found):.1f} s | {of(each.to_end_s for each in found):.1f} s"
        lines.append(f"| **{what} of {len(found)}** | | {times} | |")
    return "\n".join(lines)
