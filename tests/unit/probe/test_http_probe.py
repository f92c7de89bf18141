"""A health round against real servers on loopback: how it asks, how much at once, and for how long."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import threading
import time

import pytest

from deployer.core.errors import Interrupted, Usage
from deployer.core.names import ServiceName
from deployer.core.policy import Policy
from deployer.core.redact import Secret
from deployer.engine.clock import SystemClock

from .asking import GOOD, WEB, a_probe, a_target, ask_once, fresh
from .loopback import Loopback, Request, Respond, a_reply, always, slowly


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


@pytest.mark.parametrize("respond", [slowly(a_reply(b"{" + b" " * 500 + b"}")), slowly(b"HTTP/1.1 200 OK\r\nx: " * 50)])
def test_a_server_that_trickles_is_cut_off(respond: Respond) -> None:
    """A slow-loris in body or headers passes timeouts for single reads, and not the round's deadline."""
    began = time.monotonic()

    answer = ask_once(respond, probe=a_probe(Policy(probe_s=0.3)))

    assert "timed out" == answer.error
    assert answer.status_code is None
    assert time.monotonic() - began < 3


def test_one_silent_service_does_not_silence_another() -> None:
    """Each has a share of the round; of what a service that hangs was to be asked, only what was sent is lost."""

    async def hang(_: Request, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    probe = a_probe(Policy(probe_s=0.5, probes_at_once=4))

    with Loopback(hang) as silent, Loopback(fresh()) as good:
        answers = probe.round([a_target(silent.url(), 8, ServiceName("mute")), a_target(good.url(), 2)])

    assert [200, 200] == [each.status_code for each in answers if each.service == WEB]
    assert {"timed out"} == {each.error for each in answers if each.service == "mute"}
    assert 2 == sum(each.is_lost for each in answers)


def test_a_signal_cuts_a_round_short() -> None:
    """Questions that are still open when a signal comes are given up at once, and count as no answer."""

    async def hang(_: Request, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    clock = SystemClock()
    signal_soon = threading.Timer(0.1, lambda: clock.interrupt(signal.SIGTERM))
    began = time.monotonic()
    with Loopback(hang) as server:
        signal_soon.start()
        answers = a_probe(interruptions=clock).round([a_target(server.url(), 3)])

    assert ["interrupted"] * 3 == [each.error for each in answers]
    assert time.monotonic() - began < 2
    with pytest.raises(Interrupted):
        clock.check()


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


def test_a_resolver_that_hangs_does_not_hold_up_the_round() -> None:
    """Resolvers cannot be interrupted, so the round ends without it; and nothing was asked that could be lost."""
    is_over = threading.Event()

    def hang(_: str, __: int) -> tuple[str, ...]:
        is_over.wait(10)
        return ()

    began = time.monotonic()
    answers = a_probe(Policy(probe_s=0.3), look_up=hang).round([a_target("http://web.example/health", times=3)])
    (still_asking,) = [each for each in threading.enumerate() if each.name == "deployer-dns"]
    is_over.set()

    assert still_asking.daemon  # or the program could not end
    assert [("timed out", False)] * 3 == [(each.error, each.is_lost) for each in answers]
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
