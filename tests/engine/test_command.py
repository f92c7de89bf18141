"""The release command: once, before the promote, believed on its own word only."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from deployer.core.capabilities import May
from deployer.core.errors import CannotTell, DeployerError, Interrupted, RefusedByRack
from deployer.core.events import CommandLine, Intended, Planned, Wrote
from deployer.core.models import Manifest, ReleaseCommand, ServiceSpec
from deployer.core.names import ServiceName
from deployer.core.verdict import Verdict
from deployer.engine.ports import CommandEnd, PromoteState
from tests.engine.conftest import APP, Stage
from tests.engine.test_resume import taken_up, told

MIGRATE = ReleaseCommand(ServiceName("api"), "alembic upgrade head")
ANYWHERE = replace(MIGRATE, service=ServiceName(""))


class RefusedPromote:
    """The child of a promote that the rack said no to."""

    def state(self) -> PromoteState:
        return PromoteState(is_over=True, is_announced=True, refusal=RefusedByRack("budget cap"))

    def kill(self) -> None:
        pass


def on_run(stage: Stage, do: Callable[[], object]) -> None:
    """Have something happen while the command runs."""

    def look(words: str) -> None:
        if words.startswith("run "):
            do()

    stage.rack.on_write = look


def raising(error: DeployerError) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do


def test_it_runs_once_in_the_new_release_before_the_promote(shipped: Stage) -> None:
    """Built, run, promoted, in that order; what it wrote is told as it came."""
    ended = shipped.ship("better", release_command=MIGRATE)

    assert Verdict.SHIPPED is ended.verdict
    assert ["build", f"run api {ended.release}", f"promote {ended.release}"] == shipped.rack.writes
    assert "alembic upgrade head" in shipped.sink.of(CommandLine)[0].text


def test_its_intent_is_on_the_stream_before_it(shipped: Stage) -> None:
    """A killed run can be read: the command was meant, and by its outcome it has run."""
    seen: list[object] = []
    on_run(shipped, lambda: seen.extend(shipped.sink.events))
    shipped.ship("better", release_command=MIGRATE)

    assert "run" == [each.write for each in seen if isinstance(each, Intended)][-1]
    assert "done" == next(each.outcome for each in shipped.sink.of(Wrote) if each.write == "run")


def test_a_release_that_exists_has_it_run_too(shipped: Stage) -> None:
    """`promote` is a ship without a build."""
    release = shipped.built()
    shipped.promote(release, release_command=MIGRATE)

    assert [f"run api {release}", f"promote {release}"] == shipped.rack.writes


def test_a_release_that_is_active_has_not(shipped: Stage) -> None:
    """It serves already: it is verified, and nothing is written."""
    ended = shipped.promote(shipped.active, release_command=MIGRATE)

    assert Verdict.SHIPPED is ended.verdict
    assert [] == shipped.rack.writes


def test_one_that_fails_stops_the_ship(shipped: Stage) -> None:
    """Its status and its last line are the reason; nothing is promoted, what was made is named."""
    before = shipped.active
    shipped.rack.command_end = CommandEnd(3, "no such table: users")
    ended = shipped.ship("better", release_command=MIGRATE)

    assert (Verdict.COMMAND_FAILED, before) == (ended.verdict, shipped.active)
    assert "the release command ended with status 3: no such table: users" in ended.why
    assert f"made but not promoted: {shipped.newest}" in ended.why
    assert 2 == len(shipped.rack.writes)


def test_one_that_left_no_proof_stops_the_ship(shipped: Stage) -> None:
    """No mark of its end: it may still be running, so it is neither believed nor repeated."""
    on_run(shipped, raising(CannotTell("the release command may still be running", why="the stream was cut")))
    ended = shipped.ship("better", release_command=MIGRATE)

    assert Verdict.COMMAND_FAILED is ended.verdict
    assert 1 == ended.why.count("may still be running")
    assert 2 == len(shipped.rack.writes)


def test_one_that_was_refused_has_not_run(shipped: Stage) -> None:
    """The rack said no before it started: the verdict does not claim that it has run."""
    on_run(shipped, raising(RefusedByRack("the rack refused", why="budget cap")))
    ended = shipped.ship("better", release_command=MIGRATE)

    assert Verdict.COMMAND_FAILED is ended.verdict
    assert "the release command was not started: the rack refused: budget cap" in ended.why
    assert "alembic" not in ended.why


def test_interrupted_it_may_still_be_running(shipped: Stage) -> None:
    """A signal ends our wait, not the process on the rack."""
    on_run(shipped, raising(Interrupted(signal.SIGINT)))
    ended = shipped.ship("better", release_command=MIGRATE)

    assert 130 == ended.verdict.status
    assert "the release command may still be running: alembic upgrade head" in ended.why


def test_a_ship_that_is_overtaken_says_that_it_has_run(shipped: Stage) -> None:
    """Somebody promoted meanwhile: nothing of ours is promoted, but the command is not undone."""

    def somebody() -> None:
        shipped.model.promote(APP, shipped.model.create_release(APP, env="X=1").id)
        shipped.clock.advance(5.0)

    on_run(shipped, somebody)
    ended = shipped.ship("better", release_command=MIGRATE)

    assert Verdict.BUSY is ended.verdict
    assert "the release command has run: alembic upgrade head" in ended.why


def test_a_signal_after_it_says_that_it_has_run(shipped: Stage) -> None:
    """Between the command and the promote."""
    on_run(shipped, lambda: shipped.clock.interrupt_at(shipped.clock.now_s() + 0.01, signal.SIGTERM))
    ended = shipped.ship("better", release_command=MIGRATE)

    assert 143 == ended.verdict.status
    assert "the release command has run: alembic upgrade head" in ended.why
    assert 2 == len(shipped.rack.writes)


def test_a_way_back_says_that_it_has_run(shipped: Stage) -> None:
    """The old release serves again; what the command did is still done."""
    ended = shipped.ship("crashes", release_command=MIGRATE)

    assert Verdict.ROLLED_BACK is ended.verdict
    assert "the release command has run: alembic upgrade head" in ended.why


def test_a_rollback_by_hand_says_what_it_cannot_undo(shipped: Stage) -> None:
    """What was done since the target was proven is known from the ledger, and shown before the question."""
    shipped.ship("better", release_command=MIGRATE)
    serving = shipped.active
    shipped.rest()
    shipped.rollback()

    plan = shipped.sink.of(Planned)[0].plan
    assert (f"cannot undo its release command (alembic upgrade head) of {serving}",) == plan.warnings


def test_it_does_not_run_where_the_app_has_moved(shipped: Stage) -> None:
    """Looked at again right before: a migration must not run under somebody else's release."""

    def somebody() -> None:
        shipped.model.promote(APP, shipped.model.create_release(APP, env="").id)

    shipped.world.at(shipped.clock.now_s() + 2.0, somebody)
    ended = shipped.ship("better", release_command=MIGRATE)

    assert Verdict.BUSY is ended.verdict
    assert ["build"] == shipped.rack.writes


