"""A rack that is killed, or whose disk is full: what was acknowledged is there, and nothing else is left of it."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions
from tests.scenario.localrack.harness import APP, Driver
from tests.scenario.localrack.kills import kill_again_and_again

pytestmark = pytest.mark.rack

KILLS = 35


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rack_that_is_killed_anywhere_has_all_that_it_acknowledged(seed: int, tmp_path: Path) -> None:
    """Apps, releases, env, builds, configs, locks, counts and what is promoted. `--kills` makes more."""
    deaths = kill_again_and_again(seed, KILLS, tmp_path / "rack")

    assert KILLS == deaths[signal.SIGKILL] + deaths[signal.SIGXFSZ]


@pytest.mark.skipif(sys.platform != "linux", reason="another process's limits can be set on Linux only")
def test_a_full_disk_acknowledges_nothing_and_forgets_nothing(options: RackOptions) -> None:
    """A change that cannot be kept is refused in words; the rack answers and runs on, and takes changes when it can."""
    rack = Driver(lifecycle.up(options))
    release = rack.ship()
    before = rack.set_env("A=1")

    _, most = resource.prlimit(rack.info.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(rack.info.pid, resource.RLIMIT_FSIZE, (10, most))
    refused = [rack.http.post(f"/apps/{APP}/releases", data={"env": "A=2"}) for _ in range(3)]
    rack.wait_for(lambda: ["running", "running"] == rack.statuses(release))
    resource.prlimit(rack.info.pid, resource.RLIMIT_FSIZE, (most, most))
    after = rack.set_env("A=3")
    os.kill(rack.info.pid, signal.SIGKILL)

    releases = [row["id"] for row in Driver(lifecycle.up(options)).get(f"/apps/{APP}/releases")]
    assert {(500, "the rack cannot keep its state: File too large\n")} == {(a.status_code, a.text) for a in refused}
    # the first of them was made before the disk said no; the others never were
    assert [after, before, release] == [releases[0], *releases[-2:]]
    assert 4 >= len(releases)


def test_a_folder_that_takes_no_file_acknowledges_nothing(options: RackOptions) -> None:
    """Whatever keeps the state from being written: here a folder in its way, which stops root as well."""
    rack = Driver(lifecycle.up(options))
    in_the_way = rack.info.home / "state.json.new"

    in_the_way.mkdir()
    refused = rack.http.post("/apps", data={"name": "other"})
    in_the_way.rmdir()
    taken = rack.http.post("/apps", data={"name": "third"})

    assert (500, "the rack cannot keep its state: Is a directory\n") == (refused.status_code, refused.text)
    assert 200 == taken.status_code
