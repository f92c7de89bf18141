"""Connecting to a rack, with the errors Go's net and crypto/tls would give (convox-facts 1.3)."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from deployer.localrack.cli.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.urls import Endpoint

DIAL_TIMEOUT_S = 30
TLS_TIMEOUT_S = 10
HIGHEST_PORT = 65535


def dial(endpoint: Endpoint) -> socket.socket:
    """
    A connected socket without any further timeout: the CLI waits for ever on a silent rack.

    TLS is never verified, as the CLI never does. Raises CommandError.
    """
    name, port = endpoint.address()
    if port > HIGHEST_PORT:
        raise CommandError(f"dial tcp: address {port}: invalid port")
    first: CommandError | None = None
    for family, kind, _, _, address in _resolve(name, port):
        sock = socket.socket(family, kind)
        sock.settimeout(DIAL_TIMEOUT_S)
        try:
            sock.connect(address)
        except OSError as exc:
            sock.close()
            first = first or CommandError(f"dial tcp {_join(address)}: {_dial_reason(exc)}")
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _secured(sock, name) if endpoint.scheme == "https" else _patient(sock)
    raise first or CommandError(f"dial tcp: lookup {name}: no such host")


def route(sock: socket.socket) -> str:
    """`127.0.0.1:41234->127.0.0.1:80`; to be asked before anything goes wrong, for then it is forgotten."""
    return f"{_join(sock.getsockname())}->{_join(sock.getpeername())}"


def read_error(way: str, error: OSError) -> str:
    """`read tcp 127.0.0.1:41234->127.0.0.1:80: read: connection reset by peer`."""
    return f"read tcp {way}: read: {_words(error)}"


def _resolve(name: str, port: int) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        reason = "server misbehaving" if exc.errno == socket.EAI_AGAIN else "no such host"
        raise CommandError(f"dial tcp: lookup {name} on {_name_server()}:53: {reason}") from exc
    return [(family, kind, proto, canon, (str(to[0]), int(to[1]))) for family, kind, proto, canon, to in found]


def _name_server() -> str:
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.split()[1] for line in lines if line.startswith("nameserver ")), "127.0.0.1")


def _secured(sock: socket.socket, name: str) -> socket.socket:
    import ssl  # 15 ms that a plain rack does not need

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock.settimeout(TLS_TIMEOUT_S)
    way = route(sock)
    try:
        return _patient(context.wrap_socket(sock, server_hostname=name))
    except ssl.SSLEOFError as exc:
        raise CommandError("EOF") from exc
    except ssl.SSLError as exc:
        raise CommandError(_tls_reason(exc)) from exc
    except TimeoutError as exc:
        raise CommandError("net/http: TLS handshake timeout") from exc
    except OSError as exc:
        raise CommandError(read_error(way, exc)) from exc


def _tls_reason(error: OSError) -> str:
    reason = str(getattr(error, "reason", "")).lower()
    if "version_number" in reason or "http_request" in reason or "record_layer" in reason:
        return "tls: first record does not look like a TLS handshake"
    return f"remote error: tls: {reason.replace('_', ' ')}"


def _patient(sock: socket.socket) -> socket.socket:
    sock.settimeout(None)
    return sock


def _dial_reason(error: OSError) -> str:
    return "i/o timeout" if isinstance(error, TimeoutError) and not error.errno else f"connect: {_words(error)}"


def _words(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO).lower()


def _join(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
