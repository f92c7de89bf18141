from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deployer.core.capabilities import May
from deployer.core.environment import Environment
from deployer.core.errors import TimedOut
from deployer.core.events import Ended, Event, Planned, Resumed, Said
from deployer.core.models import RackInfo, ReleaseCommand
from deployer.core.names import ServiceName
from deployer.core.summary import Summary
from deployer.core.verdict import Verdict
from deployer.engine.ports import LockNote
from deployer.engine.resume import ResumeRequest, resume
from deployer.rackmodel import Physics
from deployer.testing import ManualClock, RecordingSink, SimulatedRack
from deployer.testing.programs import Program
from tests.engine.conftest import APP, Stage


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more."""


class Dying(RecordingSink):
    """Is killed as the event of that number is on disk."""

    def __init__(self, clock: ManualClock, dies_at: int) -> None:
        super().__init__(clock)
        self.dies_at = dies_at

    def record(self, event: Event) -> None:
        super().record(event)
        if len(self.events) == self.dies_at:
            self.dies_at = 0  # the run that takes it up lives
            raise Killed


def killed(dies_at: int, program: str) -> tuple[Stage, Summary] | None:
    """A ship over a good release, killed at its nth event, and its journal; `None` where it has fewer."""
    stage = Stage()
    stage.ship("good")
    stage.rest()
    stage.sink = Dying(stage.clock, dies_at)
    try:
        stage.ship(program, wanted=Environment.of(MODE="new"))
    except Killed:
        return stage, told(stage)
    return None


def interrupted(stage: Stage, program: str) -> Summary:
    """A ship of `program` that a signal ended 10 s in, after its promote, as its journal tells it."""
    stage.clock.interrupt_at(stage.clock.now_s() + 10.0, signal.SIGTERM)
    assert Verdict.INTERRUPTED is stage.ship(program).verdict
    return told(stage)


def told(stage: Stage) -> Summary:
    summary = Summary()
    for event in stage.sink.events:
        summary = summary.after(event)
    return summary


def taken_up(stage: Stage, past: Summary, *, age_s: float = 60.0, yes: bool = False, abort: bool = False) -> Ended:
    request = ResumeRequest(
        ship=stage.next_ship(), actor="tester", policy=stage.policy, past=past, age_s=age_s, yes=yes, abort=abort
    )
    return stage.run("resume", lambda ports: resume(request, ports), request.ship)


def test_good_release_is_shipped_after_all(shipped: Stage) -> None:
    """The watch goes on where it was left, and nothing is promoted again."""
    past = interrupted(shipped, "better")
    ended = taken_up(shipped, past)

    assert Verdict.SHIPPED is ended.verdict
    assert past.promoting == ended.release
    assert [] == shipped.rack.writes
    assert ended.heard is not None
    assert ended.heard.is_partial


def test_a_promote_that_does_not_show_yet_is_waited_for() -> None:
    """The rack's words lag behind what it does: so soon after a promote they cannot say that there was none."""
    stage = Stage(physics=Physics(resync_s=2.0, mirror_lag_s=20.0))
    stage.ship("good")
    stage.rest()
    past = interrupted(stage, "better")
    ended = taken_up(stage, past, age_s=1.0)

    assert past.is_promote_unknown
    assert Verdict.SHIPPED is ended.verdict
    assert past.promoting == ended.release


def test_it_is_still_waited_for_when_resume_is_cut_short_as_well() -> None:
    """What the first did not see the second one must not take for gone."""
    stage = Stage(physics=Physics(resync_s=2.0, mirror_lag_s=50.0))
    stage.ship("good")
    stage.rest()
    past = interrupted(stage, "better")
    stage.clock.interrupt_at(stage.clock.now_s() + 3.0, signal.SIGTERM)
    first = taken_up(stage, past, age_s=1.0)
    ended = taken_up(stage, told(stage), age_s=1.0)

    assert Verdict.INTERRUPTED is first.verdict
    assert (Verdict.SHIPPED, past.promoting) == (ended.verdict, ended.release)


def test_a_rack_that_does_not_answer_leaves_it_interrupted(shipped: Stage) -> None:
    """Nothing was seen, so nobody may say that nothing is rolling out."""
    past = interrupted(shipped, "better")
    shipped.rack = Unreachable(shipped.world, APP, shipped.clock)
    ended = taken_up(shipped, past)

    assert Verdict.INTERRUPTED is ended.verdict
    assert past.promoting == ended.release


