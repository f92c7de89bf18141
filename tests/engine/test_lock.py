"""The lock in the hands of people: looked at, and taken from a run that is dead."""

from __future__ import annotations

import pytest

from deployer.core.errors import Refused
from deployer.core.models import RackInfo
from deployer.core.names import AppName, RackName, ShipId
from deployer.core.verdict import Verdict
from deployer.engine.holder import look_at_lock, release_lock
from deployer.engine.ports import LockNote
from tests.engine.conftest import Stage

DEAD = LockNote(ShipId("20261124-110000-dead00"), "gha:1", "2026-11-24T11:00:00+00:00", "2099-01-01", "ship")


@pytest.fixture
def held(shipped: Stage) -> Stage:
    shipped.ledger.lock = DEAD
    return shipped


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


@pytest.mark.parametrize("program", ["crashes", "errors"])
def test_one_who_takes_it_over_is_left_alone(shipped: Stage, program: str) -> None:
    """Somebody on call is at it: a doomed release is theirs to take back, and nothing is written any more."""
    shipped.rack.on_write = lambda words: shipped.ledger.take_lock(DEAD) if words.startswith("promote ") else None
    ended = shipped.ship(program)

    assert Verdict.SUPERSEDED is ended.verdict
    assert "gha:1 took the lock over" in ended.why
    assert shipped.rack.writes[-1].startswith("promote ")
