from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from deployer.core.environment import Environment
from deployer.core.errors import CannotTell
from deployer.core.events import Ended, Intended, Judged, Looked, Planned, Said, Started
from deployer.core.names import ShipId
from deployer.core.verdict import Verdict
from deployer.engine.ports import LockNote
from deployer.rackmodel import Physics
from deployer.testing.programs import Program
from deployer.testing.rack import manifest_text, read_manifest
from tests.engine.conftest import APP, Stage


class TestGood:
    def test_first_ship_is_proven(self, stage: Stage) -> None:
        """An app without a release is shipped to, and every replica has answered for the new release."""
        ended = stage.ship("good")

        assert Verdict.SHIPPED is ended.verdict
        assert stage.active == ended.release
        assert {stage.active} == {row.release for row in stage.model.processes(APP)}

    def test_second_ship_replaces_the_first(self, shipped: Stage) -> None:
        """A new build over a serving one: proven, recorded, undo named."""
        before = shipped.active
        ended = shipped.ship("better")

        assert Verdict.SHIPPED is ended.verdict
        assert before != shipped.active == ended.release
        assert (f"undo: deployer rollback --app {APP}",) == ended.hints
        assert shipped.ledger.entries[0].release == shipped.active

    def test_one_promote_and_nothing_else(self, shipped: Stage) -> None:
        """A good ship writes: one build and one promote."""
        ended = shipped.ship("better")

        assert ["build", f"promote {ended.release}"] == shipped.rack.writes

    def test_nothing_is_written_before_the_plan(self, shipped: Stage) -> None:
        """The plan is on the stream before the first intent (I11)."""
        shipped.ship("better", wanted=Environment.of(MODE="new"))
        kinds = [type(event) for event in shipped.sink.events]

        assert Started is kinds[0]
        assert kinds.index(Planned) < kinds.index(Intended)
        assert Ended is kinds[-1]
        assert 1 == kinds.count(Ended)

    def test_env_that_differs_is_set_once(self, shipped: Stage) -> None:
        """Changed keys make one release before the build; the new release carries them."""
        ended = shipped.ship("better", wanted=Environment.of(MODE="new"))

        assert ["env set", "build", f"promote {ended.release}"] == shipped.rack.writes
        assert "MODE=new" == shipped.model.release(APP, shipped.active).env

    def test_env_that_is_equal_is_not_set(self, shipped: Stage) -> None:
        """The same env again creates no release."""
        shipped.ship("good", wanted=Environment.of(MODE="new"))
        shipped.rest()
        shipped.ship("better", wanted=Environment.of(MODE="new"))

        assert "env set" not in shipped.rack.writes

    def test_exclusive_env_removes_the_rest(self, shipped: Stage) -> None:
        """--env-exclusive leaves nothing but what was given."""
        shipped.ship("good", wanted=Environment.of(MODE="new", OTHER="1"))
        shipped.rest()
        shipped.ship("better", wanted=Environment.of(MODE="new"), env_exclusive=True)

        assert "MODE=new" == shipped.model.release(APP, shipped.active).env

    def test_lock_is_given_back(self, shipped: Stage) -> None:
        """Whatever the verdict, a finished run holds no lock."""
        shipped.ship("better")

        assert shipped.ledger.lock is None

    def test_progress_is_told_every_tick(self, shipped: Stage) -> None:
        """Every tick says how many replicas are new and how many are proven."""
        shipped.ship("better")
        counts = [
            (each.progress[0].running, each.progress[0].proven) for each in shipped.sink.of(Looked) if each.progress
        ]

        assert (0, 0) == counts[0]
        assert (2, 2) == counts[-1]

    def test_services_without_ids_are_sampled(self, shipped: Stage) -> None:
        """A service whose answers name no process is proven by sampling."""
        shipped.world.programs["better"] = Program(names_process=False)
        shipped.world.programs["good"] = Program(names_process=False)
        ended = shipped.ship("better")

        assert Verdict.SHIPPED is ended.verdict


