"""What a call through the adapter costs beside a bare `subprocess.run` of the same child: `make bench`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target, child_environment
from deployer.core.names import AppName
from deployer.core.policy import Policy
from deployer.core.redact import Redactor
from deployer.engine.clock import SystemClock

ROUNDS = 40
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
HEADER = "ID                SERVICE  STATUS   RELEASE      STARTED      COMMAND\n"
ROW = "web-6f4-{0:05}     web      running  RAAAAAAAAA1  2 hours ago  gunicorn main:app\n"
# Printed by a shell, which starts in a millisecond, and by a Go-sized start-up of 50 ms.
CHILDREN = {
    "2 rows": (2, 0.0),
    "200 rows": (200, 0.0),
    "2 rows, 50 ms": (2, 0.05),
}


@pytest.fixture
def child(tmp_path: Path) -> Callable[[int, float], Path]:
    def make(rows: int, seconds: float) -> Path:
        answer = tmp_path / "answer"
        answer.write_text(HEADER + "".join(ROW.format(n) for n in range(rows)))
        convox = tmp_path / "convox"
        convox.write_text(f"#!/bin/sh\n{f'sleep {seconds}' if seconds else ':'}\ncat {answer}\n")
        convox.chmod(0o755)
        return convox

    return make


def median_ms(call: Callable[[], object]) -> float:
    """Of single calls, so that one hiccup of the machine does not count."""
    took = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        call()
        took.append(time.perf_counter() - began_s)
    return statistics.median(took) * 1000


@pytest.mark.parametrize("name", CHILDREN)
def test_call_beside_subprocess_run(
    name: str, child: Callable[[int, float], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same child, the same rows; the adapter also drains, redacts, classifies and parses."""
    rows, seconds = CHILDREN[name]
    convox = child(rows, seconds)
    target = Target(AppName("myapp"))
    runner = Runner(SystemClock(), child_environment(ENVIRONMENT, target), Redactor(), (str(convox),))
    rack = ConvoxRack(runner, target, Policy())
    command = [str(convox), "ps", "-a", "myapp"]

    bare_ms = median_ms(lambda: subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=True))
    ours_ms = median_ms(rack.processes)
    runner.close()

    assert rows == len(rack.processes())
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  {name:<14} bare {bare_ms:6.1f} ms   adapter {ours_ms:6.1f} ms   ratio {ours_ms / bare_ms:4.2f}"
            f"   (python {sys.version_info.major}.{sys.version_info.minor}, median of {ROUNDS})",
            end="",
        )
    assert 10.0 > ours_ms / bare_ms
