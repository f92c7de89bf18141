from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target, child_environment
from deployer.core.names import AppName
from deployer.core.policy import Policy
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock
from tests.unit.convox.scripted import ScriptedConvox

# Real children, but nobody waits for them for long.
HASTY = Policy(read_s=5.0, write_s=5.0, build_s=20.0, tick_s=0.05, quiet_tick_s=0.05, blind_s=1.0)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def convox(tmp_path: Path) -> ScriptedConvox:
    return ScriptedConvox(tmp_path)


@pytest.fixture
def target() -> Target:
    return Target(AppName("myapp"), rack_url=Secret("http://convox:rack-password@127.0.0.1:1"), actor="tester")


@pytest.fixture
def runner(clock: SystemClock, convox: ScriptedConvox, target: Target) -> Iterator[Runner]:
    environment = child_environment({"PATH": "/usr/bin:/bin"}, target)
    runner = Runner(clock, environment, Redactor(), (str(convox.path),))
    yield runner
    runner.close()


@pytest.fixture
def rack(runner: Runner, target: Target) -> ConvoxRack:
    return ConvoxRack(runner, target, HASTY)


@pytest.fixture
def hasty_rack(runner: Runner, target: Target) -> ConvoxRack:
    """Gives up looking for what a write made after a second."""
    return ConvoxRack(runner, target, replace(HASTY, write_s=1.0))
