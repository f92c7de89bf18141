"""What a call through the adapter costs beside a bare `subprocess.run` of the same child: `make bench`."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Cost:
    """Of the same call, made again and again: seconds on the wall, and of a processor, the child's included."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        return statistics.median(self.wall_s) * 1000

    @property
    def cpu_ms(self) -> float:
        return statistics.median(self.cpu_s) * 1000


def costs_of(*calls: Callable[[], object]) -> list[Cost]:
    """Made in turns, so that a busy moment of the machine counts for all of them."""
    costs = [Cost() for _ in calls]
    for _ in range(ROUNDS):
        for call, cost in zip(calls, costs, strict=True):
            began_s, began_cpu_s = time.perf_counter(), used_s()
            call()
            cost.wall_s.append(time.perf_counter() - began_s)
            cost.cpu_s.append(used_s() - began_cpu_s)
    return costs


def used_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def fork() -> None:
    """What `sh` does to start a child, and `subprocess` can do without: a copy of this process."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


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

    bare, ours, forks = costs_of(
        lambda: subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=True), rack.processes, fork
    )
    runner.close()

    assert rows == len(rack.processes())
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  {name:<14} bare {bare.ms:5.1f} ms   adapter {ours.ms:5.1f} ms   ratio {ours.ms / bare.ms:4.2f}"
            f"   processor {bare.cpu_ms:4.1f} and {ours.cpu_ms:4.1f} ms, a fork alone {forks.cpu_ms:3.1f} ms",
            end="",
        )
    # of a processor: on a busy machine each change of threads waits its turn, and the wall says nothing
    assert 8.0 > ours.cpu_ms / bare.cpu_ms
