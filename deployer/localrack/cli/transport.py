"""
HTTP/1.1 as Go's client speaks it, for one rack at a time.

Own code rather than `http.client` for two reasons: it is started for every
command (30 ms less), and the CLI's error lines are Go's: what happened on the
connection has to be told apart more finely than `http.client` tells it.
"""

from __future__ import annotations

import re
import select

from deployer.localrack.cli.dial import dial, read_error, route
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from deployer.localrack.cli.urls import Endpoint

MAX_LINE = 1 << 20
LONGEST_CHUNK = 1 << 62
MAX_IDLE = 2  # connections kept, as Go does by default
DIGITS = "[0-9]{1,15}"
BROKEN = "net/http: HTTP/1.x transport connection broken: "
CUT_SHORT = "unexpected EOF"


class NoAnswer(CommandError):
    """The connection ended before the first byte of an answer."""


class Response:
    """A status and the body that came; `cut_short` when the connection ended inside the body."""

    __slots__ = ("body", "cut_short", "keep_alive", "status")

    def __init__(self, status: int) -> None:
        self.status, self.body, self.cut_short, self.keep_alive = status, b"", False, False


class Connection:
    """One connection to a rack."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.sock = dial(endpoint)
        self.way = route(self.sock)
        self.reader: BinaryIO = self.sock.makefile("rb")

    def exchange(self, request: bytes) -> Response:
        """Raises NoAnswer when nothing came back, CommandError when what came is no HTTP."""
        try:
            self.sock.sendall(request)
            line = self.reader.readline(MAX_LINE)
        except OSError as exc:
            raise NoAnswer(read_error(self.way, exc)) from exc
        if not line:
            raise NoAnswer("EOF")
        response = Response(_status(line))
        try:
            headers = self._headers()
            if response.status in range(100, 200):
                return self.exchange(b"")
            self._read_body(response, headers)
        except OSError as exc:
            raise CommandError(read_error(self.way, exc)) from exc
        return response

    def is_stale(self) -> bool:
        """Whether the rack has closed the idle connection meanwhile (or sent what nobody asked for)."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def close(self) -> None:
        self.reader.close()
        self.sock.close()

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while True:
            line = self.reader.readline(MAX_LINE)
            if not line.endswith(b"\n"):
                raise CommandError(BROKEN + CUT_SHORT)
            if not line.strip():
                return headers
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()

    def _read_body(self, response: Response, headers: Mapping[str, str]) -> None:
        length = headers.get("content-length", "")
        response.keep_alive = headers.get("connection", "").lower() != "close"
        if response.status in (204, 304):
            return
        if "chunked" in headers.get("transfer-encoding", "").lower():
            response.body, response.cut_short = self._chunks()
        elif length:
            if not re.fullmatch(DIGITS, length):
                raise CommandError(f"{BROKEN}bad Content-Length {quote(length)}")
            response.body = self.reader.read(int(length))
            response.cut_short = len(response.body) < int(length)
        else:
            response.body, response.keep_alive = self.reader.read(), False
        response.keep_alive = response.keep_alive and not response.cut_short

    def _chunks(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        while True:
            try:
                size = int(self.reader.readline(MAX_LINE).partition(b";")[0], 16)
            except ValueError:
                return b"".join(parts), True
            if not 0 <= size < LONGEST_CHUNK:
                return b"".join(parts), True
            data = self.reader.read(size)
            parts.append(data)
            if len(data) < size or not self.reader.readline(MAX_LINE):
                return b"".join(parts), True
            if size == 0:
                return b"".join(parts), False


class Transport:
    """Connections to one rack, kept alive between requests."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.idle: list[Connection] = []

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        """
        One request and its answer. Raises CommandError.

        A GET is sent again when a *kept* connection dies without an answer, so a
        single dropped connection is often masked and an HTTP error never is
        (convox-facts 1.3, `promote-wait-drop-once`, `promote-wait-drop-always`).
        """
        if self.endpoint.scheme not in ("http", "https"):
            raise CommandError(f"unsupported protocol scheme {quote(self.endpoint.scheme)}")
        if not self.endpoint.host:
            raise CommandError("http: no Host in request URL")
        request = self._request(method, target, headers, body)
        while True:
            kept = self._take()
            connection = kept or Connection(self.endpoint)
            try:
                response = connection.exchange(request)
            except NoAnswer:
                if kept and method == "GET":
                    continue
                raise
            self._keep(connection, response)
            return response

    def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.endpoint.host}"]
        for name, value in headers.items():
            if any(char in value for char in "\r\n\0"):
                raise CommandError(f"net/http: invalid header field value for {quote(name)}")
            lines.append(f"{name}: {value}")
        if body is not None or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body or b'')}")
        head = "\r\n".join([*lines, "", ""])
        return head.encode("utf-8", "surrogateescape") + (body or b"")

    def _take(self) -> Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if not connection.is_stale():
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection, response: Response) -> None:
        if response.keep_alive and len(self.idle) < MAX_IDLE:
            self.idle.append(connection)
        else:
            connection.close()


def _status(line: bytes) -> int:
    words = line.split(None, 2)
    if not line.startswith(b"HTTP/") or len(words) < 2:
        shown = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
        raise CommandError(f"{BROKEN}malformed HTTP response {quote(shown)}")
    if len(words[1]) != 3 or not words[1].isdigit():
        shown = words[1].decode("utf-8", "surrogateescape")
        raise CommandError(f"{BROKEN}malformed HTTP status code {quote(shown)}")
    return int(words[1])
