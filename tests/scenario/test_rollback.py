"""Rollback by hand: back to what was proven before, content and env, past anybody's lock."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.scenario.practice import App, PracticeRack, seal
from tests.scenario.shell import Done
from tests.scenario.wrapped import SlowStep

pytestmark = pytest.mark.rack


@dataclass(frozen=True, slots=True)
class Runs:
    """Two ships with different env, then a rollback in the midst of a third ship, which ended after it."""

    app: App
    first: str
    unconfirmed: Done
    after_unconfirmed: tuple[str, list[str]]
    second: str
    rollback: Done
    restored: str
    third: Done


@pytest.fixture(scope="module")
def runs(practice: PracticeRack, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    app = practice.app("undone")
    first = app.ship("--set", "GREETING=one").out.strip()
    second = app.ship("--set", "GREETING=two").out.strip()
    unconfirmed = app.rollback()
    after_unconfirmed = (app.active, app.releases)
    convox = SlowStep.of(tmp_path_factory.mktemp("bin"), "build", seconds=6)
    third = app.start_ship("--set", "GREETING=three", "--convox", str(convox.path), GITHUB_RUN_ID="4711")
    convox.until_reached()
    rollback = app.rollback("--yes")
    return Runs(app, first, unconfirmed, after_unconfirmed, second, rollback, app.active, third.end())


def test_nothing_goes_back_unconfirmed(runs: Runs) -> None:
    """Without a terminal to ask at and without --yes a rollback is refused, and nothing changes."""
    active, releases = runs.after_unconfirmed

    assert (10, "") == (runs.unconfirmed.status, runs.unconfirmed.out), runs.unconfirmed.err
    assert "--yes" in runs.unconfirmed.err
    assert runs.second == active
    assert runs.second == releases[0]


def test_it_restores_the_release_before_and_its_env(runs: Runs) -> None:
    """A rollback ends as restored with status 0, the id that serves on standard output; the env is back too."""
    assert (0, f"{runs.restored}\n") == (runs.rollback.status, runs.rollback.out), runs.rollback.err
    assert f"restored   {runs.restored} serves, the build and env of {runs.first}" in runs.rollback.err
    assert runs.restored not in (runs.first, runs.second)
    assert runs.app.env(runs.first) == runs.app.env(runs.restored)
    assert {seal("one")} == {each["seals"]["GREETING"] for each in runs.app.answers()}


def test_a_lock_does_not_stop_it(runs: Runs) -> None:
    """A rollback names whoever holds the lock, takes it over, and goes ahead."""
    [line] = [line for line in runs.rollback.err.splitlines() if "holds the lock" in line]

    assert "gha:4711" in line


def test_the_ship_that_was_overtaken_promotes_nothing(runs: Runs) -> None:
    """The ship whose lock was taken over sees it before its promote, and leaves what the rollback put there."""
    assert runs.third.status in (11, 40), runs.third.err
    assert "" == runs.third.out
    assert runs.restored == runs.app.active