def test_bad_release_is_taken_back(shipped: Stage) -> None:
    """What is doomed is taken back, as the ship would have done."""
    before = shipped.active
    past = interrupted_while_starting(shipped)
    ended = taken_up(shipped, past)

    assert Verdict.ROLLED_BACK is ended.verdict
    assert before == shipped.active


class Unreachable(SimulatedRack):
    def info(self) -> RackInfo:
        raise TimedOut("convox did not answer in time")


def test_an_interrupted_way_back_ends_as_one(shipped: Stage) -> None:
    """What it proves is what served before: nobody may read that the release was shipped."""
    before = shipped.build_of(shipped.active)
    shipped.world.programs["fails"] = Program(fails_from_s=8.0)
    past = interrupted_on_the_way_back(shipped)
    ended = taken_up(shipped, past)

    assert Verdict.ROLLED_BACK is ended.verdict
    assert before == shipped.build_of(shipped.active)
    assert [] == shipped.rack.writes


def interrupted_on_the_way_back(stage: Stage) -> Summary:
    def stops(words: str) -> None:
        if words.startswith("promote ") and len([w for w in stage.rack.writes if w.startswith("promote ")]) == 2:
            stage.clock.interrupt_at(stage.clock.now_s() + 1.0, signal.SIGTERM)

    stage.rack.on_write = stops
    assert Verdict.INTERRUPTED is stage.ship("fails").verdict
    return told(stage)


def interrupted_while_starting(stage: Stage) -> Summary:
    stage.world.programs["dies"] = Program(ready_after_s=60.0, exits_after_s=6.0)
    return interrupted(stage, "dies")


def test_rack_that_went_back_meanwhile_is_reverted(shipped: Stage) -> None:
    """The rack is on the old release again: it is proven, nothing is promoted."""
    before = shipped.active
    past = interrupted_while_starting(shipped)
    shipped.model.cancel(APP)
    shipped.rest()
    ended = taken_up(shipped, past)

    assert Verdict.REVERTED is ended.verdict
    assert before == shipped.active


def test_an_old_ship_is_not_taken_back_without_a_yes(shipped: Stage) -> None:
    """After half an hour somebody may have come to rely on what is there (design 2.7)."""
    past = interrupted_while_starting(shipped)
    ended = taken_up(shipped, past, age_s=3600.0)

    assert Verdict.LEFT_BAD is ended.verdict
    assert "cancel" not in shipped.rack.writes


def test_a_ship_that_promoted_nothing_has_nothing_to_resume(shipped: Stage) -> None:
    """Interrupted during the build: say so."""
    shipped.clock.interrupt_at(shipped.clock.now_s() + 3.0, signal.SIGINT)
    shipped.ship("better")
    ended = taken_up(shipped, told(shipped))

    assert Verdict.REFUSED is ended.verdict


def test_a_ship_that_ended_is_over(shipped: Stage) -> None:
    """A verdict is final."""
    shipped.ship("better")
    ended = taken_up(shipped, told(shipped))

    assert Verdict.REFUSED is ended.verdict
    assert "shipped" in ended.why


@pytest.mark.parametrize("at_s", [8.0, 10.0, 14.0, 20.0])
def test_resume_may_itself_be_interrupted(shipped: Stage, at_s: float) -> None:
    """Taken up, interrupted and taken up again, the ship still ends shipped, with one promote in all."""
    past = interrupted(shipped, "better")
    shipped.clock.interrupt_at(shipped.clock.now_s() + at_s - 7.9, signal.SIGINT)
    first = taken_up(shipped, past)
    ended = first if first.verdict is Verdict.SHIPPED else taken_up(shipped, told(shipped))

    assert first.verdict in (Verdict.SHIPPED, Verdict.INTERRUPTED)
    assert Verdict.SHIPPED is ended.verdict


def every_kill(program: str) -> Iterator[tuple[str, Stage, Summary]]:
    """The ship killed at each of its events in turn."""
    n = 1
    while left := killed(n, program):
        stage, past = left
        yield f"killed at event {n}, {type(stage.sink.events[-1]).__name__}", stage, past
        n += 1
    assert n > 20


