from __future__ import annotations

import threading

import pytest

from deployer.testing.clock import ManualClock
from deployer.testing.simulation.play import play_out
from deployer.testing.simulation.schedule import Act, draw
from deployer.testing.simulation.shift import Shift


def test_two_processes_take_turns_by_the_clock() -> None:
    """Each runs up to its next wait, and what comes first in time is first in the record."""
    clock, record = ManualClock(), []

    def second() -> None:
        for _ in range(3):
            record.append(("second", shift.now_s()))
            shift.sleep(4.0)

    shift = Shift(clock, second)
    clock.at(1.0, shift.begin)
    for _ in range(3):
        record.append(("first", clock.now_s()))
        clock.sleep(3.0)
    clock.advance(10.0)
    shift.end()

    moments = [("first", 0.0), ("second", 1.0), ("first", 3.0), ("second", 5.0), ("first", 6.0), ("second", 9.0)]
    assert moments == record
    assert shift.is_over


def test_one_that_is_left_is_gone() -> None:
    """A world that is over leaves no thread behind."""
    clock, before = ManualClock(), threading.active_count()
    shift = Shift(clock, lambda: shift.sleep(1e6))
    clock.at(1.0, shift.begin)
    clock.advance(2.0)
    shift.end()

    assert before == threading.active_count()


def test_what_goes_wrong_in_it_is_raised() -> None:
    """A bug of the simulation itself must not pass for a world in which nothing happened."""
    clock = ManualClock()
    shift = Shift(clock, lambda: 1 // 0)  # type: ignore[arg-type]
    clock.at(1.0, shift.begin)
    clock.advance(2.0)

    with pytest.raises(ZeroDivisionError):
        shift.end()


def test_a_world_with_two_runs_is_the_same_again() -> None:
    """The threads hand over at waits and only there."""
    kinds = {Act.SHIPS_TOO, Act.PROMOTES_TOO, Act.ROLLS_BACK_TOO}
    worlds = [world for world in map(draw, range(400)) if world.kinds & kinds]

    assert worlds
    assert [play_out(each) for each in worlds] == [play_out(each) for each in worlds]
