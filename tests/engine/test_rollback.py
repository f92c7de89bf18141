from __future__ import annotations

import signal

import pytest

from deployer.core.environment import Environment
from deployer.core.events import Planned, Said
from deployer.core.names import ShipId
from deployer.core.verdict import Verdict
from deployer.engine.ports import LockNote
from deployer.rackmodel import Physics
from deployer.testing.programs import Program
from deployer.testing.rack import manifest_text
from tests.engine.conftest import APP, Stage


@pytest.fixture
def twice(shipped: Stage) -> Stage:
    """Two proven releases of different content, the second one serving."""
    shipped.ship("better", wanted=Environment.of(MODE="new"))
    shipped.rest()
    return shipped


def test_goes_back_to_the_release_before(twice: Stage) -> None:
    """Without argument: the newest proven release whose content differs serves again, proven, as a copy."""
    first = twice.ledger.entries[1].release
    ended = twice.rollback()

    assert Verdict.RESTORED is ended.verdict
    assert twice.build_of(first) == twice.build_of(twice.active)
    assert "" == twice.model.release(APP, twice.active).env
    assert [f"create-from {first} {first}", f"promote {twice.active}"] == twice.rack.writes


def test_shows_what_changes_back_first(twice: Stage) -> None:
    """The plan names the env keys that are taken back, before anything is written."""
    twice.rollback()

    assert ("MODE",) == twice.sink.of(Planned)[0].plan.env.removed


def test_unconfirmed_changes_nothing(twice: Stage) -> None:
    """No yes, no write."""
    before = twice.active
    ended = twice.rollback(yes=False)

    assert Verdict.REFUSED is ended.verdict
    assert before == twice.active
    assert [] == twice.rack.writes


def test_twice_goes_back_two_steps_never_forth(twice: Stage) -> None:
    """What was gone back from is not gone back to: a second rollback finds nothing else that is good."""
    twice.rollback()
    twice.rest()
    ended = twice.rollback()

    assert Verdict.REFUSED is ended.verdict


def test_named_release(twice: Stage) -> None:
    """A release may be named."""
    first = twice.ledger.entries[1].release
    ended = twice.rollback(first)

    assert Verdict.RESTORED is ended.verdict


def test_a_lock_never_stops_it(twice: Stage) -> None:
    """The holder is named, the lock taken over."""
    twice.ledger.lock = LockNote(ShipId("x"), "gha:1", "2026", "2099", "ship")
    ended = twice.rollback()

    assert Verdict.RESTORED is ended.verdict
    assert "gha:1" in str(twice.sink.of(Planned)[0].plan.warnings)


def test_a_rollout_that_is_on_is_cancelled(twice: Stage) -> None:
    """A bad release is rolling out, the target is what served: a cancel is the whole way back."""
    serving = twice.active
    twice.world.programs["stuck"] = Program(ready_after_s=1e6)
    bad = twice.model.create_build(APP)
    release = twice.model.complete_build(APP, bad.id, manifest_text("stuck"))
    twice.model.promote(APP, release.id)
    twice.clock.advance(5.0)
    ended = twice.rollback()

    assert Verdict.RESTORED is ended.verdict
    assert serving == twice.active
    assert ["cancel", f"create-from {serving} {serving}"] == twice.rack.writes
    assert twice.build_of(serving) == twice.build_of(twice.newest)


def stuck(stage: Stage) -> str:
    """A bad release is rolling out, promoted by hand."""
    stage.world.programs["stuck"] = Program(ready_after_s=1e6)
    bad = stage.built("stuck")
    stage.model.promote(APP, bad)
    stage.clock.advance(5.0)
    return bad


