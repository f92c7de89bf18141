"""A day of an app: shipped, shipped again while users ask, and taken back by hand past a ship that is at work."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.scenario.hammer import Hammer
from tests.scenario.practice import App, PracticeRack, seal
from tests.scenario.shell import Done
from tests.scenario.wrapped import HeldStep

pytestmark = pytest.mark.rack


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be seen of an app after a run."""

    active: str
    releases: list[str]
    rows: list[tuple[str, str, str]]
    answers: list[dict[str, Any]]

    @classmethod
    def of(cls, app: App) -> Seen:
        return cls(app.active, app.releases, app.rows, app.answers())


@dataclass(frozen=True, slots=True)
class Run:
    done: Done
    seen: Seen


@dataclass(frozen=True, slots=True)
class Day:
    """Every run with what was seen after it; `overtaken` is the ship that was at work when the rollback came."""

    app: App
    first: Run
    second: Run
    users: Hammer
    status_text: Done
    status_json: Done
    unconfirmed: Run
    rollback: Run
    overtaken: Run


@pytest.fixture(scope="module")
def day(practice: PracticeRack, tmp_path_factory: pytest.TempPathFactory) -> Day:
    app = practice.app("daily")
    first = Run(app.ship("--env-from", "GREETING", GREETING="hello, world"), Seen.of(app))
    with Hammer(app.url) as users:
        second = Run(app.ship("--set", "GREETING=again", "--output", "json"), Seen.of(app))
    status_text, status_json = app.start("status"), app.start("status", "--output", "json")
    unconfirmed = Run(app.rollback(), Seen.of(app))
    convox = HeldStep.of(tmp_path_factory.mktemp("bin"), "build")
    at_work = app.start_ship("--set", "GREETING=third", "--convox", str(convox.path), GITHUB_RUN_ID="4711")
    convox.until_reached()
    rollback = Run(app.rollback("--yes"), Seen.of(app))
    convox.let_go()
    overtaken = Run(at_work.end(), Seen.of(app))
    return Day(app, first, second, users, status_text.end(), status_json.end(), unconfirmed, rollback, overtaken)


# The first ship


def test_standard_output_is_the_release_id_alone(day: Day) -> None:
    """A ship that succeeds exits 0 and prints the id of the release that serves, and nothing else."""
    done, seen = day.first.done, day.first.seen

    assert (0, f"{seen.active}\n") == (done.status, done.out), done.err


def test_the_verdict_is_the_last_word(day: Day) -> None:
    """The story ends with the verdict, what serves, and on how many processes."""
    assert f"shipped   {day.first.seen.active} serves on 2 of 2 processes" in day.first.done.last_line


def test_every_process_answers_for_the_release(day: Day) -> None:
    """All processes that `ps` lists run the release, and each of them answers with it."""
    release, seen = day.first.done.out.strip(), day.first.seen

    answered = {(each["process"], each["version"]) for each in seen.answers}

    assert 2 == len(seen.rows)
    assert {(process, "running", release) for process, _, _ in seen.rows} == set(seen.rows)
    assert {(process, release) for process, _, _ in seen.rows} == answered


def test_the_env_arrives_in_the_processes(day: Day) -> None:
    """A value taken from deployer's own environment is in the env of every process, unchanged."""
    assert {seal("hello, world")} == {each["seals"].get("GREETING") for each in day.first.seen.answers}


# The second, as JSON


def test_another_ship_over_it_goes_unnoticed(day: Day) -> None:
    """A second ship replaces the first while users ask all the time: none of them sees an error."""
    assert 0 == day.second.done.status, day.second.done.err
    assert [] == day.users.errors
    assert {day.first.seen.active, day.second.seen.active} == set(day.users.releases)
    assert {seal("again")} == {each["seals"]["GREETING"] for each in day.second.seen.answers}


def test_json_is_an_event_a_line(day: Day) -> None:
    """With --output json every line of standard output is an object of version 1; the last one is the verdict."""
    told = [json.loads(line) for line in day.second.done.out.splitlines()]

    assert {1} == {each["v"] for each in told}
    assert {"started", "planned", "intended", "wrote", "build-line", "looked"} <= {each["event"] for each in told}
    assert "started" == told[0]["event"]
    assert "ended" == told[-1]["event"]
    assert {"label": "shipped", "status": 0} == told[-1]["verdict"]
    assert day.second.seen.active == told[-1]["release"]


def test_status_says_what_serves(day: Day) -> None:
    """`status` names the release that serves and each process with what it answers for."""
    told, seen = day.status_text, day.second.seen

    assert 0 == told.status, told.err
    assert f"serves  {seen.active}" in told.out
    assert "proven" in told.out
    assert {(process, release, release) for process, _, release in seen.rows} == {
        (words[0], words[-2], words[-1]) for words in map(str.split, told.out.splitlines()) if words[1:2] == ["web"]
    }


def test_status_is_one_object_for_a_script(day: Day) -> None:
    """`status --output json` is one object: release, verdict, processes, and who is at work."""
    told, seen = json.loads(day.status_json.out), day.second.seen

    assert (1, seen.active, "shipped", None) == (told["v"], told["release"], told["verdict"], told["lock"])
    assert {process for process, _, _ in seen.rows} == {each["id"] for each in told["processes"]}
    assert {process for process, _, _ in seen.rows} == set(told["services"]["web"]["answered"])


# The rollback


def test_nothing_goes_back_unconfirmed(day: Day) -> None:
    """Without a terminal to ask at and without --yes a rollback is refused, and nothing changes."""
    done, seen = day.unconfirmed.done, day.unconfirmed.seen

    assert (10, "") == (done.status, done.out), done.err
    assert "--yes" in done.err
    assert (day.second.seen.active, day.second.seen.releases) == (seen.active, seen.releases)


def test_a_rollback_restores_the_release_before_and_its_env(day: Day) -> None:
    """A rollback ends as restored with status 0, the id that serves on standard output; the env is back too."""
    done, seen, before = day.rollback.done, day.rollback.seen, day.first.seen.active

    assert (0, f"{seen.active}\n") == (done.status, done.out), done.err
    assert f"restored   {seen.active} serves, the build and env of {before}" in done.err
    assert seen.active not in (before, day.second.seen.active)
    assert {seal("hello, world")} == {each["seals"]["GREETING"] for each in seen.answers}


def test_a_lock_does_not_stop_a_rollback(day: Day) -> None:
    """A rollback names whoever holds the lock, takes it over, and goes ahead."""
    [line] = [line for line in day.rollback.done.err.splitlines() if "holds the lock" in line]

    assert "gha:4711" in line


def test_the_ship_that_was_overtaken_promotes_nothing(day: Day) -> None:
    """The ship whose lock was taken over sees it before its promote, and leaves what the rollback put there."""
    assert day.overtaken.done.status in (11, 40), day.overtaken.done.err
    assert "" == day.overtaken.done.out
    assert day.rollback.seen.active == day.overtaken.seen.active
    assert {day.rollback.seen.active} == {each["version"] for each in day.overtaken.seen.answers}
