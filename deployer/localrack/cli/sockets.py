"""
A rack's streams: websockets carrying text until an empty binary frame (convox-facts 5.4).

The frames are those of `websockets`, used without its own I/O: the CLI has to
tell text from binary without decoding it, and must not mind how a stream ends.
"""

from __future__ import annotations

import select
import time
from threading import Lock

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from deployer.localrack.cli.dial import dial, read_error, route
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.transport import CUT_SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.protocol import Event

    from deployer.localrack.cli.client import Client, Options

PING_EVERY_S = 5
CHUNK = 1024  # bytes the CLI reads and writes at a time, also the most it renders tags in
RECEIVE = 65536


class Socket:
    """
    An open stream. Raises CommandError when the rack does not open it.

    How it ends is not told: an empty binary frame, a close and a dropped
    connection are all the end of the text (`logs-abort-midstream`, `run-abort`).
    """

    def __init__(self, client: Client, path: str, headers: Options) -> None:
        endpoint = client.endpoint
        scheme = "ws" if endpoint.scheme == "http" else "wss"
        self.protocol = ClientProtocol(parse_uri(f"{scheme}://{endpoint.host}{endpoint.path}{path}"), max_size=None)
        self.sending = Lock()
        self.pending: list[Event] = []
        self.sock = dial(endpoint)
        self.way = route(self.sock)
        request = self.protocol.connect()
        for name, value in {**client.headers(), "Origin": endpoint.origin.lower(), **headers}.items():
            if value is not None:  # what the socket library of the CLI does; plain requests refuse a line break
                request.headers[name] = value.replace("\r", " ").replace("\n", " ")
        self.protocol.send_request(request)
        self._flush()
        self._await_handshake()

    def chunks(self) -> Iterator[bytes]:
        """The text as it comes, in pieces of at most CHUNK bytes, with a ping every 5 s."""
        ping_at = time.monotonic() + PING_EVERY_S
        while True:
            for event in self.pending:
                data = _text(event)
                if data is None:
                    return
                for start in range(0, len(data), CHUNK):
                    yield data[start : start + CHUNK]
            self.pending = []
            if time.monotonic() >= ping_at:
                ping_at += PING_EVERY_S
                self._send(self.protocol.send_ping, b"")
            if self._is_readable(ping_at - time.monotonic()) and not self._receive():
                return

    def send_text(self, data: bytes) -> None:
        self._send(self.protocol.send_text, data)

    def send_end(self) -> None:
        """Tell the rack that there is no more input."""
        self._send(self.protocol.send_binary, b"")

    def close(self) -> None:
        self.sock.close()

    def _await_handshake(self) -> None:
        try:
            while not self.pending and not self.protocol.handshake_exc:
                data = self.sock.recv(RECEIVE)
                if not data:
                    raise CommandError(CUT_SHORT)
                self.protocol.receive_data(data)
                self.pending = self.protocol.events_received()
        except OSError as exc:
            raise CommandError(read_error(self.way, exc)) from exc
        if self.protocol.handshake_exc or not isinstance(self.pending.pop(0), Response):
            self.close()
            raise CommandError("websocket: bad handshake")

    def _is_readable(self, wait_s: float) -> bool:
        decrypted = getattr(self.sock, "pending", None)  # only on a TLS socket
        if decrypted and decrypted():  # off the wire already, so select() does not see it
            return True
        return bool(select.select([self.sock], [], [], max(0.0, wait_s))[0])

    def _receive(self) -> bool:
        """Read what has come; False when the connection is over."""
        try:
            data = self.sock.recv(RECEIVE)
        except OSError:
            return False
        if not data:
            return False
        with self.sending:
            self.protocol.receive_data(data)
            self.pending = self.protocol.events_received()
        self._flush()
        return True

    def _send(self, frame: Callable[[bytes], None], data: bytes) -> None:
        """A rack that is gone is noticed where its text is read, not here."""
        try:
            with self.sending:
                frame(data)
        except InvalidState:
            return
        self._flush()

    def _flush(self) -> None:
        try:
            with self.sending:
                for data in self.protocol.data_to_send():
                    self.sock.sendall(data)
        except OSError:
            return


def _text(event: Event) -> bytes | None:
    """The text of a frame, empty for a control frame; None at the end of the stream."""
    if not isinstance(event, Frame) or event.opcode in (Opcode.PING, Opcode.PONG):
        return b""
    return None if event.opcode in (Opcode.BINARY, Opcode.CLOSE) else bytes(event.data)
