"""
The slow one: a rack whose times are a real one's, and deployer's numbers as they are.

Two ships are at work side by side, and mostly wait: one is broken, the other knows no more of its rack than a URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scenario.hammer import Hammer
from tests.scenario.practice import PROMOTE, SOAK, App, PracticeRack, events
from tests.scenario.shell import DEPLOYER, Done, Shell
from tests.scenario.wrapped import wrapped_convox

pytestmark = pytest.mark.rack


@dataclass(frozen=True, slots=True)
class Runs:
    """`before` served when the broken release was shipped; `users` asked all the while."""

    broken: App
    before: str
    users: Hammer
    broken_done: Done
    by_url: App
    by_url_done: Done
    convox: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Runs]:
    shell = Shell.in_folder(tmp_path_factory.mktemp("real-time"))
    rack = PracticeRack(shell, checkout, time_scale=1)
    broken, by_url = rack.serving("broken"), rack.app("by-url")
    before = broken.active
    convox = wrapped_convox(tmp_path_factory.mktemp("bin"), 'echo "$1" >> "$0.used"')
    # another state folder: nothing there tells that this rack is the local one
    stranger = shell.with_env(RACK_URL=rack.url, XDG_STATE_HOME=str(shell.home / "elsewhere"), DEPLOYER_CONVOX=None)
    words = ("--app", by_url.name, "--convox", str(convox), "--soak", SOAK)
    with Hammer(broken.url) as users:
        of_url = stranger.start(DEPLOYER, "ship", str(checkout), *words)
        broken_done = broken.ship("--set", "MOOD=crash")
    yield Runs(broken, before, users, broken_done, by_url, of_url.end(), convox)
    rack.down()
    shell.close()


def test_a_crashing_release_is_gone_within_20_seconds(runs: Runs) -> None:
    """From the promote to the verdict it takes less than 20 s, the proof that the old release serves included."""
    journal = runs.broken.journal()

    promoted = next(events(journal, "intended", write=PROMOTE))

    assert 20 == runs.broken_done.status, runs.broken_done.err
    assert 20 > journal[-1]["mono"] - promoted["mono"]
    assert "ended" == journal[-1]["event"]


def test_users_never_notice_a_crashing_release(runs: Runs) -> None:
    """Who asks forty times a second meets no error and no answer but of the release from before."""
    assert [] == runs.users.errors
    assert {runs.before} == set(runs.users.releases)
    assert 200 < runs.users.releases.total()


def test_a_url_and_a_convox_are_all_it_takes(runs: Runs) -> None:
    """RACK_URL and --convox lead to a rack of which nothing else is known, as they would with a real convox."""
    used = set(Path(f"{runs.convox}.used").read_text(encoding="utf-8").split())

    assert (0, f"{runs.by_url.active}\n") == (runs.by_url_done.status, runs.by_url_done.out), runs.by_url_done.err
    assert {"build", "releases", "ps"} <= used
