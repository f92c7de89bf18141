"""A health round against real servers on loopback: well-behaved, broken and hostile ones."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count

import pytest

from deployer.core.errors import Usage
from deployer.core.models import Answer, HealthTarget
from deployer.core.names import ProcessId, ReleaseId, ServiceName
from deployer.core.policy import Policy
from deployer.core.redact import Secret
from deployer.probe.answers import BODY_LIMIT_BYTES, Fields
from deployer.probe.http_probe import HttpProbe

from .loopback import CERTIFICATE, Loopback, Request, Respond, a_reply, always, reset, slowly

WEB = ServiceName("web")
STAMP = "20261124-014700-a1b2c3"
GOOD = {
    "status": "healthy",
    "timestamp": "2026-11-24T01:47:00.123456Z",
    "version": "RABCDEFGHIJ",
    "process": "web-7f9c6d-x2x4z",
    "build": STAMP,
}


def a_target(url: str, times: int = 1, service: ServiceName = WEB) -> HealthTarget:
    return HealthTarget(service, url, times)


def a_probe(policy: Policy | None = None, **more: object) -> HttpProbe:
    return HttpProbe(policy or Policy(probe_s=5), allow_loopback=True, **more)  # type: ignore[arg-type]


def ask(respond: Respond, *, times: int = 1, probe: HttpProbe | None = None, tls: bool = False) -> tuple[Answer, ...]:
    with Loopback(respond, tls=tls) as server:
        return (probe or a_probe()).round([a_target(server.url(), times)])


def ask_once(respond: Respond, *, probe: HttpProbe | None = None, tls: bool = False) -> Answer:
    (answer,) = ask(respond, probe=probe, tls=tls)
    return answer


def fresh() -> Respond:
    """Each answer has a time of its own, as the contract asks."""
    ticks = count(100_000)

    async def respond(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(a_reply({**GOOD, "timestamp": f"2026-11-24T01:47:00.{next(ticks)}Z"}))

    return respond


def test_a_good_answer_says_who_answers() -> None:
    """Release, process and build stamp are read from the contract's fields."""
    answer = ask_once(always(a_reply(GOOD)))

    assert "" == answer.error
    assert 200 == answer.status_code
    assert ReleaseId("RABCDEFGHIJ") == answer.release
    assert ProcessId("web-7f9c6d-x2x4z") == answer.process
    assert STAMP == answer.stamp
    assert 0 < answer.elapsed_s < 5
    assert not answer.is_cached


def test_field_names_can_be_set() -> None:
    """An app with a health answer of its own need not change it."""
    probe = a_probe(fields=Fields(release=("rel",), process="pod", stamp="image"))

    answer = ask_once(always(a_reply({"rel": "RA", "pod": "web-1", "image": STAMP})), probe=probe)

    assert (ReleaseId("RA"), ProcessId("web-1"), STAMP) == (answer.release, answer.process, answer.stamp)


def test_each_answer_has_a_connection_of_its_own() -> None:
    """A kept connection would hear one replica only, so none is used twice, within a round or across rounds."""
    probe = a_probe()

    with Loopback(fresh()) as server:
        probe.round([a_target(server.url(), times=4)])
        probe.round([a_target(server.url(), times=4)])

    assert 8 == len(server.requests)
    assert 8 == server.connections


def test_requests_get_past_caches_and_carry_nothing_else() -> None:
    """Each request has another URL and asks for a fresh, uncompressed answer in the name of the host."""
    with Loopback(fresh()) as server:
        a_probe().round([a_target(server.url("/health?deep=1"), times=3)])

    assert 3 == len({each.path for each in server.requests})
    assert all(each.path.startswith("/health?deep=1&_deployer=") for each in server.requests)
    headers = server.requests[0].headers
    assert "no-cache" == headers["cache-control"]
    assert "identity" == headers["accept-encoding"]
    assert f"127.0.0.1:{server.port}" == headers["host"]
    assert {"host", "accept", "accept-encoding", "cache-control", "user-agent"} == set(headers)


