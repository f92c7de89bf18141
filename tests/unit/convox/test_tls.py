"""The rack's certificate is looked at before the CLI sends a password to whoever answers."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deployer.convox.target import Peer, Target
from deployer.convox.tls import Untrusted, check_tls
from deployer.core.errors import RackUnreachable
from deployer.core.names import AppName
from deployer.core.redact import Secret

PASSWORD = "cAnArY-rack-password"
# Each signed by itself, with its key: for 127.0.0.1, and for nobody in particular.
CERTIFICATE = Path(__file__).parents[1] / "probe" / "loopback.pem"
ANOTHER = Path(__file__).parents[2] / "contract" / "loopback.pem"


class Elsewhere(Target):
    """A rack that counts as far away, though the test's server is on this machine."""

    @property
    def is_loopback(self) -> bool:
        return False


def rack_at(url: str, *, insecure: bool = False) -> Target:
    return Elsewhere(AppName("myapp"), rack_url=Secret(url), is_insecure=insecure)


@contextmanager
def serving(certificate: Path = CERTIFICATE) -> Iterator[int]:
    """A TLS server that shakes one hand."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def shake() -> None:
            with suppress(OSError):
                peer, _ = server.accept()
                with peer, context.wrap_socket(peer, server_side=True):
                    pass

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_certificate_of_nobody_is_refused() -> None:
    """Signed by itself: the CLI would send its password all the same."""
    with serving() as port, pytest.raises(Untrusted) as caught:
        check_tls(rack_at(f"https://convox:{PASSWORD}@127.0.0.1:{port}"), 5.0)

    assert ("the certificate of 127.0.0.1 cannot be trusted", False) == (caught.value.what, caught.value.is_transient)
    assert "--insecure-rack" in caught.value.hint
    assert PASSWORD not in repr(caught.value.__dict__)


def test_certificate_that_is_trusted_is_said() -> None:
    """Normal verification, name included."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))

    with serving() as port:
        assert "TLS verified" == check_tls(rack_at(f"https://convox:{PASSWORD}@127.0.0.1:{port}"), 5.0, context)


def test_certificate_for_another_name_is_refused() -> None:
    """Trusted, but not whom we asked for."""
    context = ssl.create_default_context(cafile=str(ANOTHER))

    with serving(ANOTHER) as port, pytest.raises(Untrusted):
        check_tls(rack_at(f"https://convox:{PASSWORD}@127.0.0.1:{port}"), 5.0, context)


def test_password_without_tls_is_refused() -> None:
    """Everybody on the way could read it; nothing is even connected to."""
    with pytest.raises(Untrusted, match="without TLS"):
        check_tls(rack_at(f"http://convox:{PASSWORD}@rack.invalid"), 5.0)


def test_somebody_may_accept_it() -> None:
    """A private network, said aloud: then nothing is asked, and it is told."""
    told = check_tls(rack_at(f"http://convox:{PASSWORD}@rack.invalid", insecure=True), 5.0)

    assert "TLS not checked (--insecure-rack)" == told


def test_silence_is_not_distrust() -> None:
    """Nobody listens: unreachable, which may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(RackUnreachable) as caught:
        check_tls(rack_at(f"https://convox:{PASSWORD}@127.0.0.1:{port}"), 5.0)

    assert caught.value.is_transient


@pytest.mark.parametrize(
    "url", [None, "http://convox:x@127.0.0.1:5000", "https://localhost", "not a url", "https://[", ""]
)
def test_rest_is_not_ours_to_check(url: str | None) -> None:
    """The console, which the CLI finds by itself; this machine; what is no URL, and the CLI says so."""
    assert "" == check_tls(Target(AppName("myapp"), rack_url=None if url is None else Secret(url)), 5.0)


def test_console_is_asked_where_its_name_is_known() -> None:
    """It gets a deploy key from the CLI, which verifies nobody."""
    with serving() as port, pytest.raises(Untrusted):
        check_tls(Target(AppName("myapp"), console=f"127.0.0.1:{port}"), 5.0)


def test_peer_is_read_off_the_url() -> None:
    """Also where the port is no number."""
    urls = ["https://u:p@api.example.com/x", "http://u:p@api.example.com:81", "https://api.example.com:none"]

    peers = [rack_at(url).peer for url in urls]

    assert [("api.example.com", None, True), ("api.example.com", 81, False), ("api.example.com", None, True)] == [
        (peer.host, peer.port, peer.is_tls) for peer in peers if isinstance(peer, Peer)
    ]
