"""
A service that fails in the way that MOOD names (of one service only: MOOD_OF), and otherwise keeps the contract of
`/health` (design 2.2). Standard library only.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVICE = os.environ["SERVICE"]
MOOD = os.environ.get("MOOD", "well") if os.environ.get("MOOD_OF", SERVICE) == SERVICE else "well"
# what an image has baked in, and a rack without images tells by the description of the build
STAMP = os.environ["BUILD_DESCRIPTION"].rpartition("[ship ")[2].removesuffix("]")
PORT = int(os.environ["PORT"])
TURNS = iter(range(sys.maxsize))
# The same for every restart of a replica, another for most others: they do not fail in step.
LIFETIME_S = 5.0 + zlib.crc32(os.environ["HOSTNAME"].encode()) % 3


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_probe = "kube-probe" in self.headers.get("User-Agent", "")
        match MOOD:
            case "errors" if not is_probe:
                self.say(500, b"{}")
            case "alternates" if not is_probe and next(TURNS) % 2:
                self.say(503, b"{}")
            case "errors-to-all":
                self.say(500, b"{}")
            case "moved":
                self.say(404, b"{}")
            case "gone" if not is_probe:
                self.say(404, b"{}")
            case "redirects" if not is_probe:
                self.say(302, b"", Location="https://login.invalid/")
            case "not-json" if not is_probe:
                self.say(200, b"<p>it works</p>")
            case "hangs":
                time.sleep(3600)
            case "deadlocks" if next(TURNS) > 10:
                time.sleep(3600)
            case _:
                self.say(200, json.dumps(answer()).encode())

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def answer() -> dict[str, object]:
    return {
        "status": "ok",
        "timestamp": time.time(),
        "version": "RELSEWHERE0" if MOOD == "other-release" else os.environ["RELEASE"],
        "process": os.environ["HOSTNAME"],
        "build": "20200101-000000-abcdef" if MOOD == "other-build" else STAMP,
    }


def lose_workers() -> None:
    """As Gunicorn's arbiter does: it lives, and its workers do not."""
    while True:
        if os.fork() == 0:
            os._exit(3)
        os.wait()
        time.sleep(1)


def take_a_port_that_is_taken() -> None:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(first.getsockname())


AT_START: dict[str, Callable[[], object]] = {
    "exits": lambda: sys.exit(1),
    "import-error": lambda: importlib.import_module("no_such_module"),
    "missing-env": lambda: os.environ["DATABASE_URL"],
    "config-error": lambda: int("eight"),
    "no-such-command": lambda: sys.exit(127),
    "port-taken": take_a_port_that_is_taken,
    "out-of-memory": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "closed": signal.pause,
    "workers-die": lose_workers,
    "slow": lambda: time.sleep(60),
}


def main() -> None:
    AT_START.get(MOOD, str)()
    port = PORT + 1 if MOOD == "other-port" else PORT
    server = Server(("127.0.0.1", port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    if MOOD.startswith("crashes-after-"):
        threading.Timer(float(MOOD.removeprefix("crashes-after-")), os._exit, (1,)).start()
    if MOOD == "flaps":
        threading.Timer(LIFETIME_S, os._exit, (1,)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
