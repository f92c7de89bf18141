from __future__ import annotations

import signal

import pytest

from deployer.core.errors import Interrupted
from deployer.testing.clock import Endless, Killed, ManualClock


def test_a_wait_is_the_only_thing_that_takes_time() -> None:
    """And watchers hear of it."""
    clock = ManualClock()
    heard: list[float] = []
    clock.watch(heard.append)
    clock.sleep(5.0)

    assert (5.0, [5.0]) == (clock.now_s(), heard)


def test_a_signal_cuts_a_wait_short() -> None:
    """At its instant, once; one that is ignored does not."""
    clock = ManualClock()
    clock.ignore(signal.SIGHUP)
    clock.interrupt_at(1.0, signal.SIGHUP)
    clock.interrupt_at(2.0, signal.SIGTERM)

    with pytest.raises(Interrupted):
        clock.sleep(10.0)
    assert 2.0 == clock.now_s()
    clock.sleep(10.0)
    assert 12.0 == clock.now_s()


def test_a_signal_before_the_kill_is_heard() -> None:
    """GitHub's sequence: INT is heard, and the KILL comes for whoever still waits."""
    clock = ManualClock()
    clock.interrupt_at(1.0, signal.SIGINT)
    clock.kill_s = 3.0

    with pytest.raises(Interrupted):
        clock.sleep(10.0)
    with pytest.raises(Killed):
        clock.sleep(10.0)
    assert 3.0 == clock.now_s()


def test_the_next_process_hears_nothing_of_it() -> None:
    """Neither its signals nor its kill, nor what it was deaf to."""
    clock = ManualClock()
    clock.ignore(signal.SIGHUP)
    clock.interrupt_at(1.0, signal.SIGTERM)
    clock.kill_s = 2.0
    clock.new_process()
    clock.sleep(5.0)

    clock.interrupt_at(6.0, signal.SIGHUP)
    with pytest.raises(Interrupted):
        clock.sleep(5.0)


def test_a_nap_makes_one_wait_longer() -> None:
    """The machine slept: the world went on, and whoever waited finds it so."""
    clock = ManualClock()
    clock.nap_at(1.0, 1200.0)
    clock.sleep(2.0)
    clock.sleep(2.0)

    assert 1204.0 == clock.now_s()


def test_a_wrong_wall_clock_moves_no_wait() -> None:
    """Only what is shown to people changes."""
    clock = ManualClock()
    right = clock.utc()
    clock.utc_offset_s = -3600.0

    assert 3600.0 == (right - clock.utc()).total_seconds()
    assert 0.0 == clock.now_s()


def test_waiting_for_ever_is_an_error() -> None:
    """Past every deadline there is (I12)."""
    clock = ManualClock()
    clock.limit_s = 10.0

    with pytest.raises(Endless):
        clock.sleep(11.0)
