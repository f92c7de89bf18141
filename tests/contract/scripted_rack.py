"""A rack for one recorded case: HTTP and websockets on a loopback port, with the case's faults."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

from tests.contract.frames import BINARY, CLOSE, TEXT, accept_key, frame, read_frame
from tests.contract.scripted_state import Json, RackState, Refusal, Stream

CERTIFICATE = Path(__file__).with_name("loopback.pem")
# The headers that carry options and identity; the others are the transport's own business.
HEADERS = (
    "Authorization", "Command", "Cpu", "Entrypoint", "Environment", "Filter", "Follow", "Height", "Maxlogrequests",
    "Memory", "Prefix", "Previous", "Rack", "Release", "Session", "Since", "Tail", "Tty", "Width", "X-Convox-Actor",
)  # fmt: skip


class GoneAway(Exception):
    """The connection is over; nothing more can be answered on it."""


class ScriptedRack:
    """
    Answers as the scenario says and writes down what it was asked.

    `goes_down_at` is the number of requests after which the rack is gone: it
    drops the next one and listens no more.
    """

    def __init__(self, scenario: Json, *, tls: bool = False, goes_down_at: int | None = None) -> None:
        self.state = RackState(scenario)
        self.faults = [Fault(rule) for rule in scenario.get("faults", [])]
        self.requests: list[Json] = []
        self.goes_down_at = goes_down_at
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.server.rack = self  # type: ignore[attr-defined]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.started = time.monotonic()
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> ScriptedRack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Fault:
    """A rule on requests: by method, path and how many matched before."""

    def __init__(self, rule: Json) -> None:
        self.rule = rule
        self.seen = 0

    def applies(self, method: str, path: str) -> bool:
        if self.rule.get("m", method) != method or not re.search(self.rule["p"], path):
            return False
        self.seen += 1
        return bool(self.rule.get("from", 1) <= self.seen <= self.rule.get("to", self.seen))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            super().handle()
        except (GoneAway, OSError, ValueError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """The case's own record of requests is enough."""

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if self.parse_request():
            self._answer()

    @property
    def rack(self) -> ScriptedRack:
        return cast("ScriptedRack", self.server.rack)  # type: ignore[attr-defined]

    def _answer(self) -> None:
        target, _, query = self.requestline.split()[1].partition("?")  # self.path has lost a doubled slash
        path = unquote(target)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        entry, form = self._write_down(path, query, body)
        self._maybe_go_down(entry)
        rule = next((f.rule for f in self.rack.faults if f.applies(self.command, path)), {})
        self._suffer(rule, entry)
        if self.headers.get("Upgrade", "").lower() == "websocket" and "status" not in rule:
            return self._stream(rule, path, entry)
        status, answer = self._decide(rule, path, query, form)
        return self._send(entry, status, answer, rule)

    def _write_down(self, path: str, query: str, body: bytes) -> tuple[Json, Json]:
        form: Json = {}
        shown: Any = None
        if "form" in self.headers.get("Content-Type", ""):
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            shown = {"form": form}
        elif body:
            shown = {"bytes": len(body), "head": body[:16].hex()}
        entry: Json = {
            "t": round(time.monotonic() - self.rack.started, 3),
            "method": self.command,
            "path": path,
            "query": query,
            "headers": {name: self.headers[name] for name in HEADERS if name in self.headers},
            "body": shown,
            "status": None,
        }
        self.rack.requests.append(entry)
        return entry, form

    def _maybe_go_down(self, entry: Json) -> None:
        if self.rack.goes_down_at is not None and len(self.rack.requests) > self.rack.goes_down_at:
            self.rack.server.shutdown()  # first: a socket that is waited on stays open
            self.rack.server.server_close()
            entry["status"] = "dropped"
            self._hang_up()

    def _suffer(self, rule: Json, entry: Json) -> None:
        if rule.get("drop") or rule.get("rst"):
            entry["status"] = "dropped"
            self._hang_up(reset=bool(rule.get("rst")))
        if rule.get("hang"):
            entry["status"] = "hang"
            self.rack.closing.wait(rule["hang"])
            raise GoneAway
        if rule.get("delay"):
            self.rack.closing.wait(rule["delay"])

    def _decide(self, rule: Json, path: str, query: str, form: Json) -> tuple[int, Any]:
        if "status" in rule:
            return rule["status"], rule.get("body", "")
        if not self._is_allowed():
            return 401, "invalid authentication\n"
        try:
            return self.rack.state.answer(self.command, path, query, form)
        except Refusal as exc:
            return exc.status, exc.text

    def _is_allowed(self) -> bool:
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        password = unquote(base64.b64decode(encoded).decode().partition(":")[2]) if kind == "Basic" else ""
        return bool(password == self.rack.state.known["password"])

    def _send(self, entry: Json, status: int, answer: Any, rule: Json) -> None:
        is_text = isinstance(answer, str)
        data = answer.encode() if is_text else json.dumps(answer).encode()
        entry["status"] = status
        self.send_response(status)
        self.send_header("Content-Type", rule.get("ctype", "text/plain" if is_text else "application/json"))
        self.send_header("Content-Length", rule.get("length", str(len(data))))
        for name, value in rule.get("headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        if rule.get("truncate"):
            self.wfile.write(data[: len(data) // 2])
            self._hang_up()
        self.wfile.write(data)

    def _stream(self, rule: Json, path: str, entry: Json) -> None:
        entry["status"] = 101
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(self.headers["Sec-WebSocket-Key"]))
        self.end_headers()
        stream = self.rack.state.stream(path)
        if "ws_lines" in rule:
            stream = Stream(rule["ws_lines"], rule.get("ws_end", "eof"))
        if not self._is_allowed():
            stream = Stream([[0, "ERROR: invalid authentication\n"]])
        for delay, text in stream.lines:
            if self.rack.closing.wait(delay):
                raise GoneAway
            self.wfile.write(frame(TEXT, text.encode()))
        self._end(stream.end)

    def _end(self, end: str) -> None:
        if end == "abort":
            self._hang_up(reset=True)
        if end == "fin":
            self._hang_up()
        if end != "hang":
            self.wfile.write(frame(CLOSE, struct.pack("!H", 1000)) if end == "close" else frame(BINARY, b""))
        while (received := read_frame(cast("Any", self.rfile))) is not None and received[0] != CLOSE:
            pass
        raise GoneAway

    def _hang_up(self, *, reset: bool = False) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for file in (self.rfile, self.wfile):
            file.close()
        self.connection.close()
        raise GoneAway