class TestDoomed:
    @pytest.mark.parametrize("program", ["crashes", "never-ready", "lies", "errors", "crashes-late"])
    def test_bad_release_is_taken_back(self, shipped: Stage, program: str) -> None:
        """Whatever is wrong with the new code, the old release serves again, proven, and says so."""
        before = shipped.active
        stage = replace_soak(shipped, 30.0)
        ended = stage.ship(program)

        assert Verdict.ROLLED_BACK is ended.verdict
        assert stage.build_of(before) == stage.build_of(stage.active)
        stage.rest()
        assert {"running"} == {row.status for row in stage.model.processes(APP)}

    def test_crash_is_known_in_seconds(self, shipped: Stage) -> None:
        """From promote to the end of the way back in under 20 s of the rack's time."""
        shipped.ship("crashes")

        assert shipped.since_promote_s() < 20.0

    def test_cancel_keeps_the_old_processes(self, shipped: Stage) -> None:
        """While the rack is updating, the way back is a cancel: no process of the old release is restarted."""
        before = {row.id for row in shipped.model.processes(APP)}
        shipped.ship("crashes")
        shipped.rest()

        assert before == {row.id for row in shipped.model.processes(APP)}

    @pytest.mark.parametrize("program", ["crashes", "crashes-late"])
    def test_keys_that_are_taken_back_are_named(self, shipped: Stage, program: str) -> None:
        """By a cancel or by a copy, the env goes back too: that of the ship, and what others had staged."""
        shipped.model.create_release(APP, env="THEIRS=1")
        replace_soak(shipped, 60.0).ship(program, wanted=Environment.of(MODE="bad"))
        told = "\n".join(each.text for each in shipped.sink.of(Said))

        assert "its env too: MODE, THEIRS" in told
        assert "staged keys left behind: THEIRS" in told

    def test_fork_base_is_healed(self, shipped: Stage) -> None:
        """After a cancel the newest release is a copy of the bad one: no build may fork from it."""
        good = shipped.active
        shipped.ship("crashes", wanted=Environment.of(MODE="bad"))

        assert shipped.build_of(good) == shipped.build_of(shipped.newest)
        assert "" == shipped.model.release(APP, shipped.newest).env

    def test_late_failure_is_rolled_back_by_a_copy(self, shipped: Stage) -> None:
        """Once the rack says running there is nothing to cancel: a copy of the old release is promoted and proven."""
        before = shipped.active
        ended = replace_soak(shipped, 60.0).ship("crashes-late")

        assert Verdict.ROLLED_BACK is ended.verdict
        assert f"create-from {before} {before}" in shipped.rack.writes
        assert before != shipped.active

    def test_what_others_made_during_a_way_back_is_named(self, shipped: Stage) -> None:
        """Their build is on top of our copy, and the next one begins with it: with the bad release's env, perhaps."""
        theirs: list[str] = []

        def builds(words: str) -> None:
            if words.startswith("promote"):
                theirs.append(shipped.built())

        shipped.rack.on_write = builds
        replace_soak(shipped, 60.0).ship("crashes-late")
        told = [each.text for each in shipped.sink.of(Said) if each.step == "heal" and each.is_warning]

        assert 2 == len(theirs)
        assert 1 == len(told)
        assert theirs[-1] in told[0]

    def test_the_end_says_that_nobody_met_an_error(self, shipped: Stage) -> None:
        """Old processes answer while the new ones crash: what was heard from the promote on is all good."""
        ended = shipped.ship("crashes")

        assert ended.heard is not None
        assert sum(look.answers for look in shipped.sink.of(Looked)) == ended.heard.answers > 0
        assert (0, 0, "") == (ended.heard.errors, ended.heard.lost, ended.heard.trouble_from)

    def test_the_end_says_when_there_were_errors(self, shipped: Stage) -> None:
        """A release that fails in front of users: how many answers, and from when to when."""
        ended = replace_soak(shipped, 60.0).ship("errors")
        looks = shipped.sink.of(Looked)
        bad = [look.looked_at for look in looks if any(each.status_code != 200 for each in look.heard)]

        assert ended.heard is not None
        assert 0 < ended.heard.errors < ended.heard.answers
        assert (bad[0], bad[-1]) == (ended.heard.trouble_from, ended.heard.trouble_to)

    def test_a_deaf_probe_is_told_as_no_answer(self, shipped: Stage) -> None:
        """Questions that are lost are no answers and no errors."""
        shipped.probe.is_deaf = True
        ended = shipped.ship("crashes", accept_ps=True)

        assert ended.heard is not None
        assert (0, 0) == (ended.heard.answers, ended.heard.errors)
        assert ended.heard.lost > 0

    def test_first_deploy_leaves_nothing(self, stage: Stage) -> None:
        """A first release that cannot start is cancelled, and nothing of it runs."""
        ended = stage.ship("crashes")

        assert Verdict.FIRST_FAILED is ended.verdict
        assert ended.heard is None
        assert ["heal"] == [
            each.step for each in stage.sink.of(Said) if each.is_warning and "no good release" in each.text
        ]
        assert [] == [row for row in stage.model.processes(APP) if row.service == "api"]

    def test_no_rollback_leaves_it(self, shipped: Stage) -> None:
        """--no-rollback: the bad release stays, and the verdict says so."""
        ended = shipped.ship("crashes", no_rollback=True)

        assert Verdict.LEFT_BAD is ended.verdict
        assert "cancel" not in shipped.rack.writes

    @pytest.mark.parametrize("program", ["crashes", "crashes-late"])
    def test_irreversible_leaves_it_and_names_the_way(self, shipped: Stage, program: str) -> None:
        """Rolling out or up: a bad release is left where it is, with the exact command that takes it back."""
        before = shipped.active
        ended = replace_soak(shipped, 60.0).ship(program, irreversible=True)

        assert Verdict.LEFT_BAD is ended.verdict
        assert (f"deployer rollback {before} --app {APP}",) == ended.hints
        assert "it was declared --irreversible" in ended.why
        assert ["build", f"promote {shipped.active}"] == shipped.rack.writes

    def test_the_way_back_of_an_irreversible_one_works(self, shipped: Stage) -> None:
        """The command that the verdict names takes it back, when a person decides so."""
        before = shipped.active
        shipped.ship("crashes", irreversible=True)

        assert Verdict.RESTORED is shipped.rollback(before).verdict
        assert before == shipped.active

    def test_a_baseline_that_does_not_serve_is_no_way_back(self, shipped: Stage) -> None:
        """A ship over a broken release is let through, but there is nothing good to go back to."""
        shipped.world.programs["good"] = Program(health_code=500)
        ended = shipped.ship("crashes")

        assert Verdict.LEFT_BAD is ended.verdict

    def test_nobody_is_sent_back_to_what_does_not_serve(self, shipped: Stage) -> None:
        """Over a broken baseline the way out of an irreversible one is whatever was proven, not that."""
        shipped.world.programs["good"] = Program(health_code=500)
        ended = shipped.ship("crashes", irreversible=True)

        assert Verdict.LEFT_BAD is ended.verdict
        assert (f"deployer rollback --app {APP}",) == ended.hints

    def test_fix_forward_over_a_broken_baseline(self, shipped: Stage) -> None:
        """A bad baseline never refuses a ship."""
        shipped.world.programs["good"] = Program(health_code=500)
        ended = shipped.ship("better")

        assert Verdict.SHIPPED is ended.verdict

    def test_a_rack_that_goes_back_by_itself_is_reverted(self, shipped: Stage) -> None:
        """An error in the rack's own check reverts the promote: the old release is proven, nothing is promoted."""
        before = shipped.active
        shipped.world.at(shipped.clock.now_s() + 9.0, lambda: shipped.model.fail_next_check(APP))
        shipped.world.programs["slow"] = Program(ready_after_s=40.0)
        ended = shipped.ship("slow")

        assert Verdict.REVERTED is ended.verdict
        assert before == shipped.active

    def test_a_process_that_took_on_the_failed_release_is_stopped(self, shipped: Stage) -> None:
        """
        One of the old release that restarted in mid-rollout reports the failed one, for ever: it is stopped, once, and
        what comes in its place is proven (convox-facts 10.1).
        """
        turncoat = next(row.id for row in shipped.model.processes(APP))

        def turn() -> None:
            life = shipped.world.lives[turncoat]
            shipped.world.lives[turncoat] = replace(life, env={**life.env, "RELEASE": shipped.active})

        shipped.rack.on_write = lambda words: (
            shipped.world.at(shipped.clock.now_s() + 3.0, turn) if words.startswith("promote") else None
        )
        ended = shipped.ship("crashes")

        assert Verdict.ROLLED_BACK is ended.verdict
        assert 1 == shipped.rack.writes.count(f"stop {turncoat}")
        assert turncoat not in {row.id for row in shipped.model.processes(APP)}

    def test_it_is_not_where_somebody_has_taken_the_lock_over(self, shipped: Stage) -> None:
        """They are bringing the old release home: nothing is written any more, a `ps stop` neither (design 2.7)."""
        turncoat = next(row.id for row in shipped.model.processes(APP))

        def turn() -> None:
            life = shipped.world.lives[turncoat]
            shipped.world.lives[turncoat] = replace(life, env={**life.env, "RELEASE": shipped.active})

        def strike(words: str) -> None:
            if words.startswith("promote"):
                shipped.world.at(shipped.clock.now_s() + 3.0, turn)
            if words == "cancel":
                shipped.ledger.lock = LockNote(ShipId("x"), "oncall:2", "2026", "2099", "rollback")

        shipped.rack.on_write = strike
        shipped.ship("crashes")

        assert "cancel" == shipped.rack.writes[-1]

    def test_a_cancel_that_comes_back_to_the_bad_one_is_not_the_end(self, stage: Stage) -> None:
        """Promoted twice it is the rack's own "previous" (faults 0.2): the way back is a copy of the old one."""
        stage.rack.service = {"scale": {"count": 4}, "deployment": {"minimum": 100, "maximum": 125}}
        stage.ship("good")
        stage.rest()
        before = stage.active

        def promote_again(words: str) -> None:
            release = words.removeprefix("promote ")
            if len(stage.rack.writes) == 2:
                stage.world.at(stage.clock.now_s() + 1.0, lambda: stage.model.promote(APP, release, force=True))

        stage.rack.on_write = promote_again
        stage.world.programs["sick"] = Program(says_release="ROTHERCODE")
        ended = stage.ship("sick")

        assert Verdict.ROLLED_BACK is ended.verdict
        assert ["cancel", f"create-from {before} {before}"] == stage.rack.writes[2:4]
        assert stage.build_of(before) == stage.build_of(stage.active)

    def test_a_cancel_without_an_answer_shows_in_what_the_rack_does(self) -> None:
        """It goes back after it, so nobody waits for its status, which lingers for minutes after a first release."""
        stage = Stage(physics=Physics(empty_rollback_linger_s=900.0))
        make = stage.rack.cancel

        def unanswered() -> None:
            make()
            raise CannotTell("the reply was lost")

        stage.rack.cancel = unanswered  # type: ignore[method-assign]
        ended = stage.ship("crashes")

        assert Verdict.FIRST_FAILED is ended.verdict
        assert 1 == stage.rack.writes.count("cancel")

    def test_a_status_that_lingers_is_said_and_not_waited_for(self) -> None:
        """The rack goes on saying `rollback` after a cancel; the processes tell."""
        stage = Stage(physics=Physics(resync_s=2.0, rollback_linger_s=90.0))
        stage.ship("good")
        stage.rest()
        ended = stage.ship("crashes")
        [proven] = [each.text for each in stage.sink.of(Said) if "proven on" in each.text]

        assert Verdict.ROLLED_BACK is ended.verdict
        assert proven.endswith("· the rack still says rollback")
        assert stage.since_promote_s() < 30.0

    def test_every_answer_says_why(self, shipped: Stage) -> None:
        """The verdict carries the doom's one sentence, and what the failing process said last."""
        ended = shipped.ship("crashes")

        assert "all 2 new processes of api crash at start: fatal: MODE must be set" == ended.why
        assert ["doomed"] == [each.judgement for each in shipped.sink.of(Judged) if each.judgement == "doomed"]


