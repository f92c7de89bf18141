"""The env in the hands of people: looked at, planned, changed; never promoted, and no value shown."""

from __future__ import annotations

import pytest

from deployer.core.environment import Environment
from deployer.core.errors import Busy, Refused
from deployer.core.events import Intended, Wrote
from deployer.core.names import ShipId
from deployer.engine.env import EnvWish, change_env, look_at_env, plan_env
from deployer.engine.ports import LockNote
from deployer.testing import MemoryLedger
from tests.engine.conftest import APP, Stage

NEW = EnvWish(wanted=Environment.of(MODE="new"))


@pytest.fixture
def staged(shipped: Stage) -> Stage:
    """A key is set that nobody has promoted."""
    shipped.model.create_release(APP, env="OLD=1\nMODE=old")
    shipped.rack.writes.clear()
    return shipped


def test_what_is_staged_is_told_apart(staged: Stage) -> None:
    """Keys of the newest release, and what of them is not promoted."""
    seen = look_at_env(staged.ports)

    assert (("MODE", "OLD"), ("MODE", "OLD")) == (seen.keys, seen.staged.added)
    assert (staged.active, staged.newest) == (seen.active, seen.newest)


def test_a_plan_writes_nothing(staged: Stage) -> None:
    """By key, against the newest release."""
    change = plan_env(EnvWish(wanted=Environment.of(MODE="new", MORE="1"), exclusive=True), staged.ports)

    assert (("MORE",), ("MODE",), ("OLD",)) == (change.changes.added, change.changes.changed, change.changes.removed)
    assert change.release is None
    assert [] == staged.rack.writes


def test_keys_are_set_in_one_release_and_not_promoted(staged: Stage) -> None:
    """What serves is what served; the rest of the env stays."""
    before = staged.active
    change = change_env(NEW, staged.ports)

    assert ["env set"] == staged.rack.writes
    assert "MODE=new\nOLD=1" == staged.model.release(APP, staged.newest).env
    assert (staged.newest, before) == (change.release, staged.active)


def test_what_is_equal_makes_no_release(staged: Stage) -> None:
    """Nothing changes, so nothing is written."""
    assert change_env(EnvWish(wanted=Environment.of(MODE="old")), staged.ports).release is None
    assert [] == staged.rack.writes


def test_keys_are_removed(staged: Stage) -> None:
    """Only those that are named."""
    change_env(EnvWish(unwanted=("OLD",)), staged.ports)

    assert "MODE=old" == staged.model.release(APP, staged.newest).env


def test_the_last_key_may_go(staged: Stage) -> None:
    """An env without keys is an env."""
    change_env(EnvWish(unwanted=("MODE", "OLD")), staged.ports)

    assert "" == staged.model.release(APP, staged.newest).env


def set_by_others(stage: Stage, before: str) -> None:
    """Somebody sets THEIRS right before the write of ours that begins so."""

    def strike(words: str) -> None:
        if words == before:
            stage.model.create_release(APP, env="OLD=1\nMODE=old\nTHEIRS=1")

    stage.rack.on_write = strike


@pytest.mark.parametrize(
    ("wish", "words", "env"),
    [
        (EnvWish(unwanted=("OLD",)), "env unset", "MODE=old\nTHEIRS=1"),
        (NEW, "env set", "MODE=new\nOLD=1\nTHEIRS=1"),
    ],
)
def test_what_others_set_meanwhile_stays(staged: Stage, wish: EnvWish, words: str, env: str) -> None:
    """It was not there when we looked, and is said: whoever promotes ours takes it along."""
    set_by_others(staged, words)
    change = change_env(wish, staged.ports)

    assert [words] == staged.rack.writes
    assert env == staged.model.release(APP, staged.newest).env
    assert (("THEIRS",), ()) == (change.others.added, change.others.removed)


class SlowLedger(MemoryLedger):
    """While it is asked who holds the lock, somebody sets THEIRS."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def holder(self) -> LockNote | None:
        self._stage.model.create_release(APP, env="THEIRS=1")
        return super().holder()


def test_a_whole_env_is_not_written_over_what_nobody_saw(staged: Stage) -> None:
    """`--env-exclusive` takes keys away: those that it has shown, and no others."""
    staged.ledger = SlowLedger(staged)

    with pytest.raises(Busy, match="was made meanwhile"):
        change_env(EnvWish(wanted=Environment.of(MODE="new"), exclusive=True), staged.ports)
    assert [] == staged.rack.writes


def test_write_and_outcome_are_on_the_stream(staged: Stage) -> None:
    """Intent before, outcome after, with the release by its name and no value (faults 3.2)."""
    made = change_env(EnvWish(unwanted=("OLD",)), staged.ports).release

    assert [Intended("env unset", "- OLD"), Wrote("env unset", "done", made)] == staged.sink.events[-2:]


WRONG = [
    (EnvWish(unwanted=("NONE",)), "NONE is not set"),
    (EnvWish(wanted=Environment.of(PEM="a\nb")), "PEM has a line break"),
    (EnvWish(wanted=Environment.of(PORT="1")), "PORT is set for every process"),
]


@pytest.mark.parametrize(("wish", "why"), WRONG)
def test_what_would_do_harm_is_refused(staged: Stage, wish: EnvWish, why: str) -> None:
    """Before anything is sent, with the key's name and never its value."""
    with pytest.raises(Refused, match=why):
        change_env(wish, staged.ports)
    assert [] == staged.rack.writes


def test_a_ship_at_work_is_not_disturbed(staged: Stage) -> None:
    """Its build would take the key along, unseen in its plan."""
    staged.ledger.lock = LockNote(ShipId("20261124-110000-dead00"), "gha:1", "2026", "2099", "ship")

    with pytest.raises(Busy, match="gha:1 is at work"):
        change_env(NEW, staged.ports)
    assert [] == staged.rack.writes
