"""The lock in the hands of people: looked at, and taken from a run that is dead."""

from __future__ import annotations

import signal

import pytest

from deployer.core.environment import Environment
from deployer.core.errors import Busy, Interrupted, Refused
from deployer.core.events import Said
from deployer.core.models import RackInfo
from deployer.core.names import AppName, RackName, ShipId
from deployer.core.verdict import Verdict
from deployer.engine.holder import hold_lock, look_at_lock, release_lock
from deployer.engine.ports import LockNote
from deployer.testing import MemoryLedger
from tests.engine.conftest import Stage

DEAD = LockNote(ShipId("20261124-110000-dead00"), "gha:1", "2026-11-24T11:00:00+00:00", "2099-01-01", "ship")


@pytest.fixture
def held(shipped: Stage) -> Stage:
    shipped.ledger.lock = DEAD
    return shipped


class StoppedLedger(MemoryLedger):
    """A signal is heard while the lock is given back, which is heard once."""

    is_heard = False

    def release_lock(self, ship: ShipId) -> None:
        if not self.is_heard:
            self.is_heard = True
            raise Interrupted(signal.SIGTERM)
        super().release_lock(ship)


def test_a_signal_in_the_last_moment_leaves_no_lock(stage: Stage) -> None:
    """The verdict is known and stands; nobody is locked out for an hour by a run that is over."""
    stage.ledger = StoppedLedger()
    ended = stage.ship("good")

    assert (Verdict.SHIPPED, None) == (ended.verdict, stage.ledger.holder())


def test_the_holder_is_named(held: Stage) -> None:
    """Who, for what, since when; nobody where nobody does."""
    assert DEAD == look_at_lock(held.ports)
    held.ledger.lock = None
    assert look_at_lock(held.ports) is None


def test_it_is_taken_away_once_confirmed(held: Stage) -> None:
    """The question is put with the holder in it, and a ship may go ahead."""
    assert DEAD == release_lock(lambda holder: holder == DEAD, held.ports)
    assert held.ledger.lock is None
    assert 0 == held.ship("better").verdict.status


def test_no_yes_no_release(held: Stage) -> None:
    """It stays where it was."""
    with pytest.raises(Refused, match="not confirmed"):
        release_lock(lambda _: False, held.ports)

    assert DEAD == held.ledger.lock


def test_nobody_is_asked_where_nobody_holds_it(shipped: Stage) -> None:
    """Nothing to do is no question."""
    assert release_lock(lambda _: pytest.fail("asked"), shipped.ports) is None


def test_one_who_takes_it_meanwhile_keeps_it(held: Stage) -> None:
    """Only the note that was shown is taken away."""
    other = LockNote(ShipId("20261124-120000-aaaaaa"), "gha:2", DEAD.since, DEAD.expires, "ship")

    def slow(holder: LockNote) -> bool:
        held.ledger.lock = other
        return True

    with pytest.raises(Refused, match="gha:2 holds it now"):
        release_lock(slow, held.ports)

    assert other == held.ledger.lock


def test_another_rack_or_app_is_not_touched(held: Stage) -> None:
    """A slip of the name must not take a lock away elsewhere."""
    held.named = "prod"
    held.rack.rack_info = RackInfo(RackName("acme/production"), "3.24.9", "3.24.9")
    with pytest.raises(Refused, match="the rack that answers"):
        release_lock(lambda _: True, held.ports)
    held.named, held.rack._app = "", AppName("nope")
    with pytest.raises(Refused, match="no app"):
        release_lock(lambda _: True, held.ports)

    assert DEAD == held.ledger.lock


def takes_over(stage: Stage, words: str, after_s: float = 0.0) -> None:
    """Somebody takes the lock over, some seconds after a write that begins so."""

    def strike(written: str) -> None:
        if written.startswith(words):
            stage.world.at(stage.clock.now_s() + after_s, lambda: setattr(stage.ledger, "lock", DEAD))

    stage.rack.on_write = strike


