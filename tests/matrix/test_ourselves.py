"""The cells that our own process decides: its standard input, a second Ctrl-C, a kill, a job that GitHub cancels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from deployer.bootstrap.signals import signals
from deployer.core.errors import Interrupted
from deployer.core.events import Event
from deployer.engine.clock import SystemClock
from deployer.engine.run import Recorder
from deployer.testing import ManualClock, RecordingSink
from tests.engine.test_resume import taken_up, told
from tests.matrix.cells import Serves, Step
from tests.matrix.faults_ourselves import hears_signal
from tests.matrix.rows_ourselves import CANCELLED_JOB, CTRL_C_TWICE, KILLED, STDIN
from tests.matrix.stage import Stage

# What GitHub gives a cancelled job until its first TERM is 7.5 s (faults 3.7).
WITHIN_S = 6.0

# Gives each command of the CLI a child that says on stdout what it was given on stdin.
PROGRAM = """
import json, sys
from deployer.convox.commands import Commands
from deployer.convox.runner import Runner
from deployer.convox.target import Target
from deployer.core.environment import Environment
from deployer.core.names import AppName, ReleaseId
from deployer.core.policy import Policy
from deployer.core.redact import Redactor
from deployer.engine.clock import SystemClock

commands = Commands(Target(AppName("demo")), Policy(read_s=20.0))
requests = {
    "ENV": commands.set_env(Environment.of(A="1"), replace=False),
    "BLD": commands.build(".", "it", ""),
    "PRO": commands.promote(ReleaseId("RNEW")),
    "PS": commands.processes(),
    "SOK": commands.app(),
    "NTF": commands.config_set("deployer", "{}"),
}
runner = Runner(SystemClock(), {"PATH": "/usr/bin:/bin"}, Redactor(), (sys.argv[1],))
print(json.dumps({step: runner.run(request).stdout for step, request in requests.items()}))
"""
SENT = {"ENV": "A=1\n", "NTF": "{}"}


@pytest.fixture(scope="module")
def heard_on_stdin(tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, str]]:
    """What children get on their stdin where ours is closed, and where it is a pipe without end."""
    echo = tmp_path_factory.mktemp("echo") / "convox"
    echo.write_text("#!/bin/sh\nexec cat\n", encoding="utf-8")
    echo.chmod(0o755)
    argv = [sys.executable, "-c", PROGRAM, str(echo)]
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$@" <&-', "sh", *argv], capture_output=True, check=True)
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:
        endless = subprocess.run(argv, stdin=yes.stdout, capture_output=True, check=True)
        yes.kill()
    return [json.loads(done.stdout) for done in (closed, endless)]


@pytest.mark.parametrize("step", [pytest.param(each.name, id=f"F19-{each.name}") for each in STDIN])
def test_child_has_a_stdin_of_its_own(step: str, heard_on_stdin: list[Mapping[str, str]]) -> None:
    """Whatever our standard input is, a child reads what it was meant to be told, and then its end."""
    assert [SENT.get(step, "")] * 2 == [heard[step] for heard in heard_on_stdin]


def events_until(step: Step) -> list[Event]:
    """All events of a run that has come to this step; of one that is over, for the report."""
    stage, seen = Stage(), []
    stage.when(step, lambda: seen.extend(stage.sink.events))
    stage.go(step)
    return stage.sink.events if step is Step.NTF else seen


@pytest.mark.parametrize("step", [pytest.param(each, id=f"F23-{each.name}") for each in Step])
def test_second_ctrl_c_leaves_at_once(step: Step) -> None:
    """With the status that the run has by then: 130 before the promote, 42 after it, that of its verdict in the end."""
    events = events_until(step)

    child = os.fork()
    if child == 0:
        _hear_two(events)
    _, ended = os.waitpid(child, 0)

    assert CTRL_C_TWICE[step] == os.waitstatus_to_exitcode(ended)


def _hear_two(events: list[Event]) -> NoReturn:
    """In a process of its own, which the second one ends."""
    try:
        clock, recorder = SystemClock(), Recorder(RecordingSink(ManualClock()))
        for event in events:
            recorder.record(event)
        with signals(clock, recorder):
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(Interrupted):
                clock.check()
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        os._exit(99)


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more, not even a handler."""


@pytest.mark.parametrize("step", [pytest.param(each, id=f"F26-{each.name}") for each in Step])
def test_killed_run_is_taken_up(step: Step) -> None:
    """What a killed run has left in its journal is enough for `resume` to say how it stands, or to bring it home."""
    stage = Stage()

    def die() -> NoReturn:
        raise Killed

    stage.when(step, die)
    with pytest.raises(Killed):
        stage.go(step)
    serves_when_killed = stage.serves

    ended = taken_up(stage, told(stage))

    outcome = KILLED[step]
    assert outcome.verdict is ended.verdict, stage.told
    assert [] == [words for words in outcome.says if words not in stage.told]
    assert outcome.writes == stage.writes
    stage.settle()
    assert outcome.leaves is stage.serves
    if outcome.is_untouched:
        assert Serves.OLD is serves_when_killed


@pytest.mark.parametrize("step", [pytest.param(each, id=f"F27-{each.name}") for each in Step])
def test_cancelled_job_is_finished_by_its_post_step(step: Step, tmp_path: Path) -> None:
    """The run is gone well before GitHub's TERM and KILL; the step that is always run takes it up."""
    stage = Stage()
    hears_signal(signal.SIGINT, signal.SIGTERM)(stage, step, None)

    first = stage.go(step)
    gone_after_s = stage.clock.now_s() - (stage.struck_s or 0.0)
    stage.clock.advance(30.0)
    stage.clock.forget_signals()
    second = taken_up(stage, told(stage))

    assert CANCELLED_JOB[step] == (first.verdict, second.verdict), stage.told
    assert WITHIN_S > gone_after_s
