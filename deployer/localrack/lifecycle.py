"""Bring a local rack up, take it down, ask how it is. Light to import: the server's packages are not loaded here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from deployer.localrack.client import RackClient, RackSilent
from deployer.localrack.files import read_json
from deployer.localrack.options import Home, RackOptions
from deployer.localrack.sweep import MARK, is_alive, sweep

UP_WITHIN_S = 20.0
DOWN_WITHIN_S = 15.0
LOOK_EVERY_S = 0.03

T = TypeVar("T")


class RackFailed(Exception):
    """A local rack could not be brought up or taken down: what happened, and what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class RackInfo:
    """A rack that runs. `url` is what RACK_URL wants; it holds the password, so it stays out of the repr."""

    name: str
    pid: int
    port: int
    time_scale: float
    resync_s: float
    home: Path
    url: str = field(repr=False)
    password: str = field(repr=False)
    was_up: bool = True
    """False if it was this very `up` that started it."""

    @property
    def log(self) -> Path:
        return Home(self.home).server_log


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """A service: where it is reached on loopback, and how many replicas it should have."""

    name: str
    port: int | None
    container_port: int | None
    count: int


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """A row of `ps`, and where its output is kept."""

    id: str
    service: str
    status: str
    release: str
    log: Path


@dataclass(frozen=True, slots=True)
class AppReport:
    """An app as the rack shows it. `release` is empty before the first promote."""

    name: str
    status: str
    release: str
    services: tuple[ServiceReport, ...]
    processes: tuple[ProcessReport, ...]


@dataclass(frozen=True, slots=True)
class RackReport:
    """All that `rack status` has to say."""

    info: RackInfo
    apps: tuple[AppReport, ...]


def up(options: RackOptions) -> RackInfo:
    """Start a rack in the background and wait until it answers; one that is up already is left as it is.

    Either way `options.apps` are there afterwards. Raises RackFailed.
    """
    running = info(options)
    if running is None:
        return _start(options)
    client = RackClient(running.port, running.password)
    try:
        known = {app["name"] for app in client.get("/apps")}
        for name in options.apps:
            if name not in known:
                client.post("/apps", name=name)
    except RackSilent as exc:
        raise RackFailed(f"rack {options.name} does not answer: {exc}", "deployer rack down") from exc
    return running


def serve(options: RackOptions) -> None:
    """Run a rack here and now, until SIGINT or SIGTERM: `rack up --foreground`. Raises RackFailed if one runs."""
    from deployer.localrack.server import serve as run  # the server's packages are only needed here

    try:
        run(options)
    except BlockingIOError as exc:
        raise RackFailed(f"rack {options.name} is up already", "deployer rack status") from exc


def down(options: RackOptions) -> bool:
    """End a rack and everything it started; returns when all is gone. False if there was nothing to end.

    What it knows stays in its folder, for the next `up`. Raises RackFailed if it cannot be ended.
    """
    home = options.home
    was_up = _is_held(home)
    if was_up:
        _end(options, home)
    return sweep(home.root) > 0 or was_up


def info(options: RackOptions) -> RackInfo | None:
    """The rack that runs in this folder; None if none does."""
    home = options.home
    if not _is_held(home):
        return None
    described = read_json(home.rack_file)
    # what is described may be the rack before this one, while this one is still on its way up
    if not described or str(described["pid"]) != home.lock.read_text():
        return None
    return RackInfo(home=home.root, **described)


def status(options: RackOptions) -> RackReport | None:
    """Apps, services with their ports, processes with their logs; None if no rack runs. Raises RackFailed."""
    running = info(options)
    if running is None:
        return None
    client = RackClient(running.port, running.password)
    try:
        apps = tuple(_report_app(client, running, app) for app in client.get("/apps"))
    except RackSilent as exc:
        raise RackFailed(f"rack {options.name} does not answer: {exc}", f"look into {running.log}") from exc
    return RackReport(running, apps)


def _start(options: RackOptions) -> RackInfo:
    home = options.home
    home.prepare()
    descriptor = os.open(home.server_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as log:
        # a session of its own: the terminal's Ctrl-C and hang-up are not for it
        daemon = subprocess.Popen(
            _command(options), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_env(), start_new_session=True
        )
    started = _wait(lambda: _answering(options, daemon), UP_WITHIN_S)
    if started is None:
        daemon.kill()
        daemon.wait()
        raise RackFailed(f"rack {options.name} did not come up{_why(home)}", f"look into {home.server_log}")
    return started


def _command(options: RackOptions) -> list[str]:
    command = [sys.executable, "-m", "deployer.localrack.server"]
    command += ["--name", options.name, "--port", str(options.port), "--state-dir", str(options.home.root)]
    command += ["--time-scale", str(options.time_scale), "--resync", str(options.resync_s)]
    return command + [word for app in options.apps for word in ("--app", app)]


def _env() -> dict[str, str]:
    """Ours, but for the mark that would have it taken for a process of a rack."""
    return {name: value for name, value in os.environ.items() if name != MARK}


def _answering(options: RackOptions, daemon: subprocess.Popen[bytes]) -> RackInfo | None:
    if daemon.poll() is not None:
        raise RackFailed(f"rack {options.name} did not come up{_why(options.home)}", _hint(options, daemon.returncode))
    running = info(options)
    if running is None or running.pid != daemon.pid:
        return None
    try:
        RackClient(running.port, running.password).get("/system")
    except RackSilent:
        return None
    return replace(running, was_up=False)


def _hint(options: RackOptions, returncode: int) -> str:
    return "deployer rack status" if returncode == 3 else f"look into {options.home.server_log}"


def _why(home: Home) -> str:
    """The last thing it said."""
    lines = home.server_log.read_text(errors="replace").strip().splitlines() if home.server_log.exists() else []
    return f": {lines[-1]}" if lines else ""


def _end(options: RackOptions, home: Home) -> None:
    running = info(options)
    if running is None:
        raise RackFailed(f"{home.root} is held by something that is no rack", f"remove {home.lock}")
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(running.pid, number)
        if _wait(lambda: not is_alive(running.pid), DOWN_WITHIN_S):
            return
    raise RackFailed(f"rack {options.name} (pid {running.pid}) does not end", f"kill -9 {running.pid}")


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_held(home: Home) -> bool:
    """Does a rack live here: only a live one holds the lock."""
    try:
        with home.lock.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _wait(look: Callable[[], T], at_most_s: float) -> T | None:
    """Look until there is something to see; None if there never is."""
    end_s = time.monotonic() + at_most_s
    while not (seen := look()):
        if time.monotonic() > end_s:
            return None
        time.sleep(LOOK_EVERY_S)
    return seen


def _report_app(client: RackClient, running: RackInfo, app: dict[str, str]) -> AppReport:
    name = app["name"]
    services = client.get(f"/apps/{name}/services")
    processes = client.get(f"/apps/{name}/processes")
    return AppReport(
        name=name,
        status=app["status"],
        release=app["release"],
        services=tuple(
            ServiceReport(
                name=row["name"],
                port=row["ports"][0]["balancer"] if row["ports"] else None,
                container_port=row["ports"][0]["container"] if row["ports"] else None,
                count=row["count"],
            )
            for row in services
        ),
        processes=tuple(
            ProcessReport(
                id=row["id"],
                service=row["service"],
                status=row["status"],
                release=row["release"],
                log=Home(running.home).process_log(name, row["id"]),
            )
            for row in processes
        ),
    )
