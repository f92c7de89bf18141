"""Ways that do not lead to an answer: nobody there, broken off, redirected, not trusted, not allowed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

import pytest

from deployer.core.models import Answer
from deployer.core.names import ReleaseId
from deployer.core.policy import Policy
from deployer.probe.http_probe import HttpProbe

from .asking import GOOD, WEB, a_probe, a_target, ask_once
from .loopback import CERTIFICATE, Loopback, Request, Respond, a_reply, always, reset


def test_a_refused_connection_is_unknown() -> None:
    """Nobody listens: that says nothing about the release."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/health"

    assert (Answer(WEB, error="connection refused", is_lost=True),) == a_probe().round([a_target(url)])


@pytest.mark.parametrize(
    ("respond", "words", "is_lost"),
    [
        (reset, "connection reset", True),
        (always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "answer broken off, or not HTTP", True),
        (always(a_reply(b"", status=302)), "redirects to nowhere", False),
        (always(a_reply(b"", status=302, location="http://web:http/")), "not a URL that can be asked", False),
        (
            always(a_reply(b"", status=302, location="https://idp.example/login?t=canary")),
            "redirects to idp.example/login",
            False,
        ),
    ],
)
def test_why_there_is_no_answer_is_said_in_a_few_words(respond: Respond, words: str, is_lost: bool) -> None:
    """
    A person reads these in the plan, so they name what to look at, and no token of a query.

    What a user's browser would have failed on too is told from an answer that only we have no use for.
    """
    assert Answer(WEB, error=words, is_lost=is_lost) == ask_once(respond)


def test_an_answer_that_breaks_off_is_unknown() -> None:
    """Half an answer is none."""

    async def half(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(a_reply(GOOD)[:-10])
        writer.close()

    assert Answer(WEB, error="answer broken off, or not HTTP", is_lost=True) == ask_once(half)


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


def test_tls_is_verified_by_the_name_in_the_url() -> None:
    """The connection goes to an address, but name and certificate are those of the URL."""
    with Loopback(always(a_reply(GOOD)), tls=True) as server:
        (answer,) = a_probe(tls=trusting()).round([a_target(server.url(host="localhost"))])

    assert 200 == answer.status_code
    assert f"localhost:{server.port}" == server.requests[0].headers["host"]


def test_an_untrusted_certificate_is_unknown_and_nothing_is_sent() -> None:
    """A first deploy has a placeholder certificate: no verdict, and no fallback to asking without TLS."""
    with Loopback(always(a_reply(GOOD)), tls=True) as server:
        (answer,) = a_probe().round([a_target(server.url())])

    assert answer.error.startswith("certificate not trusted: self")
    assert [] == server.requests


def test_a_certificate_for_another_name_is_not_trusted() -> None:
    """It is the name of the URL that counts, not the address that it leads to."""
    probe = a_probe(tls=trusting(), look_up=lambda _host, _port: ("127.0.0.1",))

    with Loopback(always(a_reply(GOOD)), tls=True) as server:
        (answer,) = probe.round([a_target(server.url(host="web.example"))])

    assert answer.error.startswith("certificate not trusted: Hostname mismatch")


def test_http_is_followed_to_https_of_the_same_host_once() -> None:
    """What every balancer with `redirect: true` does."""
    with Loopback(always(a_reply(GOOD)), tls=True) as secure:
        moved = always(a_reply(b"", status=301, location=secure.url()))
        answer = ask_once(moved, probe=a_probe(tls=trusting()))

    assert ReleaseId("RABCDEFGHIJ") == answer.release


def test_a_second_redirect_is_not_followed() -> None:
    """After the step to https, a redirect is an answer of another kind: a login page, say."""
    with Loopback(always(a_reply(b"", status=302, location="/login")), tls=True) as secure:
        moved = always(a_reply(b"", status=301, location=secure.url()))
        answer = ask_once(moved, probe=a_probe(tls=trusting()))

    assert "redirects to 127.0.0.1/login" == answer.error


@pytest.mark.parametrize("path", ["/elsewhere", "http://127.0.0.1:1/health"])
def test_other_redirects_of_the_same_host_are_not_followed(path: str) -> None:
    """Only the step to https is."""
    assert ask_once(always(a_reply(b"", status=307, location=path))).error.startswith("redirects to 127.0.0.1/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 refused: a link-local or metadata address"),
        ("http://[::ffff:169.254.169.254]/", "169.254.169.254 refused: a link-local or metadata address"),
        ("http://0.0.0.0/", "0.0.0.0 refused: not the address of a host"),
        ("ftp://web.example/", "not a URL that can be asked"),
        ("/health", "not a URL that can be asked"),
        ("http://web:http/", "not a URL that can be asked"),
        ("http://" + "a" * 70 + ".example/", "host name not found"),
    ],
)
def test_places_that_must_not_be_asked_are_refused(url: str, words: str) -> None:
    """The address comes from a rack's data, which must not lead us to a cloud's metadata."""
    assert (Answer(WEB, error=words),) == a_probe().round([a_target(url)])


def test_loopback_is_refused_unless_the_rack_is_loopback() -> None:
    """A rack elsewhere that names our own machine as a service's domain is not believed."""
    with Loopback(always(a_reply(GOOD))) as server:
        (answer,) = HttpProbe(Policy()).round([a_target(server.url())])

    assert "127.0.0.1 refused: a loopback address" == answer.error
    assert 0 == server.connections


def test_a_bug_of_the_http_stack_does_not_end_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a stranger's bytes do to httpx, the round has an answer for each question."""
    import httpx

    def explode(*_: object) -> Callable[[], None]:
        raise RuntimeError("canary")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", explode)

    assert Answer(WEB, error="unreadable answer") == ask_once(always(a_reply(GOOD)))