class TestFromAnyBeginning:
    """A run may be killed as any of its events is on disk; what then is there is enough (I9)."""

    @pytest.mark.parametrize(("program", "verdict"), [("better", Verdict.SHIPPED), ("crashes", Verdict.ROLLED_BACK)])
    def test_resume_brings_it_home(self, program: str, verdict: Verdict) -> None:
        """It ends as the ship would have, or had changed nothing; never with another promote of the same release."""
        for when, stage, past in every_kill(program):
            before, serving = list(stage.rack.writes), stage.active
            ended = taken_up(stage, past)
            promotes = [each for each in (*before, *stage.rack.writes) if each.startswith("promote")]

            untouched = {Verdict.REFUSED, Verdict.NOT_PROMOTED, Verdict.BUILD_UNKNOWN}
            assert ended.verdict in {verdict, *untouched}, f"{when}: {ended}"
            assert len(set(promotes)) == len(promotes), when
            if ended.verdict in untouched:
                assert serving == stage.active, when
            else:
                assert stage.ledger.lock is None, when

    @pytest.mark.parametrize("program", ["better", "crashes"])
    def test_abort_leaves_what_served_before(self, program: str) -> None:
        """Proven again where it had been replaced, and the newest release is the good one; else nothing is written."""
        for when, stage, past in every_kill(program):
            good = stage.ledger.entries[-1].release  # the first that was ever proven
            ended = taken_up(stage, past, abort=True)
            stage.rest()
            if past.ended:
                assert Verdict.REFUSED is ended.verdict
                continue

            assert ended.verdict in (Verdict.RESTORED, Verdict.REFUSED, Verdict.NOT_PROMOTED), f"{when}: {ended}"
            assert stage.build_of(good) == stage.build_of(stage.active), when
            assert {"running"} == {row.status.value for row in stage.model.processes(APP)}, when
            if ended.verdict is Verdict.RESTORED:
                assert stage.build_of(good) == stage.build_of(stage.newest), when

    @pytest.mark.parametrize("abort", [False, True])
    def test_twice_is_as_good_as_once(self, abort: bool) -> None:
        """What the second run finds is done already: nothing is promoted, nothing cancelled."""
        stage, past = killed(24, "crashes") or pytest.fail("it ended before")
        taken_up(stage, past, abort=abort)
        again = taken_up(stage, told(stage), abort=abort)

        assert Verdict.REFUSED is again.verdict
        assert "nothing to do" in again.why
        assert [] == stage.rack.writes

    @pytest.mark.parametrize("abort", [False, True])
    def test_it_may_be_killed_itself(self, abort: bool) -> None:
        """Killed at any event of its own, it is taken up like any other run."""
        wanted = Verdict.RESTORED if abort else Verdict.ROLLED_BACK
        for n in range(1, 40):
            stage, past = killed(24, "crashes") or pytest.fail("it ended before")
            stage.sink = Dying(stage.clock, n)
            try:
                taken_up(stage, past, abort=abort)
            except Killed:
                second = told(stage)
                if second.ended:
                    assert wanted is second.ended.verdict
                    return
                ended = taken_up(stage, second if second.promoting else past, abort=abort)
                assert wanted is ended.verdict, f"killed at event {n}: {ended}"


class TestAWayBackThatWasLeft:
    def test_copy_that_was_promoted_is_proven(self, shipped: Stage) -> None:
        """The old release is on its way as a copy: it is no new release to be shipped, nor to be taken back."""
        past = left_going_back(shipped)
        copy = past.promoting
        ended = taken_up(shipped, past)

        assert (Verdict.ROLLED_BACK, copy) == (ended.verdict, ended.release)
        assert [] == shipped.rack.writes

    def test_doom_is_not_forgotten(self, shipped: Stage) -> None:
        """What was doomed is taken back, though it looks well by now (rule R7)."""
        past = replace(interrupted(shipped, "better"), doom="all new processes crash")
        ended = taken_up(shipped, past)

        assert Verdict.ROLLED_BACK is ended.verdict
        assert "all new processes crash" in ended.why

    def test_its_run_says_so_for_the_next(self, shipped: Stage) -> None:
        """If that is left too, its own journal is enough."""
        past = left_going_back(shipped)
        taken_up(shipped, past)

        [resumed] = shipped.sink.of(Resumed)
        assert (past.promoting, past.left, past.doom) == (resumed.release, resumed.left, resumed.doom)


