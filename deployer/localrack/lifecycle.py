"""Bring a local rack up, take it down, ask how it is. Light to import: the server's packages are not loaded here."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from deployer.localrack.client import RackSilent
from deployer.localrack.files import read_notes
from deployer.localrack.guard import RACK_PID
from deployer.localrack.options import ALREADY_RUNS, MARK, Home, RackOptions
from deployer.localrack.report import RackInfo, RackReport, read_report
from deployer.localrack.tls import NoCertificate, make_certificate

if TYPE_CHECKING:
    from deployer.localrack.faults import Order

__all__ = ["RackFailed", "RackInfo", "RackReport", "down", "info", "serve", "status", "up"]

PACKAGES = ("psutil", "starlette", "uvicorn", "websockets", "yaml")
"""What only a rack needs; they are imported when one is asked for."""
UP_WITHIN_S = 20.0
DOWN_WITHIN_S = 15.0
GONE_WITHIN_S = 1.0
LOOK_EVERY_S = 0.03

T = TypeVar("T")


class RackFailed(Exception):
    """A local rack could not be brought up or taken down: what happened, and what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def up(options: RackOptions) -> RackInfo:
    """Start a rack in the background and wait until it answers; one that is up already is left as it is.

    Either way `options.apps` are there afterwards, and the faults of `options.faults` stand. Raises RackFailed, and
    ValueError if there is no making sense of the file of faults.
    """
    _need_packages()
    orders = _read_orders(options.faults) if options.faults else []
    running = info(options)
    if running is None:
        return _start(options)
    client = running.client()
    try:
        known = {app["name"] for app in client.get("/apps")}
        for name in options.apps:
            if name not in known:
                client.post("/apps", name=name)
        for order in orders:
            client.post_json("/_local/faults", asdict(order))
    except RackSilent as exc:
        if _wait(lambda: not _is_held(options.home), GONE_WITHIN_S):
            return _start(options)  # it was killed, and had only not gone yet
        raise RackFailed(f"rack {options.name} does not answer: {exc}", "deployer rack down") from exc
    return running


def serve(options: RackOptions) -> None:
    """Run a rack here and now, until SIGINT or SIGTERM: `rack up --foreground`. Raises RackFailed if one runs."""
    _need_packages()
    from deployer.localrack.server import serve as run

    _prepare(options)
    try:
        run(options)
    except BlockingIOError as exc:
        raise RackFailed(f"rack {options.name} is up already", "deployer rack status") from exc


def down(options: RackOptions) -> bool:
    """End a rack and everything it started; returns when all is gone. False if there was nothing to end.

    What it knows stays in its folder, for the next `up`. Raises RackFailed if it cannot be ended.
    """
    _need_packages()
    from deployer.localrack.sweep import sweep

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
    described = read_notes(home.rack_file)
    # what is described may be the rack before this one, while this one is still on its way up
    if str(described.get("pid")) != home.lock.read_text():
        return None
    return RackInfo(home=home.root, **described)


def status(options: RackOptions) -> RackReport | None:
    """Apps, services with their ports, processes with their logs; None if no rack runs. Raises RackFailed."""
    running = info(options)
    if running is None:
        return None
    try:
        return read_report(running)
    except RackSilent as exc:
        raise RackFailed(f"rack {options.name} does not answer: {exc}", f"look into {running.log}") from exc


def _need_packages() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise RackFailed(f"the local rack needs {', '.join(missing)}", "pip install 'deployer[local]'")


def _read_orders(file: Path) -> list[Order]:
    # loads the rack model, which whoever only asks for a rack has no use for
    from deployer.localrack.faults import read_orders

    return read_orders(file)


def _prepare(options: RackOptions) -> None:
    options.home.prepare()
    try:
        if options.tls:
            make_certificate(options.home.certificate, options.home.key)
    except NoCertificate as exc:
        raise RackFailed(str(exc), "deployer rack up, without --tls") from exc


def _start(options: RackOptions) -> RackInfo:
    _prepare(options)
    home = options.home
    descriptor = os.open(home.server_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as log:
        # a session of its own: the terminal's Ctrl-C and hang-up are not for it
        daemon = subprocess.Popen(
            _command(options),
            cwd=home.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_env(),
            start_new_session=True,
        )
    started = _wait(lambda: _answering(options, daemon), UP_WITHIN_S)
    if started is None:
        daemon.kill()
        daemon.wait()
        raise RackFailed(f"rack {options.name} did not come up{_why(home)}", f"look into {home.server_log}")
    return started


def _command(options: RackOptions) -> list[str]:
    # -P: nothing in the folder where `rack up` was typed is taken for a module
    command = [sys.executable, "-P", "-m", "deployer.localrack.server"]
    command += ["--name", options.name, "--port", str(options.port), "--state-dir", str(options.home.root)]
    command += ["--time-scale", str(options.time_scale), "--resync", str(options.resync_s)]
    command += ["--tls"] if options.tls else []
    command += ["--faults", str(options.faults.absolute())] if options.faults else []
    return command + [word for app in options.apps for word in ("--app", app)]


def _env() -> dict[str, str]:
    """Ours, but for the marks that would have it taken for a process of a rack."""
    return {name: value for name, value in os.environ.items() if name not in (MARK, RACK_PID)}


def _answering(options: RackOptions, daemon: subprocess.Popen[bytes]) -> RackInfo | None:
    if daemon.poll() is not None:
        raise RackFailed(f"rack {options.name} did not come up{_why(options.home)}", _hint(options, daemon.returncode))
    running = info(options)
    if running is None or running.pid != daemon.pid:
        return None
    try:
        running.client().get("/system")
    except RackSilent:
        return None
    return replace(running, was_up=False)


def _hint(options: RackOptions, returncode: int) -> str:
    return "deployer rack status" if returncode == ALREADY_RUNS else f"look into {options.home.server_log}"


def _why(home: Home) -> str:
    """The last thing it said."""
    lines = home.server_log.read_text(errors="replace").strip().splitlines() if home.server_log.exists() else []
    return f": {lines[-1]}" if lines else ""


def _end(options: RackOptions, home: Home) -> None:
    from deployer.localrack.sweep import is_alive

    # the lock's word and not rack.json's: a rack on its way up has written only the one
    pid = int(home.lock.read_text() or 0)
    if not pid:
        raise RackFailed(f"rack {options.name} is just coming up", "deployer rack down")
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(pid, number)
        if _wait(lambda: not is_alive(pid), DOWN_WITHIN_S):
            return
    raise RackFailed(f"rack {options.name} (pid {pid}) does not end", f"kill -9 {pid}")


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
