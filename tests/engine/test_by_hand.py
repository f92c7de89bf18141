"""What people do to an env or a lock by hand is told like a run: what was meant, what became of it, how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from deployer.core.environment import Environment
from deployer.core.errors import Denied, EnvFailed
from deployer.core.events import Ended, Event, Intended, Started, Wrote
from deployer.core.names import ShipId
from deployer.core.summary import LOCK, Summary
from deployer.core.verdict import Verdict
from deployer.engine.env import EnvWish, change_env
from deployer.engine.holder import hold_lock, release_lock
from deployer.engine.ports import LockNote, Ports
from deployer.engine.resume import ResumeRequest, resume
from deployer.engine.run import Recorder, by_hand
from tests.engine.conftest import APP, Stage

T = TypeVar("T")
SHIP = ShipId("20261124-110000-abc123")
NOTE = LockNote(SHIP, "ada@laptop", "2026-11-24T11:00:00+00:00", "2099-01-01", "hold: moving the database")
NEW = EnvWish(wanted=Environment.of(MODE="new"))


def done(stage: Stage, body: Callable[[Ports], T]) -> tuple[T, Summary]:
    """What came of it, and of its journal; nothing else is on the stream."""
    stage.sink.events.clear()
    recorder = Recorder(stage.sink)
    return by_hand(Started(SHIP, "by hand", APP, "ada", "0"), body, stage.ports, recorder), recorder.summary


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(each) for each in events]


def test_an_env_that_is_set_is_told(shipped: Stage) -> None:
    """Intent before, outcome after, and what release holds it; by key, never by value."""
    change, _ = done(shipped, lambda ports: change_env(NEW, ports))

    assert [Started, Intended, Wrote, Ended] == kinds(shipped.sink.events)
    assert [("+ MODE", change.release)] == [
        (meant.about, wrote.release)
        for meant, wrote in zip(shipped.sink.of(Intended), shipped.sink.of(Wrote), strict=True)
    ]
    assert [Verdict.DONE] == [each.verdict for each in shipped.sink.of(Ended)]


def test_what_fails_is_told_and_raised(shipped: Stage) -> None:
    """The verdict is that of the error, which says why; the exit status is made of it elsewhere."""

    def deny(words: str) -> None:
        raise Denied(f"this credential may not run {words}")

    shipped.rack.on_write = deny
    with pytest.raises(EnvFailed):
        done(shipped, lambda ports: change_env(NEW, ports))

    assert [Started, Intended, Wrote, Ended] == kinds(shipped.sink.events)
    [ended] = shipped.sink.of(Ended)
    assert Verdict.ENV_FAILED is ended.verdict
    assert "may not run env set" in ended.why


def test_a_bug_is_told_and_raised(shipped: Stage) -> None:
    """It is shown as one, and leaves no journal without an end."""

    def stumble(_: Ports) -> None:
        raise KeyError("MODE")

    with pytest.raises(KeyError):
        done(shipped, stumble)

    assert [Verdict.INTERNAL_ERROR] == [each.verdict for each in shipped.sink.of(Ended)]


def test_a_lock_that_is_held_stays(shipped: Stage) -> None:
    """It is what was asked for: unlike a ship's, it is not given back at the end."""
    done(shipped, lambda ports: hold_lock(NOTE, ports))

    assert NOTE == shipped.ledger.lock
    assert [LOCK] == [each.write for each in shipped.sink.of(Intended)]


def test_a_lock_that_is_taken_away_is_told(shipped: Stage) -> None:
    """Whose it was is in the ledger no more; that it was taken is in a journal."""
    shipped.ledger.lock = NOTE
    done(shipped, lambda ports: release_lock(lambda _: True, ports))

    assert [Started, Intended, Wrote, Ended] == kinds(shipped.sink.events)
    assert shipped.ledger.lock is None


def test_there_is_nothing_to_take_up(shipped: Stage) -> None:
    """Also where somebody names it."""
    _, past = done(shipped, lambda ports: hold_lock(NOTE, ports))
    request = ResumeRequest(ship=shipped.next_ship(), actor="bob", policy=shipped.policy, past=past, age_s=60.0)
    ended = shipped.run("resume", lambda ports: resume(request, ports), request.ship)

    assert not past.has_begun
    assert Verdict.REFUSED is ended.verdict
    assert "has ended: done" in ended.why
    assert NOTE == shipped.ledger.lock