def left_going_back(stage: Stage) -> Summary:
    """A ship that is killed right after it has promoted a copy of the old release."""
    stage.policy = replace(stage.policy, soak_s=60.0)
    stage.rack.on_write = lambda words: (
        stage.clock.interrupt_at(stage.clock.now_s() + 1.0, signal.SIGTERM)
        if words.startswith("promote") and any(each.startswith("create-from") for each in stage.rack.writes)
        else None
    )
    assert Verdict.INTERRUPTED is stage.ship("crashes-late").verdict
    stage.rack.on_write = lambda _: None
    past = told(stage)
    assert past.left
    return past


class TestAbort:
    def test_a_good_release_is_taken_back_too(self, shipped: Stage) -> None:
        """A person says so; the old one is proven, and the verdict is that of a rollback that was asked for."""
        before = shipped.active
        past = interrupted(shipped, "better")
        ended = taken_up(shipped, past, abort=True)

        assert Verdict.RESTORED is ended.verdict
        assert shipped.build_of(before) == shipped.build_of(shipped.active)
        assert "taken back by tester" in ended.why

    def test_what_it_had_not_promoted_is_named(self, shipped: Stage) -> None:
        """Nothing serves anew, so nothing is to take back; its releases are named and its lock is given back."""
        shipped.clock.interrupt_at(shipped.clock.now_s() + 3.0, signal.SIGINT)
        shipped.ship("better", wanted=Environment.of(MODE="new"))
        past = replace(told(shipped), ended=None)
        ended = taken_up(shipped, past, abort=True)

        assert Verdict.REFUSED is ended.verdict
        assert f"made but not promoted: {past.env_release}" in str(ended.problems)
        assert [] == shipped.rack.writes

    def test_a_wish_is_overruled(self, shipped: Stage) -> None:
        """`--no-rollback` was for the ship by itself."""
        shipped.clock.interrupt_at(shipped.clock.now_s() + 10.0, signal.SIGTERM)
        shipped.ship("better", no_rollback=True)

        assert Verdict.RESTORED is taken_up(shipped, told(shipped), abort=True).verdict

    def test_what_cannot_be_undone_is_left(self, shipped: Stage) -> None:
        """`--irreversible` holds: the command is named for a person to decide on."""
        before = shipped.active
        shipped.clock.interrupt_at(shipped.clock.now_s() + 10.0, signal.SIGTERM)
        shipped.ship("better", irreversible=True)
        ended = taken_up(shipped, told(shipped), abort=True)

        assert Verdict.LEFT_BAD is ended.verdict
        assert f"deployer rollback {before} --app {APP}" in ended.hints

    def test_an_old_ship_wants_a_yes(self, shipped: Stage) -> None:
        """After half an hour somebody may have come to rely on what is there (design 2.7)."""
        past = interrupted(shipped, "better")
        serving = shipped.active

        refused = taken_up(shipped, past, age_s=3600.0, abort=True)
        assert (serving, []) == (shipped.active, shipped.rack.writes)
        done = taken_up(shipped, past, age_s=3600.0, abort=True, yes=True)

        assert "--yes" in str((refused.why, refused.problems, refused.hints))
        assert Verdict.RESTORED is done.verdict


