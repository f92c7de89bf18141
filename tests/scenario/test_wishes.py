"""What may be asked for beside a plain ship, on real processes: a release command, promote, no proof, today's env."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.scenario.practice import SOAK, App, PracticeRack, seal
from tests.scenario.shell import Done

pytestmark = pytest.mark.rack

MIGRATE = 'echo migrating >&2; echo "$RELEASE" >> "$MIGRATED"'


@dataclass(frozen=True, slots=True)
class Day:
    """Each run, and which releases had had their command run by then."""

    app: App
    shipped: Done
    failed: Done
    active: str
    staged: str
    promoted: Done
    verified: Done
    journal: list[dict[str, object]]
    back: Done
    history: Done
    lock: Done
    released: Done
    migrated: list[str]


@pytest.fixture(scope="module")
def day(practice: PracticeRack, tmp_path_factory: pytest.TempPathFactory) -> Day:
    app, migrated = practice.app("migrated"), tmp_path_factory.mktemp("migrated") / "releases"
    shipped = app.ship("--set", f"MIGRATED={migrated}", "--set", "GREETING=one", "--release-command", MIGRATE)
    active = app.active
    failed = app.ship("--release-command", "echo no such table; exit 3")
    staged = json.loads(practice.post(f"/apps/{app.name}/releases", env=f"MIGRATED={migrated}\nGREETING=two"))["id"]
    promoted = app.start("promote", staged, "--soak", SOAK, "--release-command", MIGRATE).end()
    verified = app.start("verify", "--soak", SOAK).end()
    journal = app.journal()
    app.ship("--set", "GREETING=three")
    back = app.rollback(staged, "--yes", "--keep-env")
    asked = app.start("history", "--output", "json"), app.start("lock", "status")
    history, lock = (each.end() for each in asked)
    released = app.start("lock", "release", "--yes").end()  # a run of the history itself
    ran = migrated.read_text(encoding="utf-8").split()
    return Day(app, shipped, failed, active, staged, promoted, verified, journal, back, history, lock, released, ran)


def test_the_command_runs_in_the_release_it_is_for(day: Day) -> None:
    """A process of the new release has run it, with that release's env; what it wrote is told."""
    assert (0, f"{day.active}\n") == (day.shipped.status, day.shipped.out), day.shipped.err
    assert day.active == day.migrated[0]
    assert "| migrating" in day.shipped.err


def test_a_command_that_fails_keeps_the_release_from_serving(day: Day) -> None:
    """Its own status decides, whatever the CLI's: 16, the last line as the reason, and what serves still does."""
    assert (16, "") == (day.failed.status, day.failed.out), day.failed.err
    assert "the release command ended with status 3: no such table" in day.failed.err
    assert f"still serving: {day.active}" in day.failed.err


def test_a_release_that_exists_is_promoted(day: Day) -> None:
    """`promote` takes an env edit through the same gate and the same proof, its command included; each ran once."""
    assert (0, f"{day.staged}\n") == (day.promoted.status, day.promoted.out), day.promoted.err
    assert [day.active, day.staged] == day.migrated


def test_what_serves_is_verified(day: Day) -> None:
    """The whole proof without a promote: nothing is written, so the newest journal is still that of the promote."""
    assert (0, f"{day.staged}\n") == (day.verified.status, day.verified.out), day.verified.err
    assert f"{day.staged} serves on 2 of 2 processes" in day.verified.last_line
    assert "promote" == day.journal[0]["command"]


def test_a_rollback_that_keeps_the_env(day: Day) -> None:
    """The processes that serve run the old code with today's env."""
    assert 0 == day.back.status, day.back.err
    assert {seal("three")} == {each["seals"]["GREETING"] for each in day.app.answers()}
    assert "env kept" in day.back.err


def test_the_history_is_that_of_the_runs_that_wrote(day: Day) -> None:
    """Newest first, each with what it promoted and how it ended; what only looked is not in it."""
    runs = json.loads(day.history.out)["runs"]

    assert ["rollback", "ship", "promote", "ship", "ship"] == [each["command"] for each in runs]
    assert ["restored", "shipped", "shipped", "command-failed", "shipped"] == [each["verdict"] for each in runs]
    assert (day.staged, day.active) == (runs[2]["promoted"], runs[2]["over"])


