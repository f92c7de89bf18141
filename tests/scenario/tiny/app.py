"""
The smallest service that keeps the `/health` contract (design 2.2), with the ways in which one fails.

Standard library only, so that `python -S` has it listening in a tenth of a second. In its env:
- MOOD: `well`; `crash` and `tell` end at once, `tell` with TOKEN in the last words; `silent` never listens; `ill`
  answers 500 to everybody but the rack's own probe.
- START_AFTER_S: how long it takes to listen.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOOD = os.environ.get("MOOD", "well")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_well = MOOD != "ill" or "kube-probe" in self.headers.get("User-Agent", "")
        body = json.dumps(answer()).encode()
        self.send_response(200 if is_well else 500)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: only last words are of interest."""


class Server(ThreadingHTTPServer):
    daemon_threads = False  # every request that was taken is answered before the end
    request_queue_size = 128


def answer() -> dict[str, object]:
    """`seals`: a digest of every value in the env, which proves that it arrived and does not give it away."""
    return {
        "status": "ok",
        "timestamp": datetime.now(UTC).isoformat(),
        "version": os.environ["RELEASE"],
        "process": os.environ["HOSTNAME"],
        "seals": {key: hashlib.sha256(os.fsencode(value)).hexdigest() for key, value in os.environ.items()},
    }


def main() -> None:
    match MOOD:
        case "crash":
            sys.exit("MOOD must not be crash: this service refuses to start")
        case "tell":
            sys.exit(f"cannot log in with the token {os.environ['TOKEN']}")
        case "silent":
            signal.pause()
    time.sleep(float(os.environ.get("START_AFTER_S", "0")))
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stderr.write(f"{os.environ['RELEASE']} listens\n")
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