def test_cookies_are_not_kept() -> None:
    """A session cookie would pin the probe to one replica."""
    probe = a_probe()

    with Loopback(always(a_reply(GOOD, set_cookie="replica=1; Path=/"))) as server:
        probe.round([a_target(server.url(), times=2)])
        probe.round([a_target(server.url())])

    assert 3 == len(server.requests)
    assert all("cookie" not in each.headers for each in server.requests)


def test_a_configured_header_is_sent_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Health behind a token can be asked; the token does not get into a log at any level."""
    probe = a_probe(headers={"Authorization": Secret("Bearer canary-4711")})

    with caplog.at_level(logging.DEBUG), Loopback(always(a_reply(GOOD, set_cookie="canary-4713"))) as server:
        probe.round([a_target(server.url("/health?token=canary-4712"))])

    assert "Bearer canary-4711" == server.requests[0].headers["authorization"]
    assert "canary" not in caplog.text
    assert not [each for each in caplog.records if each.name.startswith("http")]
    assert "canary" not in repr(vars(probe))


@pytest.mark.parametrize(("name", "value"), [("X-Token", "canary\r\nHost: evil"), ("X-Token", "cänary"), ("X: Y", "a")])
def test_a_header_that_cannot_be_sent_is_refused_without_its_value(name: str, value: str) -> None:
    """A line break in a token would be a second header; the message does not repeat the value."""
    with pytest.raises(Usage) as caught:
        a_probe(headers={name: Secret(value)})

    assert "nary" not in str(caught.value)


def test_the_environment_s_proxy_is_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the shell must not stand between us and the service, and might cache."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    assert 200 == ask_once(always(a_reply(GOOD))).status_code


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_status_is_an_answer(status: int) -> None:
    """The service answered and said no; an HTML page does not make it less of an answer."""
    page = b"<html><h1>Down</h1></html>"

    answer = ask_once(always(a_reply(page, status=status, content_type="text/html")))

    assert Answer(WEB, status_code=status, elapsed_s=answer.elapsed_s) == answer
    assert answer.is_failure


def test_an_error_status_still_says_who_answered() -> None:
    """So that a failing old process is not held against the new release."""
    answer = ask_once(always(a_reply(GOOD, status=503)))

    assert ProcessId("web-7f9c6d-x2x4z") == answer.process
    assert answer.is_failure


@pytest.mark.parametrize("respond", [slowly(a_reply(b"{" + b" " * 500 + b"}")), slowly(b"HTTP/1.1 200 OK\r\nx: " * 50)])
def test_a_server_that_trickles_is_cut_off(respond: Respond) -> None:
    """A slow-loris in body or headers passes timeouts for single reads, and not the round's deadline."""
    began = time.monotonic()

    answer = ask_once(respond, probe=a_probe(Policy(probe_s=0.3)))

    assert "timed out" == answer.error
    assert answer.status_code is None
    assert time.monotonic() - began < 3