def test_a_promote_that_is_refused_says_that_it_has_run(shipped: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """17: the old release serves on, under whatever the command has done."""
    monkeypatch.setattr(shipped.rack, "promote", lambda _: RefusedPromote())
    ended = shipped.ship("better", release_command=MIGRATE)

    assert Verdict.NOT_PROMOTED is ended.verdict
    assert "the release command has run: alembic upgrade head" in ended.why


def test_resume_stops_where_it_may_still_be_running(shipped: Stage) -> None:
    """Left in its midst: nothing serves anew, yet not all is as it was, and a person has to look."""
    on_run(shipped, raising(Interrupted(signal.SIGKILL)))
    shipped.ship("better", release_command=MIGRATE)
    cut_short = replace(told(shipped), ended=None)
    ended = taken_up(shipped, cut_short)

    assert Verdict.COMMAND_FAILED is ended.verdict
    assert "the release command may still be running: alembic upgrade head" in ended.why
    assert [] == shipped.rack.writes


def test_resume_does_not_repeat_it(shipped: Stage) -> None:
    """Taken up after its promote, the ship is watched to its end and nothing else."""
    shipped.clock.interrupt_at(shipped.clock.now_s() + 10.0, signal.SIGINT)
    assert Verdict.INTERRUPTED is shipped.ship("better", release_command=MIGRATE).verdict
    ended = taken_up(shipped, told(shipped))

    assert Verdict.SHIPPED is ended.verdict
    assert [] == shipped.rack.writes


class TestPreflight:
    def test_the_only_service_is_meant(self, shipped: Stage) -> None:
        """Where there is no choice nobody has to choose; the plan says which."""
        shipped.ship("better", release_command=ANYWHERE)

        assert MIGRATE == shipped.sink.of(Planned)[0].plan.release_command

    @pytest.mark.parametrize(("service", "said"), [("", "not said in which"), ("cron", "cron is no service")])
    def test_where_there_is_a_choice_it_must_be_made(self, shipped: Stage, service: str, said: str) -> None:
        """A guess may run a migration in the wrong place: refused, with the names to choose from."""
        two = Manifest(tuple(ServiceSpec(ServiceName(each), 8000) for each in ("api", "worker")))
        command = replace(MIGRATE, service=ServiceName(service))
        ended = shipped.ship("better", manifest=two, release_command=command)

        assert Verdict.REFUSED is ended.verdict
        assert said in ended.why
        assert ("--release-service api|worker",) == ended.hints
        assert [] == shipped.rack.writes

    def test_a_credential_that_may_not_run_it_is_denied(self, shipped: Stage) -> None:
        """Known before anything is written, and only where it is needed."""
        may = shipped.rack.may
        shipped.rack.may = replace(may, commands={**may.commands, "run": May.NO})

        assert Verdict.DENIED is shipped.ship("better", release_command=MIGRATE).verdict
        assert [] == shipped.rack.writes
        assert Verdict.SHIPPED is shipped.ship("better").verdict