class TestUntouched:
    def test_no_such_app(self, stage: Stage) -> None:
        """ship creates no app."""
        stage.rack._app = stage.probe._app = type(APP)("nope")
        ended = stage.ship("good")

        assert Verdict.REFUSED is ended.verdict
        assert ended.hints or ended.problems
        assert [] == stage.rack.writes

    def test_required_env_missing(self, shipped: Stage) -> None:
        """A key that convox.yml requires and nobody set is found before anything is written, all of them at once."""
        shipped.rack.service = {"environment": ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "LOG_LEVEL=info"]}
        ended = shipped.ship("better")

        assert Verdict.REFUSED is ended.verdict
        assert 2 == len(ended.problems)
        assert [] == shipped.rack.writes

    def test_env_that_replaces_what_the_rack_sets_is_warned_of(self, shipped: Stage) -> None:
        """`PORT` in the app's env moves it off its probes (convox-facts 3.7); it is there already, so it is told."""
        shipped.model.create_release(APP, env="PORT=9")
        shipped.ship("better")

        assert any("PORT in the app's env" in each for each in shipped.sink.of(Planned)[0].plan.warnings)

    def test_value_with_a_line_break(self, shipped: Stage) -> None:
        """What Convox would cut off is refused by name, and the value is not in the message."""
        ended = shipped.ship("better", wanted=Environment.of(PEM="line one\nline two"))

        assert Verdict.REFUSED is ended.verdict
        assert "PEM" in ended.why
        assert "line one" not in str(shipped.sink.events)

    def test_another_ship_is_at_work(self, shipped: Stage) -> None:
        """A lock that somebody holds makes a ship busy."""
        shipped.ledger.lock = LockNote(ShipId("x"), "gha:1", "2026", "2099", "ship")
        ended = shipped.ship("better")

        assert Verdict.BUSY is ended.verdict
        assert [] == shipped.rack.writes

    def test_an_app_that_keeps_updating_is_busy(self, shipped: Stage) -> None:
        """A rollout that somebody else has on is waited for, then left alone."""
        other = shipped.model.create_release(APP, env="X=1")
        shipped.world.programs["good"] = Program(ready_after_s=1e6)
        shipped.model.promote(APP, other.id)
        ended = shipped.ship("better")

        assert Verdict.BUSY is ended.verdict
        assert [] == shipped.rack.writes

    def test_build_that_fails(self, shipped: Stage) -> None:
        """A failed build changes nothing that serves, and says why."""
        before = shipped.active
        manifest = read_manifest(manifest_text("better"))  # what preflight reads does not name the key
        shipped.rack.service = {"environment": ["NEEDED"]}
        ended = shipped.ship("better", manifest=manifest)

        assert Verdict.BUILD_FAILED is ended.verdict
        assert "NEEDED" in ended.why
        assert before == shipped.active

    def test_dark_rack_refuses(self, shipped: Stage) -> None:
        """A rack that does not answer refuses the ship."""
        shipped.rack.is_dark = True
        ended = shipped.ship("better")

        assert Verdict.REFUSED is ended.verdict
        assert [] == shipped.rack.writes

    def test_staged_changes_can_be_refused(self, shipped: Stage) -> None:
        """Env that others set and never promoted would ride along; --staged refuse says no."""
        shipped.model.create_release(APP, env="SOMEBODYS=1")
        ended = shipped.ship("better", refuse_staged=True)

        assert Verdict.REFUSED is ended.verdict
        assert "SOMEBODYS" in ended.why

    def test_staged_changes_are_named(self, shipped: Stage) -> None:
        """By default they ship along, and the plan names them."""
        shipped.model.create_release(APP, env="SOMEBODYS=1")
        shipped.ship("better")

        assert ("SOMEBODYS",) == shipped.sink.of(Planned)[0].plan.staged

    def test_env_changed_during_the_build(self, shipped: Stage) -> None:
        """A build takes the env that is newest when it finishes: somebody's edit meanwhile is not promoted."""

        def somebody() -> None:
            shipped.model.create_release(APP, env="SNEAKED=1")

        shipped.world.at(shipped.clock.now_s() + 3.0, somebody)
        ended = shipped.ship("better")

        assert Verdict.BUSY is ended.verdict
        assert "SNEAKED" in ended.why
        assert ["build"] == shipped.rack.writes


