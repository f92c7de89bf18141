"""Runs that were killed at a line of their journal, and what `resume` makes of each; all were seen in tests/crash."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from deployer.core.events import Ended, Event, Intended, Looked, Wrote
from deployer.core.names import ReleaseId, ShipId
from deployer.core.summary import LOCK, PROMOTE, Summary
from deployer.core.verdict import Verdict
from deployer.engine.ports import LockNote
from deployer.testing import RecordingSink
from tests.engine.conftest import APP, Stage
from tests.engine.test_resume import Killed, taken_up, told


class LastWords(RecordingSink):
    """A journal whose run is killed right after the first line that is `last`."""

    def __init__(self, stage: Stage, last: Callable[[Event], bool]) -> None:
        super().__init__(stage.clock)
        self._last = last

    def record(self, event: Event) -> None:
        super().record(event)
        if self._last(event):
            raise Killed


def killed(stage: Stage, last: Callable[[Event], bool], act: Callable[[], Ended]) -> Summary:
    """What the journal tells of a run that was killed there."""
    stage.sink = LastWords(stage, last)
    with pytest.raises(Killed):
        act()
    past = told(stage)
    stage.sink = RecordingSink(stage.clock)
    return past


def promotes(nth: int) -> Callable[[Event], bool]:
    """The `nth` promote of the run is about to go out."""
    numbers = itertools.count(1)
    return lambda event: isinstance(event, Intended) and event.write == PROMOTE and nth == next(numbers)


def took(nth: int) -> Callable[[Event], bool]:
    """The rack was seen to have taken the `nth` promote of the run."""
    numbers = itertools.count(1)
    return lambda event: isinstance(event, Wrote) and event.write == PROMOTE and nth == next(numbers)


def holds(event: Event) -> bool:
    return isinstance(event, Wrote) and event.write == LOCK


def test_a_run_that_may_hold_the_lock_is_one_to_take_up(shipped: Stage) -> None:
    """Killed while it took the lock, it may have it: a later `resume` must find it to give that back."""
    past = killed(shipped, lambda event: isinstance(event, Intended), lambda: shipped.ship("better"))

    assert LOCK == (past.unfinished.write if past.unfinished else "")
    assert past.has_begun


def test_a_way_back_that_was_cut_short_is_no_ship(shipped: Stage) -> None:
    """Killed once the old release was promoted again: it is proven, and that is a rollback, with its reason."""
    past = killed(shipped, took(2), lambda: shipped.ship("errors"))
    copy = shipped.active
    ended = taken_up(shipped, past)

    assert (Verdict.ROLLED_BACK, copy) == (ended.verdict, ended.release)
    assert "never ready" in ended.why
    assert [] == shipped.rack.writes
    assert copy not in {each.release for each in shipped.ledger.proven()}


def test_a_way_back_may_be_cut_short_twice(shipped: Stage) -> None:
    """Taken up, killed and taken up again, it is still a rollback."""
    past = killed(shipped, took(2), lambda: shipped.ship("errors"))
    again = killed(shipped, lambda event: isinstance(event, Looked), lambda: taken_up(shipped, past))
    ended = taken_up(shipped, again)

    assert (Verdict.ROLLED_BACK, shipped.active) == (ended.verdict, ended.release)


def test_a_way_back_that_never_went_out_is_gone_again(shipped: Stage) -> None:
    """Killed before the rack took the copy: what fails still serves, and is taken back."""
    before = shipped.active
    past = killed(shipped, promotes(2), lambda: shipped.ship("errors"))
    ended = taken_up(shipped, past)

    assert Verdict.ROLLED_BACK is ended.verdict
    assert shipped.build_of(before) == shipped.build_of(shipped.active)


def test_a_rollback_that_was_cut_short_is_restored(shipped: Stage) -> None:
    """`resume` finishes what a person asked for in its own words, and remembers what was gone back from."""
    before, left = shipped.active, shipped.ship("better").release
    shipped.rest()
    past = killed(shipped, took(1), lambda: shipped.rollback(before))
    ended = taken_up(shipped, past)

    assert (Verdict.RESTORED, shipped.active) == (ended.verdict, ended.release)
    assert {shipped.active: False, left: True, before: False} == {
        each.release: each.gone_back_from for each in shipped.ledger.proven()
    }


def test_a_rollback_may_be_taken_back_too(shipped: Stage) -> None:
    """Who says `--abort` of a rollback under way wants what served before it, and nobody calls its target failing."""
    before, left = shipped.active, shipped.ship("better").release
    shipped.rest()
    past = killed(shipped, took(1), lambda: shipped.rollback(before))
    ended = taken_up(shipped, past, abort=True)

    assert Verdict.RESTORED is ended.verdict
    assert shipped.build_of(str(left)) == shipped.build_of(shipped.active)


def test_a_rollback_that_never_went_out_is_named_as_one(shipped: Stage) -> None:
    """Its copy is nobody's to promote: the way to try again is the rollback itself."""
    before = shipped.active
    shipped.ship("better")
    shipped.rest()
    ended = taken_up(shipped, killed(shipped, promotes(1), lambda: shipped.rollback(before)))

    assert Verdict.NOT_PROMOTED is ended.verdict
    assert (f"deployer rollback {before} --app demo",) == ended.hints


def test_a_dead_run_that_promoted_nothing_leaves_no_lock(shipped: Stage) -> None:
    """Whoever takes it up hears that there is nothing to finish; nobody is locked out any more."""
    past = killed(shipped, holds, lambda: shipped.ship("better"))
    held = shipped.ledger.holder()
    ended = taken_up(shipped, past)

    assert held is not None
    assert (Verdict.REFUSED, None) == (ended.verdict, shipped.ledger.holder())
    assert "promoted nothing" in ended.why


def test_a_lock_that_somebody_else_has_by_now_stays(shipped: Stage) -> None:
    """A dead run gives back its own lock, and no other."""
    past = killed(shipped, holds, lambda: shipped.ship("better"))
    theirs = LockNote(ShipId("20261124-120000-00beef"), "somebody", "2026-11-24", "2099-01-01", "ship")
    shipped.ledger.take_lock(theirs)
    taken_up(shipped, past)

    assert theirs == shipped.ledger.holder()


def test_what_a_journal_does_not_tell_is_not_made_up(shipped: Stage) -> None:
    """A journal that was lost half way tells of no promote; if something else serves by now, that is said."""
    past = killed(shipped, holds, lambda: shipped.ship("better"))
    shipped.model.promote(APP, shipped.built())
    shipped.rest()
    ended = taken_up(shipped, past)

    assert Verdict.REFUSED is ended.verdict
    assert f"{shipped.active} serves" in ended.why


def test_a_promote_that_is_still_on_its_way_is_awaited(shipped: Stage) -> None:
    """A killed run leaves its child behind, which may promote yet: not-promoted is no verdict for half a minute."""
    release = ReleaseId(shipped.built())
    past = killed(shipped, promotes(1), lambda: shipped.promote(release))
    shipped.world.at(shipped.clock.now_s() + 10.0, lambda: shipped.model.promote(APP, release))
    ended = taken_up(shipped, past, age_s=1.0)

    assert (Verdict.SHIPPED, release) == (ended.verdict, ended.release)
