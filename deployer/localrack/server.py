"""The rack's process: `python -m deployer.localrack.server`, started by `lifecycle.up`.

It holds the lock of its folder as long as it lives, says in rack.json where it listens, and on SIGTERM or SIGINT ends
every process it started before it goes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import uvicorn

from deployer.localrack.api import make_api
from deployer.localrack.builder import Builder
from deployer.localrack.faults import read_orders
from deployer.localrack.faulty_door import CuttableProtocol
from deployer.localrack.files import read_notes, write_json
from deployer.localrack.machine import Machine
from deployer.localrack.objects import Objects
from deployer.localrack.options import ALREADY_RUNS, Home, RackOptions
from deployer.localrack.ports import LOOPBACK
from deployer.localrack.sweep import sweep

LOCK_WITHIN_S = 1.0
BACKLOG = 2048
GRACE_S = 5.0
"""At most this long do processes have to end when the rack goes down."""


class Quiet(uvicorn.Server):
    """Leaves signals to us: processes must be ended first."""

    def leave(self) -> None:
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(options: RackOptions) -> None:
    """Run a rack until it is told to stop. Raises BlockingIOError if this folder has one that runs."""
    os.umask(0o077)
    options.home.prepare()
    with _hold(options.home):
        asyncio.run(_serve(options))


async def _serve(options: RackOptions) -> None:
    home = options.home
    sweep(home.root)
    # a RACK_URL stays good over a restart, if the port is still to be had
    last = read_notes(home.rack_file)
    listener = _listen(options.port) if options.port else _listen(last.get("port", 0), or_any=True)
    port, password = listener.getsockname()[1], last.get("password") or secrets.token_urlsafe(24)
    url = f"{'https' if options.tls else 'http'}://convox:{password}@{LOOPBACK}:{port}"

    machine = Machine(options, {"RACK": options.name, "RACK_URL": url})
    objects = Objects(home.objects)
    objects.clear()
    builder = Builder(machine, objects, machine.images, home.logs)
    api = make_api(machine, builder, objects, options.name, password)
    server = Quiet(
        uvicorn.Config(
            api,
            log_level="warning",
            access_log=False,
            lifespan="off",
            http=CuttableProtocol,
            ssl_certfile=home.certificate if options.tls else None,
            ssl_keyfile=home.key if options.tls else None,
            # the real CLI offers no compression and sends its own pings (convox-facts 5.4)
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            # the CLI asks every 3 and 5 s on a connection it keeps: one closed in between would race its next request
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            backlog=BACKLOG,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.leave)
    for order in read_orders(options.faults) if options.faults else []:
        machine.order(order)
    machine.start(options.apps)
    write_json(home.rack_file, _describe(options, url, port, password))
    try:
        await server.serve([listener])
    finally:
        await machine.stop(GRACE_S * min(1.0, options.time_scale))


def _describe(options: RackOptions, url: str, port: int, password: str) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "name": options.name,
        "url": url,
        "port": port,
        "password": password,
        "time_scale": options.time_scale,
        "resync_s": options.resync_s,
    }


def _listen(port: int, *, or_any: bool = False) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        if not or_any:
            raise
        listener.bind((LOOPBACK, 0))
    # rack.json is read before the server takes connections: until then they wait instead of being refused
    listener.listen(BACKLOG)
    return listener


@contextlib.contextmanager
def _hold(home: Home) -> Iterator[None]:
    """Hold the folder. Raises BlockingIOError if another rack does."""
    with home.lock.open("a") as lock:
        _lock(lock)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _lock(lock: IO[str]) -> None:
    # whoever asks whether a rack runs takes the lock for an instant (lifecycle): that is no reason to give up
    end_s = time.monotonic() + LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.02)
        else:
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="local")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--resync", type=float, default=2.0)
    parser.add_argument("--app", action="append", default=[])
    parser.add_argument("--faults", type=Path)
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()
    options = RackOptions(
        name=given.name,
        port=given.port,
        state_dir=given.state_dir,
        time_scale=given.time_scale,
        resync_s=given.resync,
        apps=tuple(given.app),
        faults=given.faults,
        tls=given.tls,
    )
    try:
        serve(options)
    except BlockingIOError:
        sys.exit(ALREADY_RUNS)


if __name__ == "__main__":
    main()
