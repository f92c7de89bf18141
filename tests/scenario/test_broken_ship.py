"""Releases that fail, each in its own way: users keep the old one, the run says why, and takes it back."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from tests.scenario.hammer import Hammer
from tests.scenario.practice import PROMOTE, TIME_SCALE, App, PracticeRack, events
from tests.scenario.real_time import RealTime
from tests.scenario.shell import Done

pytestmark = pytest.mark.rack

LAST_WORDS = "MOOD must not be crash: this service refuses to start"
# grace 1 + 3 × interval 2 + 60 s of margin (design 2.5)
START_BUDGET_S = 67 * TIME_SCALE


@pytest.fixture(scope="module")
def failing(practice: PracticeRack) -> Mapping[str, App]:
    """Apps for releases that fail: nothing was ever promoted on `first`, all others serve."""
    serving = {app.name: app for app in practice.serving("crash", "silent", "ill")}
    return {"first": practice.app("first"), **serving}


@pytest.fixture(scope="module")
def before(failing: Mapping[str, App]) -> Mapping[str, str]:
    """What each served before."""
    return {name: app.active for name, app in failing.items()}


@pytest.fixture(scope="module")
def users(failing: Mapping[str, App]) -> Mapping[str, Hammer]:
    """Somebody who asks all the time, for those of which an end is to say what they got."""
    return {name: Hammer(failing[name].url) for name in ("crash", "ill")}


@pytest.fixture(scope="module")
def ended(
    failing: Mapping[str, App], before: Mapping[str, str], users: Mapping[str, Hammer], real_time: RealTime
) -> Mapping[str, Done]:
    """What became of their ships, which are at work side by side, those of `test_real_time.py` among them."""
    moods = {"first": "crash", "crash": "crash", "silent": "silent", "ill": "ill"}
    with ExitStack() as asking:
        for each in users.values():
            asking.enter_context(each)
        running = {name: failing[name].start_ship("--set", f"MOOD={mood}") for name, mood in moods.items()}
        return {name: each.end() for name, each in running.items()}


@pytest.mark.parametrize("name", ["crash", "silent", "ill"])
def test_a_release_that_fails_is_taken_back(
    name: str, failing: Mapping[str, App], before: Mapping[str, str], ended: Mapping[str, Done]
) -> None:
    """A release that crashes, never listens, or answers 500: status 20, and the content from before serves again."""
    done, app = ended[name], failing[name]

    answered = {each["version"] for each in app.answers()}

    assert (20, "") == (done.status, done.out), done.err
    assert {app.active} == answered
    assert app.env(before[name]) == app.env(app.active)
    assert f"rolled-back   {app.active} serves" in done.err


def test_its_own_last_words_are_the_reason(ended: Mapping[str, Done]) -> None:
    """Why a release crashed is told in the last words of its process."""
    assert LAST_WORDS in ended["crash"].err


def test_a_report_is_kept_of_it(ended: Mapping[str, Done]) -> None:
    """The verdict names a file of ours alone, which says why and holds what the process, the rack and `ps` said."""
    [line] = [line for line in ended["crash"].err.splitlines() if "evidence: " in line]
    path = Path(line.partition("evidence: ")[2])
    why, *evidence = path.read_text(encoding="utf-8").split("## ")

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert LAST_WORDS in why
    titles = [part.splitlines()[0].partition(" web-")[0] for part in evidence]
    assert {"The rack on", "Log", "Processes, as `ps` listed them", "What changed", "What happened"} <= set(titles)
    assert "env: + MOOD" in "".join(evidence)


def test_the_report_says_what_users_were_told(ended: Mapping[str, Done]) -> None:
    """Where health answers are what is wrong, they are counted, with the first line of a bad one."""
    [line] = [line for line in ended["ill"].err.splitlines() if "evidence: " in line]

    text = Path(line.partition("evidence: ")[2]).read_text(encoding="utf-8")

    _, answers, *_ = text.partition("## Health answers")[2].split("## ")[0].split("SERVICE")
    assert "500" in answers


def test_the_end_agrees_with_users_who_saw_no_error(users: Mapping[str, Hammer], ended: Mapping[str, Done]) -> None:
    """Old processes serve while the new ones crash: users never notice, and the last word says what was heard."""
    [line] = [line for line in ended["crash"].err.splitlines() if "rolled-back" in line]

    assert [] == users["crash"].errors
    assert re.search(r" serves, as before; no error among [1-9]\d* health answers$", line), line


def test_the_end_agrees_with_users_who_saw_errors(
    failing: Mapping[str, App], users: Mapping[str, Hammer], ended: Mapping[str, Done]
) -> None:
    """Where users got 500s, so did deployer, at the same time, and the last word says how many and when."""
    heard = failing["ill"].journal()[-1]["heard"]
    began, over = (datetime.fromisoformat(heard[each]) for each in ("trouble_from", "trouble_to"))
    met = users["ill"].error_times

    assert f"; {heard['errors']} of {heard['answers']} health answers were errors, from " in ended["ill"].err
    assert 0 < heard["errors"] < heard["answers"]
    assert {True} == {"500" in each for each in users["ill"].errors}
    assert met[0] < over
    assert began < met[-1]


def test_the_next_release_forks_from_the_good_one(
    failing: Mapping[str, App], before: Mapping[str, str], ended: Mapping[str, Done]
) -> None:
    """After a way back the newest release has the good env: the next build does not inherit the bad one."""
    app = failing["crash"]

    assert app.env(before["crash"]) == app.env(app.releases[0])


def test_errors_are_the_reason_where_a_release_answers_500(ended: Mapping[str, Done]) -> None:
    """A release that is ready for the rack and answers its users with errors is doomed for just that."""
    assert "health answers of web are errors" in ended["ill"].err


def test_a_release_that_is_only_slow_is_not_doomed_early(failing: Mapping[str, App], ended: Mapping[str, Done]) -> None:
    """A release that never gets ready has its whole start budget, at the rack's pace, before it is given up."""
    journal = failing["silent"].journal()

    promoted = next(events(journal, "intended", write=PROMOTE))
    doomed = next(events(journal, "judged", judgement="doomed"))

    assert START_BUDGET_S < doomed["mono"] - promoted["mono"] < 2 * START_BUDGET_S
    assert "starting" in doomed["why"]


def test_a_first_ship_that_crashes_leaves_nothing(failing: Mapping[str, App], ended: Mapping[str, Done]) -> None:
    """Where nothing served before, a crash ends as first-failed with status 18, and nothing runs any more."""
    done = ended["first"]

    assert (18, "") == (done.status, done.out), done.err
    assert LAST_WORDS in done.err
    assert [] == failing["first"].rows
