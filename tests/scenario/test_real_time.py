"""What only a rack at real times can show, and what a rack of which no more is known than its URL can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario.practice import PROMOTE, events
from tests.scenario.real_time import RealTime

pytestmark = pytest.mark.rack


def test_a_crashing_release_is_gone_within_20_seconds(real_time: RealTime) -> None:
    """The slow one: from the promote to the verdict, proof of the old release included, it takes less than 20 s."""
    done, journal = real_time.broken_done, real_time.broken.journal()

    promoted = next(events(journal, "intended", write=PROMOTE))

    assert 20 == done.status, done.err
    assert "ended" == journal[-1]["event"]
    assert 20 > journal[-1]["mono"] - promoted["mono"]


def test_users_never_notice_a_crashing_release(real_time: RealTime) -> None:
    """Who asks forty times a second meets no error and no answer but of the release from before."""
    assert 20 == real_time.broken_done.status
    assert [] == real_time.users.errors
    assert {real_time.before} == set(real_time.users.releases)
    assert 200 < real_time.users.releases.total()


def test_a_url_and_a_convox_are_all_it_takes(real_time: RealTime) -> None:
    """RACK_URL and --convox lead to a rack of which nothing else is known, as they would with a real convox."""
    done = real_time.by_url_done

    used = set(Path(f"{real_time.convox}.used").read_text(encoding="utf-8").split())

    assert (0, f"{real_time.by_url.active}\n") == (done.status, done.out), done.err
    assert {"build", "releases", "ps"} <= used
