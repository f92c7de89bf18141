from __future__ import annotations

import pytest

from deployer.core.environment import Environment
from deployer.core.events import Planned
from deployer.core.names import ShipId
from deployer.core.verdict import Verdict
from deployer.engine.ports import LockNote
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
