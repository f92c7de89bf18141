"""Which signal ends a wait, and which one ends the process there and then."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from deployer.core.errors import Interrupted
from deployer.engine.clock import SystemClock

# A process of its own: leaving at once takes no test runner with it.
PROGRAM = """
import os, signal, sys
from deployer.bootstrap.signals import signals
from deployer.core.errors import Interrupted
from deployer.engine.clock import SystemClock
from deployer.engine.run import Recorder

class Nowhere:
    def record(self, event): pass

clock = SystemClock()
clock.ignore(signal.SIGHUP)
with signals(clock, Recorder(Nowhere())):
    for name in sys.argv[1:]:
        os.kill(os.getpid(), signal.Signals[name])
        try:
            clock.sleep(0)
        except Interrupted as error:
            print(signal.Signals(error.signum).name, flush=True)
"""


def heard(*names: str) -> tuple[int, list[str]]:
    """The exit status, and what interrupted a wait, of a process that gets these signals one after the other."""
    argv = [sys.executable, "-c", PROGRAM, *names]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_ends_the_wait(name: str) -> None:
    """One signal interrupts what is being waited for, and there is time for a tidy end."""
    assert (0, [name]) == heard(name)


@pytest.mark.parametrize(
    ("names", "status"), [(("SIGINT", "SIGINT"), 130), (("SIGINT", "SIGTERM"), 143), (("SIGTERM", "SIGINT"), 130)]
)
def test_the_second_leaves_at_once(names: tuple[str, ...], status: int) -> None:
    """Whoever asks twice means now."""
    assert (status, [names[0]]) == heard(*names)


def test_a_hang_up_that_is_not_heard_does_not_count() -> None:
    """After a hang-up that a run has outlived, the first Ctrl-C is a first Ctrl-C: it says where things stand."""
    assert (0, ["SIGINT"]) == heard("SIGHUP", "SIGINT")


def test_a_hang_up_never_leaves_at_once() -> None:
    """A terminal that goes away during the tidy end does not cut it short."""
    assert (0, ["SIGTERM"]) == heard("SIGTERM", "SIGHUP", "SIGHUP")


def test_an_ignored_hang_up_hides_no_ctrl_c() -> None:
    """Ctrl-C and a terminal that closes right after it: the Ctrl-C is heard."""
    clock = SystemClock()
    clock.ignore(signal.SIGHUP)

    clock.interrupt(signal.SIGINT)
    clock.interrupt(signal.SIGHUP)

    with pytest.raises(Interrupted) as caught:
        clock.check()
    assert signal.SIGINT == caught.value.signum
