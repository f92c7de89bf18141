"""
Is the rack who it says it is? The CLI asks nobody: it sends the rack's password to any TLS peer (convox-facts 1.3).

So the same host is asked once before the first command. That cannot cover the CLI's own later connections; it does
catch a wrong certificate, a proxy that opens TLS, and a name that leads elsewhere.
"""

from __future__ import annotations

import socket
import ssl

from deployer.convox.target import Target
from deployer.core.errors import RackUnreachable

PORT = 443


class Untrusted(RackUnreachable):
    """The rack cannot be told from somebody who reads along. Trying again does not help."""

    is_transient = False


def check_tls(target: Target, timeout_s: float, context: ssl.SSLContext | None = None) -> str:
    """
    How the connection to the rack is protected, in words. Raises Untrusted, or RackUnreachable when nobody answers.

    "" where it is not ours to check: a loopback rack, and a console that only the CLI's own settings name.
    """
    peer = target.peer
    if peer is None or not peer.host or target.is_loopback:
        return ""
    if target.is_insecure:
        return "TLS not checked (--insecure-rack)"
    if not peer.is_tls:
        raise _untrusted(f"RACK_URL would send the rack's password to {peer.host} without TLS", "not https")
    try:
        _shake_hands(peer.host, peer.port or PORT, timeout_s, context or ssl.create_default_context())
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or "the handshake failed"
        raise _untrusted(f"the certificate of {peer.host} cannot be trusted", str(why).lower()) from None
    except OSError as error:
        raise RackUnreachable(f"{peer.host} does not answer", why=error.strerror or "timed out") from None
    return "TLS verified"


def _shake_hands(host: str, port: int, timeout_s: float, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection((host, port), timeout=timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=host),
    ):
        pass


def _untrusted(what: str, why: str) -> Untrusted:
    return Untrusted(what, why=why, hint="mend its certificate; --insecure-rack accepts it as it is")
