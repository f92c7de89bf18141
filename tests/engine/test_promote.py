"""A release that exists already: the same gate, watch, soak and way back as of one that was built."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from deployer.core.environment import Environment
from deployer.core.events import Planned
from deployer.core.plan import Plan
from deployer.core.verdict import Verdict
from deployer.engine.ports import ProvenEntry
from deployer.testing import MemoryLedger
from deployer.testing.programs import Program
from tests.engine.conftest import APP, Stage
from tests.engine.test_resume import taken_up, told


class Overtaken(MemoryLedger):
    """Read for the first time between the plan and the gate: then somebody does something."""

    def __init__(self, do: Callable[[], None]) -> None:
        super().__init__()
        self._do = do

    def proven(self) -> tuple[ProvenEntry, ...]:
        self._do()
        return super().proven()


def plan_of(stage: Stage) -> Plan:
    return stage.sink.of(Planned)[0].plan


def test_it_is_promoted_and_proven(shipped: Stage) -> None:
    """No build, no env: one promote, and every replica has answered for it."""
    release = shipped.built()
    ended = shipped.promote(release)

    assert (Verdict.SHIPPED, release) == (ended.verdict, shipped.active)
    assert [f"promote {release}"] == shipped.rack.writes


def test_the_plan_says_what_it_changes(shipped: Stage) -> None:
    """Its env against that of what serves, by key; what it brings along is its own and no surprise."""
    shipped.promote(shipped.built(env="MODE=new"))

    plan = plan_of(shipped)
    assert ("promote", ("MODE",), (), ()) == (plan.command, plan.env.added, plan.staged, plan.warnings)


def test_staged_env_stays_behind(shipped: Stage) -> None:
    """What was staged after it does not ship along, so it is no reason to refuse."""
    release = shipped.built()
    shipped.model.create_release(APP, env="SOMEBODYS=1")
    ended = shipped.promote(release, refuse_staged=True)

    assert Verdict.SHIPPED is ended.verdict
    assert (("SOMEBODYS",), ()) == (plan_of(shipped).staged, plan_of(shipped).warnings)


def test_a_bad_one_is_taken_back(shipped: Stage) -> None:
    """It gets no milder judge than a new build."""
    before = shipped.active
    ended = shipped.promote(shipped.built("crashes"))

    assert (Verdict.ROLLED_BACK, before) == (ended.verdict, shipped.active)


def test_one_that_is_active_is_verified_not_promoted(shipped: Stage) -> None:
    """Promoting the active release again would poison the rack's way back (faults 0.2)."""
    ended = shipped.promote(shipped.active)

    assert Verdict.SHIPPED is ended.verdict
    assert [] == shipped.rack.writes


def test_one_that_is_active_and_fails_is_left(shipped: Stage) -> None:
    """What this run did not promote it does not take back (I3)."""
    shipped.world.programs["good"] = Program(fails_from_s=0.0)
    ended = shipped.promote(shipped.active)

    assert Verdict.LEFT_BAD is ended.verdict
    assert "was active before this run" in ended.why
    assert [] == shipped.rack.writes


def test_one_that_somebody_else_promotes_is_theirs(shipped: Stage) -> None:
    """It became active between the plan and the gate: this run neither promotes it nor takes it back (I3)."""
    release = shipped.built()

    def somebody() -> None:
        shipped.model.promote(APP, release)
        shipped.clock.advance(5.0)

    shipped.ledger = Overtaken(somebody)
    ended = shipped.promote(release)

    assert Verdict.BUSY is ended.verdict
    assert "became active meanwhile" in ended.why
    assert [] == shipped.rack.writes


def test_an_older_one_is_refused(shipped: Stage) -> None:
    """Convox would refuse it too; rollback is named."""
    old = shipped.active
    shipped.ship("better")
    shipped.rest()
    ended = shipped.promote(old)

    assert Verdict.REFUSED is ended.verdict
    assert f"deployer rollback {old} --app {APP}" == ended.hints[0]
    assert [] == shipped.rack.writes


def test_one_that_is_too_old_to_be_listed_is_refused(shipped: Stage) -> None:
    """The list of releases is short; what is not in it is older than what is."""
    old = shipped.active
    shipped.ship("better")
    shipped.rest()
    for n in range(19):
        shipped.model.create_release(APP, env=f"N={n}")
    ended = shipped.promote(old)

    assert Verdict.REFUSED is ended.verdict
    assert "is older than" in ended.why


@pytest.mark.parametrize("release", ["RNOSUCHONE", "an env alone"])
def test_what_has_no_build_is_refused(stage: Stage, release: str) -> None:
    """A release that is not there, or that is an env without code, cannot serve."""
    if release == "an env alone":
        release = stage.model.create_release(APP, env="A=1").id
    ended = stage.promote(release)

    assert Verdict.REFUSED is ended.verdict
    assert "is no release of demo with a build" in ended.why


def test_env_goes_with_a_build_only(shipped: Stage) -> None:
    """A release is promoted as it is."""
    ended = shipped.promote(shipped.built(), wanted=Environment.of(MODE="new"))

    assert Verdict.REFUSED is ended.verdict


def test_interrupted_it_is_taken_up(shipped: Stage) -> None:
    """`resume` brings it home from the journal as it does a ship."""
    release = shipped.built()
    shipped.clock.interrupt_at(shipped.clock.now_s() + 8.0, signal.SIGINT)
    assert Verdict.INTERRUPTED is shipped.promote(release).verdict
    ended = taken_up(shipped, told(shipped))

    assert (Verdict.SHIPPED, release) == (ended.verdict, shipped.active)
    assert [] == shipped.rack.writes


def test_one_that_is_rolling_out_is_for_resume(shipped: Stage) -> None:
    """A second promote would poison the rack's way back; whoever promoted it can be followed up."""
    shipped.world.programs["slow"] = Program(ready_after_s=300.0)
    release = shipped.built("slow")
    shipped.model.promote(APP, release)
    shipped.clock.advance(10.0)
    ended = shipped.promote(release)

    assert Verdict.BUSY is ended.verdict
    assert (f"deployer resume --app {APP}",) == ended.hints
    assert [] == shipped.rack.writes