def test_nobody_holds_the_lock_when_all_is_done(day: Day) -> None:
    """Every run gave it back, so there is none to take away."""
    assert (0, "nobody holds the lock of migrated\n") == (day.lock.status, day.lock.out), day.lock.err
    assert (0, "nobody held the lock of migrated\n") == (day.released.status, day.released.out), day.released.err


def test_a_ship_without_proof_says_so(practice: PracticeRack) -> None:
    """A service that answers 500 to everybody is not even asked: status 0, `unverified`."""
    done = practice.app("trusted").ship("--set", "MOOD=ill", "--no-verify")

    assert 0 == done.status, done.err
    assert "unverified" in done.err
    assert "nothing was proven" in done.err


def test_a_plan_is_carried_out_or_refused(practice: PracticeRack) -> None:
    """What `plan --out` showed is shipped; once somebody has moved the app, the same plan is refused."""
    [app] = practice.serving("planned")
    before, file = app.active, practice.shell.home / "plan.json"
    wish = (str(practice.checkout), "--set", "GREETING=planned")

    planned = app.start("plan", *wish, "--out", str(file), "--exit-code").end()
    untouched = (app.active, len(app.releases))
    shipped = app.ship("--set", "GREETING=planned", "--plan", str(file))
    refused = app.ship("--set", "GREETING=planned", "--plan", str(file))

    assert 3 == planned.status, planned.err
    assert "env          + GREETING" in planned.out
    assert (before, 1) == untouched
    assert 0 == shipped.status, shipped.err
    assert (10, "") == (refused.status, refused.out), refused.err
    assert "not as planned: what serves" in refused.err


def test_env_by_hand_is_staged_and_promoted(practice: PracticeRack) -> None:
    """`env set` makes a release that holds it, `env list` marks it, `promote` ships it; no value is shown."""
    [app] = practice.serving("by-hand")
    canary = f"canary-{app.active.lower()}"
    shell = practice.shell.with_env(TOKEN=canary)

    made = app.start("env", "set", "--env-from", "TOKEN", "--set", "KEPT=1", shell=shell).end()
    listed = app.start("env", "list").end()
    promoted = app.start("promote", made.out.strip(), "--soak", SOAK).end()
    gone = app.start("env", "unset", "TOKEN").end()

    assert 0 == made.status, made.err
    assert f"TOKEN={canary}" in app.env(made.out.strip())
    assert "+ TOKEN" in listed.out.splitlines()
    assert (0, made.out) == (promoted.status, promoted.out), promoted.err
    assert 0 == gone.status, gone.err
    assert {"KEPT=1"} == app.env(gone.out.strip())
    assert canary not in made.out + made.err + listed.out + listed.err + gone.out + gone.err


def test_what_is_done_by_hand_is_remembered(practice: PracticeRack) -> None:
    """Each write to an env or the lock is a run of the app's history, and `resume` looks past it at the last ship."""
    [app] = practice.serving("remembered")

    made = app.start("env", "set", "--set", "KEPT=1").end()
    promoted = app.start("promote", made.out.strip(), "--soak", SOAK).end()
    unset = app.start("env", "unset", "KEPT").end()
    held = app.start("lock", "hold", "--reason", "freeze").end()
    released = app.start("lock", "release", "--yes").end()
    remembered = json.loads(app.start("history", "--output", "json").end().out)["runs"]
    resumed = app.start("resume").end()

    assert {0} == {each.status for each in (made, promoted, unset, held, released)}
    assert [
        ("lock release", "done"),
        ("lock hold", "done"),
        ("env unset", "done"),
        ("promote", "shipped"),
        ("env set", "done"),
    ] == [(each["command"], each["verdict"]) for each in remembered]
    assert f"ship {remembered[3]['ship']} has ended: shipped" in resumed.err