class TestOvertaken:
    """Somebody else is at work by now: what is theirs is not cancelled, and nothing is written over it (design 2.7)."""

    def test_one_who_takes_the_lock_over_has_the_app(self, twice: Stage) -> None:
        """A second rollback, say: one of the two goes on, and it is not the first."""
        stuck(twice)
        theirs = LockNote(ShipId("x"), "oncall:2", "2026", "2099", "rollback")
        twice.rack.on_write = lambda _: setattr(twice.ledger, "lock", theirs)
        ended = twice.rollback()

        assert Verdict.SUPERSEDED is ended.verdict
        assert "oncall:2 took the lock over (rollback)" in ended.why
        assert ["cancel"] == twice.rack.writes
        assert theirs == twice.ledger.lock

    @pytest.mark.parametrize("is_known", [False, True], ids=["made meanwhile", "known before"])
    def test_what_was_promoted_before_the_yes_is_not_touched(self, twice: Stage, *, is_known: bool) -> None:
        """Somebody mended it while the question stood: nobody has said yes to taking that back (21143056380)."""
        theirs = twice.built("good") if is_known else ""
        at_s = twice.clock.now_s() + 30.0
        twice.world.at(at_s, lambda: twice.model.promote(APP, theirs or twice.built("good")))
        ended = twice.rollback(thinks_s=120.0)

        assert Verdict.SUPERSEDED is ended.verdict
        assert f"somebody has promoted {twice.active}" in ended.why
        assert [] == twice.rack.writes

    def test_a_release_that_served_all_along_is_nobodys_doing(self, twice: Stage) -> None:
        """So many were made since that the rack does not list it any more: it may be left all the same."""
        first, active, ask = twice.ledger.entries[1].release, twice.active, twice.rack.releases
        twice.rack.releases = lambda limit=20: tuple(each for each in ask(limit) if each.id != active)  # type: ignore[method-assign]
        ended = twice.rollback(first)

        assert Verdict.RESTORED is ended.verdict
        assert twice.build_of(first) == twice.build_of(twice.active)

    def test_a_rollout_that_ended_before_the_yes_is_not_cancelled(self, twice: Stage) -> None:
        """The rack gave it up by itself meanwhile: there is nothing to cancel, and the way back goes on."""
        stuck(twice)
        twice.world.at(twice.clock.now_s() + 30.0, lambda: twice.model.cancel(APP))
        ended = twice.rollback(thinks_s=240.0)

        assert Verdict.RESTORED is ended.verdict
        assert "cancel" not in twice.rack.writes

    def test_what_was_promoted_meanwhile_is_not_cancelled(self, twice: Stage) -> None:
        """The rollout that was to be cancelled is over, and another one is on: nobody has said yes to that."""
        stuck(twice)
        theirs = twice.built("stuck")
        at_s = twice.clock.now_s() + 3.0
        twice.rack.on_write = lambda _: twice.world.at(at_s, lambda: twice.model.promote(APP, theirs, force=True))
        ended = twice.rollback()

        assert Verdict.SUPERSEDED is ended.verdict
        assert theirs in ended.why
        assert ["cancel"] == twice.rack.writes
        assert theirs == twice.active