@pytest.mark.parametrize("program", ["crashes", "errors"])
def test_one_who_takes_it_over_is_left_alone(shipped: Stage, program: str) -> None:
    """Somebody on call is at it: a doomed release is theirs to take back, and nothing is written any more."""
    takes_over(shipped, "promote ")
    ended = shipped.ship(program)

    assert Verdict.SUPERSEDED is ended.verdict
    assert "gha:1 took the lock over" in ended.why
    assert shipped.rack.writes[-1].startswith("promote ")


class TestTakenOver:
    """A ship looks at its lock before each write, and leaves the app to whoever has taken it (design 2.7)."""

    @pytest.mark.parametrize(("after", "tried"), [("env set", ["env set"]), ("build", ["env set", "build"])])
    def test_before_the_promote_nothing_more_is_written(self, shipped: Stage, after: str, tried: list[str]) -> None:
        """Nothing that serves has changed: the run is busy."""
        takes_over(shipped, after)
        ended = shipped.ship("better", wanted=Environment.of(MODE="new"))

        assert Verdict.BUSY is ended.verdict
        assert "gha:1 took the lock over" in ended.why
        assert tried == shipped.rack.writes

    def test_after_it_a_bad_release_is_theirs_to_take_back(self, shipped: Stage) -> None:
        """A rollback is at work: two ways back at once would be one too many."""
        takes_over(shipped, "promote", after_s=0.1)
        ended = shipped.ship("crashes")

        assert Verdict.SUPERSEDED is ended.verdict
        assert "gha:1 took the lock over" in ended.why
        assert "cancel" not in shipped.rack.writes
        assert DEAD == shipped.ledger.lock

    def test_a_good_one_is_still_proven(self, shipped: Stage) -> None:
        """Looking on writes nothing."""
        takes_over(shipped, "promote", after_s=0.1)

        assert Verdict.SHIPPED is shipped.ship("better").verdict


def test_a_dead_run_is_taken_over_with_a_record(shipped: Stage) -> None:
    """Its lock has expired; who it was, and since when, is said."""
    shipped.ledger.lock = DEAD
    shipped.ledger.is_expired = True
    ended = shipped.ship("better")

    assert Verdict.SHIPPED is ended.verdict
    assert ["taken over from gha:1, whose ship since 2026-11-24T11:00:00+00:00 is no longer at work"] == [
        each.text for each in shipped.sink.of(Said) if each.step == "lock"
    ]


def test_the_rack_knows_what_is_promoted_over_what(shipped: Stage) -> None:
    """Before the promote goes out, where every machine can read it."""
    before, seen = shipped.active, []
    shipped.rack.on_write = lambda words: seen.append(shipped.ledger.lock) if words.startswith("promote") else None
    ended = shipped.ship("better")

    [note] = seen
    assert note is not None
    assert (ended.release, before) == (note.promoting, note.over)


HELD = LockNote(ShipId("20261124-110000-aaaaaa"), "ada", "2026-11-24T11:00:00+00:00", "2099-01-01", "hold: freeze")


class TestHeldByHand:
    def test_ships_are_kept_away(self, shipped: Stage) -> None:
        """Whoever is refused is told by whom and why."""
        assert HELD == hold_lock(HELD, shipped.ports)
        ended = shipped.ship("better")

        assert Verdict.BUSY is ended.verdict
        assert "ada is at work on demo (hold: freeze" in ended.why

    def test_a_rollback_is_not(self, shipped: Stage) -> None:
        """At night nobody looks for whoever held it."""
        shipped.ship("better", wanted=Environment.of(MODE="new"))
        shipped.rest()
        hold_lock(HELD, shipped.ports)

        assert Verdict.RESTORED is shipped.rollback().verdict

    def test_nobody_is_pushed_aside(self, held: Stage) -> None:
        """A run is at work."""
        with pytest.raises(Busy, match="gha:1 holds the lock"):
            hold_lock(HELD, held.ports)
        assert DEAD == held.ledger.lock