class TestOthers:
    def test_somebody_promotes_during_ours(self, shipped: Stage) -> None:
        """Another release becomes active: nothing of ours is written over it (I3)."""

        def somebody() -> None:
            shipped.model.promote(APP, shipped.model.create_release(APP, env="X=1").id, force=True)

        shipped.world.at(shipped.clock.now_s() + 9.0, somebody)
        shipped.world.programs["slow"] = Program(ready_after_s=40.0)
        ended = shipped.ship("slow")

        assert Verdict.SUPERSEDED is ended.verdict
        assert 2 == len(shipped.rack.writes)

    def test_rack_that_goes_dark_is_lost_sight(self, shipped: Stage) -> None:
        """No read is answered any more: nothing is rolled back from ignorance (I6)."""
        shipped.world.programs["slow"] = Program(ready_after_s=40.0)
        shipped.world.at(shipped.clock.now_s() + 9.0, lambda: setattr(shipped.rack, "is_dark", True))
        ended = shipped.ship("slow")

        assert Verdict.LOST_SIGHT is ended.verdict
        assert 2 == len(shipped.rack.writes)


class TestInterrupted:
    @pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
    def test_during_the_build(self, shipped: Stage, signum: int, status: int) -> None:
        """Before any promote nothing that serves has changed, the status is the signal's, and the lock is free."""
        before = shipped.active
        shipped.clock.interrupt_at(shipped.clock.now_s() + 3.0, signum)
        ended = shipped.ship("better")

        assert status == ended.verdict.status
        assert before == shipped.active
        assert shipped.ledger.lock is None

    @pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
    def test_during_the_watch(self, shipped: Stage, signum: int) -> None:
        """After the promote: 42, the release named, the lock kept, and how to go on."""
        shipped.clock.interrupt_at(shipped.clock.now_s() + 10.0, signum)
        ended = shipped.ship("better")

        assert Verdict.INTERRUPTED is ended.verdict
        assert ended.release == shipped.active
        assert "resume" in ended.hints[0]
        assert shipped.ledger.lock is not None

    def test_hang_up_after_the_promote_is_not_heard(self, shipped: Stage) -> None:
        """The terminal is gone, the ship goes on."""
        shipped.clock.interrupt_at(shipped.clock.now_s() + 10.0, signal.SIGHUP)
        ended = shipped.ship("better")

        assert Verdict.SHIPPED is ended.verdict


def replace_soak(stage: Stage, soak_s: float) -> Stage:
    stage.policy = replace(stage.policy, soak_s=soak_s)
    return stage