class TestCancelled:
    """A rollback that has cancelled a rollout has changed what serves, and no end of it says otherwise."""

    def test_a_rack_that_does_not_answer_then_is_no_refusal(self, twice: Stage) -> None:
        """Status 10 says that nothing was changed."""
        stuck(twice)
        twice.rack.on_write = lambda _: setattr(twice.rack, "is_dark", True)
        ended = twice.rollback()

        assert Verdict.ROLLBACK_UNCONFIRMED is ended.verdict
        assert "a rollout had been cancelled" in ended.why
        assert "deployer rollback --app demo" in ended.hints

    def test_nor_is_a_signal_a_mere_cancel(self, twice: Stage) -> None:
        """Status 130 says so too; and there is nothing that `resume` could take up."""
        stuck(twice)
        twice.rack.on_write = lambda _: twice.clock.interrupt_at(twice.clock.now_s() + 1.0, signal.SIGINT)

        assert Verdict.ROLLBACK_UNCONFIRMED is twice.rollback().verdict

    def test_a_second_cancel_that_is_refused_takes_nothing_back(self) -> None:
        """The rack's status lags: it reads `updating` for a while after the cancel, and is cancelled once more."""
        stage = Stage(physics=Physics(resync_s=2.0, mirror_lag_s=8.0))
        for program in ("good", "better"):
            stage.ship(program)
            stage.rest()
        stuck(stage)
        stage.rest(20.0)
        stage.rack.on_write = lambda _: setattr(stage.rack, "is_dark", len(stage.rack.writes) > 1)
        ended = stage.rollback()

        assert ["cancel", "cancel"] == stage.rack.writes
        assert Verdict.ROLLBACK_UNCONFIRMED is ended.verdict

    def test_one_who_takes_the_lock_over_heals_it_too(self, twice: Stage) -> None:
        """The newest release is the bad one's copy; what becomes of it is theirs to say."""
        stuck(twice)
        theirs = LockNote(ShipId("x"), "oncall:2", "2026", "2099", "rollback")
        twice.world.at(twice.clock.now_s() + 8.0, lambda: setattr(twice.ledger, "lock", theirs))
        twice.rollback()

        assert ["cancel"] == twice.rack.writes
        assert [True] == [each.is_warning for each in twice.sink.of(Said) if each.step == "heal"]


def test_nothing_proven_names_candidates(stage: Stage) -> None:
    """On an app that deployer never shipped to, candidates are named, never guessed."""
    for _ in range(2):
        build = stage.model.create_build(APP)
        release = stage.model.complete_build(APP, build.id, manifest_text("good"))
        stage.model.promote(APP, release.id)
        stage.rest()
    ended = stage.rollback()

    assert Verdict.REFUSED is ended.verdict
    assert stage.model.releases(APP, 2)[1].id in str(ended.problems)


def test_target_that_fails_is_unconfirmed(twice: Stage) -> None:
    """A rollback whose target does not come up pages somebody."""
    twice.world.programs["good"] = Program(ready_after_s=60, exits_after_s=1.0)
    ended = twice.rollback()

    assert Verdict.ROLLBACK_UNCONFIRMED is ended.verdict


class TestKeepEnv:
    def test_takes_back_code_only(self, twice: Stage) -> None:
        """The build is that of the old release, the env that of what serves now; the plan changes no key."""
        first, serving = twice.ledger.entries[1].release, twice.active
        ended = twice.rollback(keep_env=True)

        assert Verdict.RESTORED is ended.verdict
        assert (twice.build_of(first), "MODE=new") == (
            twice.build_of(twice.active),
            twice.model.release(APP, twice.active).env,
        )
        assert f"create-from {first} {serving}" == twice.rack.writes[0]
        assert not twice.sink.of(Planned)[0].plan.env
        assert f"{twice.active} serves, the build of {first}, env kept" == ended.serving

    def test_a_release_that_differs_in_env_alone_is_no_target(self, shipped: Stage) -> None:
        """With the env kept it would be what serves already: one with other code is looked for, and there is none."""
        shipped.promote(shipped.model.create_release(APP, env="MODE=new").id)
        shipped.rest()

        assert Verdict.REFUSED is shipped.rollback(keep_env=True).verdict
        assert Verdict.RESTORED is shipped.rollback().verdict

    def test_past_a_rollout_it_keeps_the_env_of_that(self, twice: Stage) -> None:
        """A cancel brings the old env back too, so the old code is promoted once more with today's."""
        serving = twice.active
        twice.world.programs["stuck"] = Program(ready_after_s=1e6)
        bad = twice.built("stuck", env="MODE=rotated")
        twice.model.promote(APP, bad)
        twice.clock.advance(5.0)
        ended = twice.rollback(keep_env=True)

        assert Verdict.RESTORED is ended.verdict
        assert ["cancel", f"create-from {serving} {bad}", f"promote {twice.active}"] == twice.rack.writes
        assert "MODE=rotated" == twice.model.release(APP, twice.active).env