def test_one_silent_service_does_not_silence_another() -> None:
    """Each has a share of the round, so a service that hangs cannot use up all of it."""

    async def hang(_: Request, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    probe = a_probe(Policy(probe_s=0.5, probes_at_once=4))

    with Loopback(hang) as silent, Loopback(fresh()) as good:
        answers = probe.round([a_target(silent.url(), 8, ServiceName("mute")), a_target(good.url(), 2)])

    assert [200, 200] == [each.status_code for each in answers if each.service == WEB]
    assert {"timed out"} == {each.error for each in answers if each.service == "mute"}


def test_a_huge_body_is_not_read_to_its_end() -> None:
    """Past 64 KiB the connection is closed, whatever is still to come."""
    sent = 0

    async def pour(_: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while sent < 200 * BODY_LIMIT_BYTES:
            writer.write(b" " * BODY_LIMIT_BYTES)
            sent += BODY_LIMIT_BYTES
            await writer.drain()

    answer = ask_once(pour)

    assert "answer too large" == answer.error
    assert sent < 200 * BODY_LIMIT_BYTES


@pytest.mark.parametrize("body", [b"", b"{", b"{'version': 'RA'}", b"\xff\xfe{", b"[" * 50_000, b"9" * 5_000, b"\0"])
def test_what_calls_itself_json_and_is_not_is_unknown(body: bytes) -> None:
    """A garbled answer says nothing about the release."""
    assert Answer(WEB, error="not JSON") == ask_once(always(a_reply(body)))


@pytest.mark.parametrize("body", [b"ok", b"<html>fine</html>", b"[1]", b'"RABC"', b"null", b"{}"])
def test_a_good_answer_without_a_release_is_an_answer_still(body: bytes) -> None:
    """A service that only says `ok` can be seen to answer, if not for which release."""
    answer = ask_once(always(a_reply(body, content_type="text/plain")))

    assert answer.is_ok
    assert answer.release is None
    assert "" == answer.error


@pytest.mark.parametrize("odd", [7, None, True, ["RA"], {"id": "RA"}, "1.4.2", "unknown", "", "<b>R</b>", "RA\x1b[2J"])
def test_fields_of_the_wrong_kind_are_as_good_as_missing(odd: object) -> None:
    """An app's own `version` is no release, and nothing hostile gets past the shape of an id."""
    answer = ask_once(always(a_reply({"version": odd, "process": [odd], "build": odd})))

    assert (None, None, "") == (answer.release, answer.process, answer.stamp)


def test_release_is_taken_where_version_is_the_app_s_own() -> None:
    """`version: 1.4.2` beside `release: RA` is common, and honest."""
    answer = ask_once(always(a_reply({"version": "1.4.2", "release": "RA"})))

    assert ReleaseId("RA") == answer.release


@pytest.mark.parametrize(("age", "is_cached"), [("3", True), ("0", False), ("", False), ("soon", False)])
def test_age_gives_a_cache_away(age: str, is_cached: bool) -> None:
    """Only a shared cache sends `Age`."""
    assert is_cached is ask_once(always(a_reply(GOOD, age=age))).is_cached


def test_the_same_instant_twice_gives_a_cache_away() -> None:
    """The last question of a round is asked after the first answer: an honest one would have a later timestamp."""
    answers = ask(always(a_reply(GOOD)), times=3)

    assert answers[0].is_cached
    assert answers[2].is_cached


def test_fresh_answers_are_not_called_cached() -> None:
    """Timestamps that differ are a service's own answers, in one round and the next."""
    probe = a_probe()

    with Loopback(fresh()) as server:
        answers = [each for _ in range(2) for each in probe.round([a_target(server.url(), times=4)])]

    assert not any(each.is_cached for each in answers)


@pytest.mark.parametrize("body", [{"version": "RA"}, {"version": "RA", "timestamp": "2026-11-24T01:47:00Z"}])
def test_answers_that_may_honestly_be_the_same_are_not_called_cached(body: dict[str, object]) -> None:
    """Without a timestamp, or with one of whole seconds, two answers in a row may be the same."""
    assert not any(each.is_cached for each in ask(always(a_reply(body)), times=4))


def test_a_refused_connection_is_unknown() -> None:
    """Nobody listens: that says nothing about the release."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/health"

    assert (Answer(WEB, error="connection refused"),) == a_probe().round([a_target(url)])


@pytest.mark.parametrize(
    ("respond", "words"),
    [
        (reset, "connection reset"),
        (always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "answer broken off, or not HTTP"),
        (always(a_reply(b"", status=302)), "redirects to nowhere"),
        (always(a_reply(b"", status=302, location="http://web:http/")), "not a URL that can be asked"),
        (
            always(a_reply(b"", status=302, location="https://idp.example/login?t=canary")),
            "redirects to idp.example/login",
        ),
    ],
)
def test_why_there_is_no_answer_is_said_in_a_few_words(respond: Respond, words: str) -> None:
    """A person reads these in the plan, so they name what to look at, and no token of a query."""
    assert Answer(WEB, error=words) == ask_once(respond)


def test_an_answer_that_breaks_off_is_unknown() -> None:
    """Half an answer is none."""

    async def half(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(a_reply(GOOD)[:-10])
        writer.close()

    assert Answer(WEB, error="answer broken off, or not HTTP") == ask_once(half)


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


@pytest.mark.parametrize(("bound", "services"), [(3, 1), (16, 1), (3, 8)])
def test_no_more_are_asked_at_once_than_the_policy_says(bound: int, services: int) -> None:
    """The probe must not be a load test; the server sees how many answers it owes at the same time."""
    owed, most = 0, 0
    is_full = asyncio.Event()

    async def respond(_: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal owed, most
        owed += 1
        most = max(most, owed)
        if owed == bound:
            asyncio.get_running_loop().call_later(0.1, is_full.set)  # time for one too many to show up
        await is_full.wait()
        owed -= 1
        writer.write(a_reply(GOOD))

    with Loopback(respond) as server:
        times = -(-(bound + 5) // services)
        targets = [a_target(server.url(), times, ServiceName(f"s{n}")) for n in range(services)]
        answers = a_probe(Policy(probe_s=5, probes_at_once=bound)).round(targets)

    assert bound == most
    assert services * times == sum(each.is_ok for each in answers)


def test_a_round_is_shared_out_among_the_targets() -> None:
    """Where all want more than a round holds, each gets its share."""
    probe = a_probe(Policy(probes_a_round=10))

    with Loopback(fresh()) as server:
        targets = [a_target(server.url(f"/{name}"), 8, ServiceName(name)) for name in ("a", "b", "c")]
        answers = probe.round(targets)

    assert [4, 3, 3] == [sum(each.service == name for each in answers) for name in ("a", "b", "c")]


def test_no_targets_no_answers() -> None:
    """An app without services that can be asked is not an error."""
    assert () == a_probe().round([])


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


def test_a_resolver_that_hangs_does_not_hold_up_the_round() -> None:
    """Resolvers cannot be interrupted, so the round ends without it."""
    is_over = threading.Event()

    def hang(_: str, __: int) -> tuple[str, ...]:
        is_over.wait(10)
        return ()

    began = time.monotonic()
    answers = a_probe(Policy(probe_s=0.3), look_up=hang).round([a_target("http://web.example/health", times=3)])
    (still_asking,) = [each for each in threading.enumerate() if each.name == "deployer-dns"]
    is_over.set()

    assert still_asking.daemon  # or the program could not end
    assert ["timed out"] * 3 == [each.error for each in answers]
    assert time.monotonic() - began < 3


def test_a_host_is_looked_up_once_a_round_and_all_its_addresses_are_used() -> None:
    """A name may lead elsewhere by the next round; an address that takes no connection is passed over."""
    looked_up = []

    def look_up(host: str, port: int) -> tuple[str, ...]:
        looked_up.append(host)
        return ("::1", "127.0.0.1")

    probe = a_probe(look_up=look_up)

    with Loopback(fresh()) as server:
        answers = [each for _ in range(2) for each in probe.round([a_target(server.url(host="web.example"), times=4)])]

    assert [200] * 8 == [each.status_code for each in answers]
    assert ["web.example"] * 2 == looked_up


def test_httpx_is_not_imported_before_it_is_needed() -> None:
    """`deployer --help` must not wait for an HTTP client."""
    code = "import sys, deployer.probe.http_probe; print([m for m in ('httpx', 'asyncio', 'ssl') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_a_bug_of_the_http_stack_does_not_end_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a stranger's bytes do to httpx, the round has an answer for each question."""
    import httpx

    def explode(*_: object) -> Callable[[], None]:
        raise RuntimeError("canary")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", explode)

    assert Answer(WEB, error="unreadable answer") == ask_once(always(a_reply(GOOD)))