class TestAdoptedBuild:
    @pytest.fixture
    def building(self, shipped: Stage) -> Summary:
        """A ship that was killed while its build was on, and the build has gone on."""
        shipped.rack.on_write = lambda words: (
            shipped.clock.interrupt_at(shipped.clock.now_s() + 1.0, signal.SIGKILL) if words == "build" else None
        )
        shipped.ship("better", wanted=Environment.of(MODE="new"), release_command=MIGRATE)
        shipped.rack.on_write = lambda _: None
        past = replace(told(shipped), ended=None)
        self.completes(shipped)
        return past

    def completes(self, stage: Stage) -> None:
        build, text = stage.model.builds(APP)[0], stage.rack.convox_yml("better")

        def complete() -> None:
            stage.model.complete_build(APP, build.id, text)

        stage.world.at(stage.clock.now_s() + 4.0, complete)

    def test_it_is_waited_for_and_shipped(self, shipped: Stage, building: Summary) -> None:
        """Everything after the build is done as the ship would have: release command, gate, promote, proof."""
        ended = taken_up(shipped, building)

        assert Verdict.SHIPPED is ended.verdict
        assert [f"run api {ended.release}", f"promote {ended.release}"] == shipped.rack.writes
        assert "MODE=new" == shipped.model.release(APP, shipped.active).env
        assert "resume" == shipped.sink.of(Planned)[0].plan.command
        assert shipped.ledger.lock is None

    def test_its_release_command_is_run_once(self, shipped: Stage, building: Summary) -> None:
        """One that has run is not run again; of one that may be running still nobody takes the risk."""
        unsure = taken_up(shipped, replace(building, command="cannot tell"))
        assert Verdict.COMMAND_FAILED is unsure.verdict
        sure = taken_up(shipped, replace(building, command="done"))

        assert Verdict.SHIPPED is sure.verdict
        assert [f"promote {sure.release}"] == shipped.rack.writes

    def test_env_that_came_between_does_not_ride_along(self, shipped: Stage, building: Summary) -> None:
        """A build takes the newest env when it finishes (convox-facts 3.1)."""
        shipped.model.create_release(APP, env="MODE=new\nTHEIRS=1")
        ended = taken_up(shipped, building)

        assert Verdict.BUSY is ended.verdict
        assert "THEIRS" in ended.why
        assert [] == shipped.rack.writes

    def test_after_long_it_is_only_told(self, shipped: Stage, building: Summary) -> None:
        """Half an hour later a promote is a person's to decide."""
        ended = taken_up(shipped, building, age_s=3600.0)

        assert Verdict.REFUSED is ended.verdict
        assert "deployer promote R" in str(ended.problems)
        assert [] == shipped.rack.writes

    def test_one_that_never_began_is_nothing_to_finish(self, shipped: Stage, building: Summary) -> None:
        """The rack has no build that is described with this ship."""
        ended = taken_up(shipped, replace(building, owner=shipped.next_ship()))

        assert Verdict.REFUSED is ended.verdict
        assert "never began" in str(ended.problems)

    def test_one_that_is_not_shipped_leaves_nobody_locked_out(self, shipped: Stage, building: Summary) -> None:
        """The ship is dead and nothing goes on for it; without this its lock stood for an hour."""
        dead = shipped.next_ship()
        shipped.ledger.take_lock(LockNote(dead, "gone", "a while ago", "2999-01-01T00:00:00+00:00", "ship"))
        ended = taken_up(shipped, replace(building, owner=dead))

        assert Verdict.REFUSED is ended.verdict
        assert shipped.ledger.lock is None

    def test_one_whose_ship_is_refused_leaves_nobody_locked_out_either(self, shipped: Stage, building: Summary) -> None:
        """Its build is there, and may not be promoted by whoever takes it up."""
        dead = building.owner
        assert dead is not None
        shipped.ledger.take_lock(LockNote(dead, "gone", "a while ago", "2999-01-01T00:00:00+00:00", "ship"))
        shipped.rack.may = replace(shipped.rack.may, commands={**shipped.rack.may.commands, "releases promote": May.NO})
        ended = taken_up(shipped, building)

        assert Verdict.DENIED is ended.verdict
        assert shipped.ledger.lock is None

    def test_a_cancelled_one_wants_a_yes(self, shipped: Stage, building: Summary) -> None:
        """Who pressed Ctrl-C does not want it shipped by the step after; the way to have it is named."""
        cancelled = replace(building, ended=Ended(Verdict.CANCELLED, None, ""))

        refused = taken_up(shipped, cancelled)
        assert Verdict.REFUSED is refused.verdict
        assert "--yes" in str(refused.problems)

        assert Verdict.SHIPPED is taken_up(shipped, cancelled, yes=True).verdict
        assert [f"that of ship {building.ship} is complete → {shipped.active}"] == [
            each.text for each in shipped.sink.of(Said) if "complete" in each.text
        ]


MIGRATE = ReleaseCommand(ServiceName("api"), "alembic upgrade head")
