"""Up, down, killed and back: nothing is lost and nothing is left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import time
from pathlib import Path

import psutil
import pytest

from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions
from deployer.localrack.sweep import is_alive, leftovers
from tests.scenario.localrack.harness import APP, MANIFEST, SERVER, SOURCE, Driver

pytestmark = pytest.mark.rack


def alive(home: Path) -> list[int]:
    """Everything that this rack has started, by the mark it carries."""
    return [process.pid for process in leftovers(home)]


def when_up(options: RackOptions, at_most_s: float = 10) -> lifecycle.RackInfo:
    end_s = time.monotonic() + at_most_s
    while (info := lifecycle.info(options)) is None:
        assert time.monotonic() < end_s, "it never came up"
        time.sleep(0.02)
    return info


def wait_until_gone(pids: list[int], at_most_s: float = 5) -> None:
    end_s = time.monotonic() + at_most_s
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < end_s, "something was left"
        time.sleep(0.02)


def test_up_is_idempotent_and_makes_apps(options: RackOptions) -> None:
    """The second finds the first, and adds the apps that it names."""
    first = lifecycle.up(options)
    second = lifecycle.up(RackOptions(state_dir=options.state_dir, apps=(APP, "other")))

    assert (False, True) == (first.was_up, second.was_up)
    assert (first.pid, first.url) == (second.pid, second.url)
    assert [APP, "other"] == [app["name"] for app in Driver(second).get("/apps")]


def test_down_leaves_nothing_that_runs(options: RackOptions) -> None:
    """Processes, their children, the guard and the rack are gone when it returns."""
    rack = Driver(lifecycle.up(options))
    rack.ship()
    family = [child.pid for child in psutil.Process(rack.info.pid).children(recursive=True)]
    assert 3 <= len(family)

    assert lifecycle.down(options)

    assert [] == [pid for pid in [rack.info.pid, *family] if is_alive(pid)]
    assert None is lifecycle.info(options)
    assert not lifecycle.down(options)


def test_a_rack_that_comes_back_knows_everything(options: RackOptions) -> None:
    """Same URL, same port of the service, apps, releases, env; what should run is started."""
    rack = Driver(lifecycle.up(options))
    rack.set_env("A=1")
    release = rack.ship()
    unpromoted = rack.set_env("A=2")
    front_door = rack.front_door
    lifecycle.down(options)

    back = Driver(lifecycle.up(options))
    back.wait_for(lambda: ["running", "running"] == back.statuses(release))

    assert rack.info.url == back.info.url
    assert front_door == back.front_door
    assert ("running", release) == (back.status, back.active)
    assert "A=2" == back.get(f"/apps/{APP}/releases/{unpromoted}")["env"]
    assert release == back.http.get(front_door, auth=None).json()["RELEASE"]


def test_processes_die_with_a_rack_that_is_killed(options: RackOptions) -> None:
    """SIGKILL: the guard ends its process groups, grandchildren too; the next `up` starts them anew."""
    rack = Driver(lifecycle.up(options))
    # a shell that waits for its child keeps it a grandchild of the rack
    shell = MANIFEST.replace("python -S app.py", "python -S app.py & wait")
    release = rack.ship({"convox.yml": shell, "app.py": SERVER})
    started = alive(rack.info.home)
    assert 4 == len(started)

    os.kill(rack.info.pid, signal.SIGKILL)
    wait_until_gone(started)
    back = Driver(lifecycle.up(options))
    back.wait_for(lambda: ["running", "running"] == back.statuses(release))

    assert not set(started) & set(alive(back.info.home))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the guard finds strays by /proc")
def test_a_process_that_left_its_group_dies_with_a_killed_rack(options: RackOptions) -> None:
    """A service may start a daemon in a session of its own, deaf to TERM: the guard ends it all the same."""
    rack = Driver(lifecycle.up(options))
    both = MANIFEST.replace("python -S app.py", "python -S daemon.py & exec python -S app.py")
    daemon = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.setsid()\ntime.sleep(600)\n"
    rack.ship({"convox.yml": both, "app.py": SERVER, "daemon.py": daemon})
    rack.wait_for(lambda: 4 == len({os.getpgid(pid) for pid in alive(rack.info.home)}))
    started = alive(rack.info.home)

    os.kill(rack.info.pid, signal.SIGKILL)

    wait_until_gone(started)


def test_what_a_killed_guard_left_is_swept(options: RackOptions) -> None:
    """Rack and guard killed together: `down` finds the processes by their mark."""
    rack = Driver(lifecycle.up(options))
    rack.ship()
    started = alive(rack.info.home)
    guard = next(child for child in psutil.Process(rack.info.pid).children() if child.pid not in started)

    guard.kill()
    os.kill(rack.info.pid, signal.SIGKILL)
    wait_until_gone([rack.info.pid])
    assert started == alive(rack.info.home)
    assert lifecycle.down(options)

    assert [] == alive(rack.info.home)


def test_everything_on_disk_is_private(options: RackOptions) -> None:
    """The folder holds every secret of its apps: 0700, files 0600."""
    rack = Driver(lifecycle.up(options))
    rack.set_env("TOKEN=hunter2")
    rack.ship()

    home = rack.info.home
    files = [path for path in home.iterdir() if path.is_file()] + list((home / "logs").rglob("*.log"))
    assert 0o700 == stat.S_IMODE(home.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in files}
    assert "hunter2" not in (home / "server.log").read_text()


def test_status_tells_ports_processes_and_logs(options: RackOptions) -> None:
    """What `rack status` prints."""
    rack = Driver(lifecycle.up(options))
    release = rack.ship()

    report = lifecycle.status(options)

    assert report is not None
    (app,) = report.apps
    assert (APP, "running", release) == (app.name, app.status, app.release)
    assert [("web", 8000, 2)] == [(service.name, service.container_port, service.count) for service in app.services]
    assert rack.front_door.endswith(f":{app.services[0].port}")
    assert ["running", "running"] == [process.status for process in app.processes if process.service == "web"]
    assert "listening" in app.processes[-1].log.read_text()


def when_serving(rack: Driver, release: str) -> None:
    rack.wait_for(lambda: ["running", "running"] == rack.statuses(release))


def test_apps_on_one_rack_are_apart(options: RackOptions) -> None:
    """Each has its own releases, env, front door and processes, and `rack status` tells of both, after a kill too."""
    rack = Driver(lifecycle.up(options))
    rack.post("/apps", name="other")
    other = Driver(rack.info, "other")
    rack.set_env("A=mine")
    other.set_env("A=theirs")
    releases = {APP: rack.ship(), "other": other.ship()}
    os.kill(rack.info.pid, signal.SIGKILL)

    back = Driver(lifecycle.up(options))
    for app, release in releases.items():
        one = Driver(back.info, app)
        when_serving(one, release)
        said = one.http.get(one.front_door, auth=None).json()
        assert (app, release) == (said["APP"], said["RELEASE"])
    report = lifecycle.status(options)

    assert report is not None
    assert releases == {app.name: app.release for app in report.apps}
    assert 2 == len({app.services[0].port for app in report.apps})
    assert 4 == len({process.log for app in report.apps for process in app.processes if process.service == "web"})


def test_a_port_that_is_taken_is_said(options: RackOptions) -> None:
    """A port that was asked for is that or nothing."""
    taken = lifecycle.up(options).port
    other = RackOptions(name="other", state_dir=options.home.root.parent / "other", port=taken)

    with pytest.raises(lifecycle.RackFailed, match="Address already in use"):
        lifecycle.up(other)

    assert None is lifecycle.info(other)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"version": 99, "apps": []}', "version 99"),
        ("", "state.json is damaged"),
        ('{"version": 1, "apps": [{"na', "state.json is damaged"),
        ('{"version": 1, "apps": [{"name": "x"}]}', "state.json holds no state of a rack"),
        ("[]", "state.json holds no state of a rack"),
        ("{}", "state.json holds no state of a rack"),
    ],
)
def test_a_state_that_cannot_be_read_is_said_and_kept(options: RackOptions, text: str, why: str) -> None:
    """Never overwritten with an empty one."""
    options.home.prepare()
    options.home.state_file.write_text(text)

    with pytest.raises(lifecycle.RackFailed, match=why):
        lifecycle.up(options)

    assert text == options.home.state_file.read_text()


@pytest.mark.parametrize("text", ["", '{"pid": 5, "po', "[5]", '{"other": 1}'])
def test_notes_that_cannot_be_read_are_made_anew(options: RackOptions, text: str) -> None:
    """Where a rack listened, and at which ports: a pity, and no more."""
    options.home.prepare()
    for file in (options.home.rack_file, options.home.ports_file):
        file.write_text(text)

    assert None is lifecycle.info(options)
    assert ("running", "") == (Driver(lifecycle.up(options)).status, Driver(lifecycle.up(options)).active)


def test_two_services_and_one_without_a_port(options: RackOptions) -> None:
    """Each has its own front door; one that listens nowhere runs all the same."""
    rack = Driver(lifecycle.up(options))
    second = MANIFEST.split("\n", 1)[1].replace("  web:", "  admin:")
    worker = "  worker:\n    build: .\n    command: sleep 600\n"
    rack.ship({**SOURCE, "convox.yml": MANIFEST + second + worker})

    services = {row["name"]: row for row in rack.get(f"/apps/{APP}/services")}
    ports = {name: services[name]["ports"][0]["balancer"] for name in ("web", "admin")}

    assert [] == services["worker"]["ports"]
    assert ["running"] == [row["status"] for row in rack.rows(service="worker")]
    for name, port in ports.items():
        assert name == rack.http.get(f"http://127.0.0.1:{port}/", auth=None).json()["SERVICE"]


def test_a_rack_in_the_foreground_ends_with_ctrl_c(options: RackOptions) -> None:
    """`serve` blocks, and leaves nothing when it is interrupted."""
    serving = multiprocessing.get_context("spawn").Process(target=lifecycle.serve, args=(options,))
    serving.start()
    rack = Driver(when_up(options))
    rack.ship()
    started = alive(rack.info.home)

    os.kill(rack.info.pid, signal.SIGINT)
    serving.join(timeout=10)

    assert 0 == serving.exitcode
    assert 2 == len(started)
    assert [] == alive(rack.info.home)
