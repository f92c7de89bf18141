"""A local rack with real processes, driven over raw HTTP; and a small app to ship to it."""

from __future__ import annotations

import base64
import io
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from deployer.localrack.lifecycle import RackInfo

APP = "myapi"
MARKER = "F1E49A85-0AD7-4AEF-A618-C249C6E6568D"

MANIFEST = """\
services:
  web:
    build: .
    command: python -S app.py
    port: 8000
    health: {path: /health, interval: 2, grace: 1, timeout: 5}
    scale: 2
    deployment: {minimum: 100, maximum: 200}
    termination: {grace: 20}
"""

# Starts in about 60 ms. Answers as the health contract wants it, and in full before it ends.
SERVER = """\
import json, os, signal, socketserver, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if os.environ.get("BREAK"):
    sys.exit("BREAK is set: I refuse to start")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        names = ("RELEASE", "HOSTNAME", "PORT", "APP", "SERVICE", "RACK")
        answer = {name: os.environ.get(name) for name in names}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("listening as", os.environ["HOSTNAME"], flush=True)
server.serve_forever()
server.server_close()
"""

SOURCE = {"convox.yml": MANIFEST, "app.py": SERVER}


def pack(files: Mapping[str, str]) -> bytes:
    """A tar.gz as `convox build` uploads it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Driver:
    """Types what a CLI would send."""

    def __init__(self, info: RackInfo, app: str = APP) -> None:
        self.info = info
        self.app = app
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{info.port}", auth=("convox", info.password), timeout=10)

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def post(self, path: str, **form: str) -> httpx.Response:
        answer = self.http.post(path, data=form)
        assert 200 == answer.status_code, answer.text
        return answer

    def socket(self, path: str, **headers: str) -> ClientConnection:
        basic = base64.b64encode(f"convox:{self.info.password}".encode()).decode()
        return connect(
            f"ws://127.0.0.1:{self.info.port}{path}",
            additional_headers={"Authorization": f"Basic {basic}", **headers},
            compression=None,
            proxy=None,
        )

    # What a deploy is made of

    def set_env(self, env: str) -> str:
        return str(self.post(f"/apps/{self.app}/releases", env=env).json()["id"])

    def start_build(self, files: Mapping[str, str] | bytes = SOURCE, **form: str) -> str:
        archive = files if isinstance(files, bytes) else pack(files)
        url = self.http.post(f"/apps/{self.app}/objects/tmp/source.tgz", content=archive).json()["Url"]
        return str(self.post(f"/apps/{self.app}/builds", url=url, **form).json()["id"])

    def build_log(self, build: str) -> str:
        with self.socket(f"/apps/{self.app}/builds/{build}/logs") as socket:
            return read_all(socket)

    def build(self, files: Mapping[str, str] = SOURCE, **form: str) -> str:
        """A release of these files."""
        build = self.start_build(files, **form)
        log = self.build_log(build)
        answer = self.get(f"/apps/{self.app}/builds/{build}")
        assert "complete" == answer["status"], log
        return str(answer["release"])

    def promote(self, release: str) -> None:
        self.post(f"/apps/{self.app}/releases/{release}/promote", force="false")

    def ship(self, files: Mapping[str, str] = SOURCE) -> str:
        release = self.build(files)
        self.promote(release)
        self.wait_for(lambda: (self.status, self.active) == ("running", release))
        return release

    # What can be seen

    @property
    def status(self) -> str:
        return str(self.get(f"/apps/{self.app}")["status"])

    @property
    def active(self) -> str:
        return str(self.get(f"/apps/{self.app}")["release"])

    def rows(self, **query: str) -> list[dict[str, Any]]:
        answer = self.http.get(f"/apps/{self.app}/processes", params=query)
        return [row for row in answer.json() if row["service"] != "build"]

    def statuses(self, release: str) -> list[str]:
        return [row["status"] for row in self.rows(release=release)]

    @property
    def front_door(self) -> str:
        service = self.get(f"/apps/{self.app}/services")[0]
        return f"http://{service['domain']}:{service['ports'][0]['balancer']}"

    def wait_for(self, done: Callable[[], bool], at_most_s: float = 20) -> None:
        end_s = time.monotonic() + at_most_s
        while not done():
            assert time.monotonic() < end_s, f"waited in vain: {self.get(f'/apps/{self.app}')} {self.rows()}"
            time.sleep(0.03)


def read_all(socket: ClientConnection) -> str:
    """The text of a socket up to the empty binary frame that ends it."""
    text = ""
    while (frame := socket.recv(timeout=10)) != b"":
        assert isinstance(frame, str)
        text += frame
    return text


class Hammer:
    """Asks with a fresh connection each time, and remembers what came back."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.releases: Counter[str] = Counter()
        self.errors: list[str] = []

    def __enter__(self) -> Hammer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                answer = httpx.get(self._url, timeout=5, trust_env=False)
                answer.raise_for_status()
                self.releases[answer.json()["RELEASE"]] += 1
            except httpx.HTTPError as exc:
                self.errors.append(repr(exc))
