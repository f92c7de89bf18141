"""A good ship, and another over it: proven, and users notice nothing."""

from __future__ import annotations

import json

import pytest

from tests.scenario.hammer import Hammer
from tests.scenario.practice import App, PracticeRack, seal
from tests.scenario.shell import Done

pytestmark = pytest.mark.rack


@pytest.fixture(scope="module")
def app(practice: PracticeRack) -> App:
    return practice.app("good")


@pytest.fixture(scope="module")
def first(app: App) -> Done:
    return app.ship("--env-from", "GREETING", GREETING="hello, world")


def test_standard_output_is_the_release_id_alone(app: App, first: Done) -> None:
    """A ship that succeeds exits 0 and prints the id of the release that serves, and nothing else."""
    assert (0, f"{app.active}\n") == (first.status, first.out), first.err


def test_the_verdict_is_the_last_word(app: App, first: Done) -> None:
    """The story ends with the verdict, what serves, and on how many processes."""
    assert f"shipped   {app.active} serves on 2 of 2 processes" in first.last_line


def test_every_process_answers_for_the_release(app: App, first: Done) -> None:
    """All processes that `ps` lists run the release, and each of them answers with it."""
    rows = app.rows

    answered = {(each["process"], each["version"]) for each in app.answers()}

    assert 2 == len(rows)
    assert {(process, "running", first.out.strip()) for process, _, _ in rows} == set(rows)
    assert {(process, release) for process, _, release in rows} == answered


def test_the_env_arrives_in_the_processes(app: App, first: Done) -> None:
    """A value taken from deployer's own environment is in the env of every process, unchanged."""
    assert {seal("hello, world")} == {each["seals"].get("GREETING") for each in app.answers()}


def test_another_ship_over_it_goes_unnoticed(app: App, first: Done) -> None:
    """A second ship replaces the first while users ask all the time: none of them sees an error."""
    before = app.active

    with Hammer(app.url) as users:
        done = app.ship("--set", "GREETING=again", "--output", "json")

    told = [json.loads(line) for line in done.out.splitlines()]
    assert 0 == done.status, done.err
    assert ("ended", "shipped", app.active) == (told[-1]["event"], told[-1]["verdict"]["label"], told[-1]["release"])
    assert [] == users.errors
    assert {before, app.active} == set(users.releases)
