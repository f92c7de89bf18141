"""Signals: before the promote nothing changes; after it, the run says where things stand and `resume` finishes it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.scenario.practice import App, PracticeRack, events
from tests.scenario.shell import DEPLOYER, Done, Running, wait_for
from tests.scenario.wrapped import HeldStep

pytestmark = pytest.mark.rack

# What GitHub gives a step after SIGINT is 7.5 s (faults 3.7).
WITHIN_S = 6
STOPPED = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Left:
    """A ship that was sent a signal during its watch: over which release, with which, and what it said."""

    app: App
    before: str
    release: str
    done: Done


@pytest.fixture(scope="module")
def left(practice: PracticeRack) -> Mapping[signal.Signals, Left]:
    """One for each signal, side by side. The release takes two seconds to listen, so that there is a watch."""
    sent = (*STOPPED, signal.SIGHUP)
    apps = dict(zip(sent, practice.serving("left-by-int", "left-by-term", "left-by-hup"), strict=True))
    before = {signum: app.active for signum, app in apps.items()}
    ships = {signum: app.start_ship("--set", "START_AFTER_S=2") for signum, app in apps.items()}
    for signum, ship in ships.items():
        ship.until_told("  promote   R")
        apps[signum].until_promoted()
        ship.signal(signum)
    return {signum: Left(app, before[signum], app.active, ships[signum].end()) for signum, app in apps.items()}


@pytest.mark.parametrize("signum", STOPPED, ids=["INT", "TERM"])
def test_a_watch_that_is_interrupted_says_how_to_go_on(
    signum: signal.Signals, left: Mapping[signal.Signals, Left]
) -> None:
    """A signal during the watch ends the run with 42 in time; one line holds what serves and the command to resume."""
    run = left[signum]

    [line] = [line for line in run.done.err.splitlines() if "interrupted" in line]

    assert (42, "") == (run.done.status, run.done.out), run.done.err
    assert WITHIN_S > run.done.seconds
    assert run.before in line
    assert f"{run.release} is rolling out" in line
    assert "deployer resume" in line


@pytest.fixture(scope="module")
def resumed(left: Mapping[signal.Signals, Left]) -> Mapping[signal.Signals, Done]:
    """What became of them when they were taken up again."""
    running = {signum: left[signum].app.start_resume() for signum in STOPPED}
    return {signum: each.end() for signum, each in running.items()}


@pytest.mark.parametrize("signum", STOPPED, ids=["INT", "TERM"])
def test_resume_brings_it_home(
    signum: signal.Signals, left: Mapping[signal.Signals, Left], resumed: Mapping[signal.Signals, Done]
) -> None:
    """The rack went on meanwhile; `deployer resume` watches to the end, says shipped, and gives the lock back."""
    run, done = left[signum], resumed[signum]

    assert (0, f"{run.release}\n") == (done.status, done.out), done.err
    assert f"shipped   {run.release} serves" in done.err
    assert {run.release} == {each["version"] for each in run.app.answers()}
    assert run.app.lock is None


def test_abort_takes_it_back_and_finds_that_done_the_second_time(practice: PracticeRack) -> None:
    """A ship that is killed during its watch is taken back by `resume --abort`; once more, there is nothing to do."""
    [app] = practice.serving("aborted")
    before = app.active
    ship = app.start_ship("--set", "START_AFTER_S=2")
    ship.until_told("  promote   R")
    app.until_promoted()
    ship.signal(signal.SIGKILL)
    ship.end()

    done, again = app.start_resume("--abort").end(), app.start_resume("--abort").end()

    assert 0 == done.status, done.err
    assert done.out.strip() == app.active
    assert f"restored   {app.active} serves" in done.err
    assert {app.active} == {each["version"] for each in app.answers()}
    assert app.env(before) == app.env(app.active) == app.env(app.releases[0])
    assert app.lock is None
    assert (10, "") == (again.status, again.out), again.err
    assert "nothing to do" in again.err


def test_a_build_that_was_left_is_adopted(practice: PracticeRack) -> None:
    """The ship is killed in its build, which goes on; `resume` finds it by its description and ships what it made."""
    [app] = practice.serving("adopted")
    before, builds = app.active, f"/apps/{app.name}/builds"
    made = len(practice.get(builds))
    ship = app.start_ship("--set", "MODE=new")
    assert wait_for(lambda: len(practice.get(builds)) > made), ship.told
    ship.signal(signal.SIGKILL)
    ship.end()

    done = app.start_resume().end()

    assert 0 == done.status, done.err
    assert done.out.strip() == app.active != before
    assert "MODE=new" in app.env(app.active)
    assert {app.active} == {each["version"] for each in app.answers()}


def test_resume_knows_the_ships_of_its_own_rack_only(
    practice: PracticeRack, left: Mapping[signal.Signals, Left]
) -> None:
    """A ship that was left on one rack is never finished on another, where an app may have the same name."""
    name = left[signal.SIGINT].app.name
    elsewhere = practice.shell.with_env(RACK_URL="http://convox:pass@127.0.0.1:9")

    done = elsewhere.deployer("resume", "--app", name)

    assert 10 == done.status, done.err
    assert f"no ship of {name}" in done.err


def test_a_hang_up_during_the_watch_is_not_heard(left: Mapping[signal.Signals, Left]) -> None:
    """Closing the terminal after the promote stops nothing: the run goes on and ships."""
    run = left[signal.SIGHUP]

    assert (0, f"{run.release}\n") == (run.done.status, run.done.out), run.done.err


def test_a_promote_that_never_went_out_is_not_called_a_rollout(practice: PracticeRack, tmp_path: Path) -> None:
    """A run that is stopped before the rack took its promote does not say that it rolls out, nor does `resume`."""
    [app] = practice.serving("held-back")
    before = app.active
    convox = HeldStep.of(tmp_path, "releases promote")
    ship = app.start_ship("--convox", str(convox.path))
    convox.until_reached()

    ship.signal(signal.SIGINT)

    stopped, resumed = ship.end(), app.start_resume().end()
    assert 42 == stopped.status, stopped.err
    assert "goes on with it" not in stopped.err
    assert (17, "") == (resumed.status, resumed.out), resumed.err
    assert before == app.active


@pytest.fixture(scope="module")
def building(practice: PracticeRack) -> App:
    [app] = practice.serving("building")
    return app


@pytest.fixture
def build(building: App, tmp_path: Path) -> Iterator[Running]:
    """A ship in the midst of its build, which does not end by itself."""
    convox = HeldStep.of(tmp_path, "build")
    ship = building.start_ship("--convox", str(convox.path))
    convox.until_reached()
    yield ship
    ship.kill()


@pytest.mark.parametrize(
    ("signum", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_a_signal_during_the_build_changes_nothing(
    signum: signal.Signals, status: int, building: App, build: Running
) -> None:
    """A signal before the promote ends the run at once: no release was made, and nobody is locked out."""
    before = (building.active, building.releases)

    build.signal(signum)

    done = build.end()
    assert (status, "") == (done.status, done.out), done.err
    assert WITHIN_S > done.seconds
    assert "nothing that serves was changed" in done.err
    assert before == (building.active, building.releases)
    assert building.lock is None


# As the first process of a container is: what it does not handle, it is not told (faults 3.7).
FIRST = ("unshare", "--user", "--map-root-user", "--pid", "--fork")


def may_be_first() -> bool:
    try:
        return 0 == subprocess.run((*FIRST, "true"), capture_output=True, check=False).returncode
    except OSError:
        return False


@pytest.mark.skipif(not may_be_first(), reason="this machine lets nobody make a PID namespace")
def test_the_first_process_of_a_container_hears_a_stop(building: App, tmp_path: Path) -> None:
    """`docker stop` sends TERM to PID 1: the ship ends at once, with its own status, and holds no lock."""
    convox = HeldStep.of(tmp_path, "build")
    words = ("ship", str(building.rack.checkout), "--rack", "local", "--app", building.name)
    container = building.rack.shell.start(*FIRST, DEPLOYER, *words, "--convox", str(convox.path))
    convox.until_reached()

    [first] = psutil.Process(container.popen.pid).children()
    began_s = time.monotonic()
    first.terminate()

    done = container.end()
    assert 143 == done.status, done.err
    assert WITHIN_S > time.monotonic() - began_s
    assert building.lock is None


def test_a_ctrl_c_at_the_terminal_is_for_us_alone(building: App, tmp_path: Path) -> None:
    """A terminal sends it to the whole foreground group: the child of a write is in a session of its own."""
    convox = HeldStep.of(tmp_path, "build")
    ship = building.start_ship("--convox", str(convox.path))
    convox.until_reached()

    children = psutil.Process(ship.popen.pid).children()

    assert children
    assert ship.popen.pid not in {os.getsid(each.pid) for each in children}
    ship.signal(signal.SIGINT)
    assert 130 == ship.end().status


def test_a_ship_at_work_is_not_taken_up(building: App, build: Running) -> None:
    """`resume` in another terminal leaves a living ship and its lock alone."""
    assert wait_for(lambda: building.lock is not None)

    resumed = building.start_resume().end()

    assert (11, "") == (resumed.status, resumed.out), resumed.err
    assert "is still at work" in resumed.err
    assert building.lock is not None
    assert build.popen.poll() is None


def test_a_second_ctrl_c_leaves_at_once(practice: PracticeRack, tmp_path: Path) -> None:
    """Who presses Ctrl-C twice does not wait for a tidy end, not even for a child that will not go."""
    [app] = practice.serving("twice")
    convox = HeldStep.deaf(tmp_path, "build")
    ship = app.start_ship("--convox", str(convox.path))
    convox.until_reached()

    ship.signal(signal.SIGINT)
    convox.until_asked_to_end()
    ship.signal(signal.SIGINT)

    done = ship.end()
    convox.let_go()
    assert 130 == done.status, done.err
    assert 1 > done.seconds
    assert [] == list(events(app.journal(), "ended"))
