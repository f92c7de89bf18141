"""
The HTTP of a round: one event loop, one deadline, a connection for each answer.

httpx's timeouts are for single operations, so a server that sends a byte now and then passes them all; the deadline
here is asyncio's (faults 3.5). The transport is used without a client, which would keep cookies, follow redirects and
log URLs.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from deployer import __version__
from deployer.core.models import Answer, HealthTarget
from deployer.core.redact import Secret
from deployer.probe.addresses import LookUp, resolve, rotated
from deployer.probe.answers import BODY_LIMIT_BYTES, Fields, NoAnswer, Reply, document_of, read
from deployer.probe.freshness import Heard, heard
from deployer.probe.words import words_for

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Long enough for two timestamps in milliseconds to differ.
_BETWEEN_S = 0.002
_NO_REUSE = httpx.Limits(max_connections=None, max_keepalive_connections=0)


class Interruptions(Protocol):
    """Where a signal is heard while a round is on: `wake_fd` becomes readable, `is_interrupted` says if it is one."""

    @property
    def wake_fd(self) -> int: ...

    def is_interrupted(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a round is held; `HttpProbe` says what each means."""

    total_s: float
    at_once: int
    fields: Fields
    headers: Mapping[str, Secret]
    allow_loopback: bool
    tls: ssl.SSLContext
    look_up: LookUp
    interruptions: Interruptions | None = None
    redact: Callable[[str], str] = str


def default_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def hold_round(targets: Sequence[HealthTarget], terms: Terms, *, first_turn: int) -> tuple[Heard, ...]:
    """What was heard of each target, in their order. `first_turn` makes rounds begin with different addresses."""
    return asyncio.run(_ask_all(targets, terms, first_turn))


async def _ask_all(targets: Sequence[HealthTarget], terms: Terms, first_turn: int) -> tuple[Heard, ...]:
    """The last question to a target is put when the first has its answer, so that a copy can be told (freshness.py)."""
    first = {each: n for n, each in reversed(list(enumerate(targets)))}
    last = {each: n for n, each in enumerate(targets)}
    async with httpx.AsyncHTTPTransport(verify=terms.tls, limits=_NO_REUSE) as transport:
        this = _Round(terms, transport, set(targets))
        tasks: list[asyncio.Task[Heard]] = []
        for n, each in enumerate(targets):
            after = tasks[first[each]] if first[each] < n == last[each] else None
            tasks.append(asyncio.create_task(this.ask(each, first_turn + n, after)))
        with _cut_short(tasks, terms.interruptions):
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        cut = (Heard(Answer(each.service, error="interrupted")) for each in targets)
        return tuple(each if isinstance(each, Heard) else none for each, none in zip(answers, cut, strict=True))


@contextmanager
def _cut_short(tasks: Iterable[asyncio.Task[Heard]], interruptions: Interruptions | None) -> Iterator[None]:
    """A signal gives up on every question that is still open: the engine has 6 s to be gone (design 2.7)."""
    if interruptions is None:
        yield
        return

    def look() -> None:
        if interruptions.is_interrupted():
            for each in tasks:
                each.cancel()

    loop = asyncio.get_running_loop()
    loop.add_reader(interruptions.wake_fd, look)
    try:
        yield
    finally:
        loop.remove_reader(interruptions.wake_fd)


class _Round:
    def __init__(self, terms: Terms, transport: httpx.AsyncHTTPTransport, targets: Collection[HealthTarget]) -> None:
        self._terms = terms
        self._transport = transport
        self._clock = asyncio.get_running_loop().time
        self._ends_at_s = self._clock() + terms.total_s
        self._slots = asyncio.Semaphore(terms.at_once)
        # each target has a share of its own: a service that hangs must not take the slots of another
        self._shares = {each: asyncio.Semaphore(max(1, terms.at_once // len(targets))) for each in targets}
        self._sent: set[int] = set()
        self._lookups: dict[tuple[str, int], asyncio.Task[tuple[str, ...]]] = {}

    async def ask(self, target: HealthTarget, turn: int, after: asyncio.Task[Heard] | None) -> Heard:
        try:
            async with asyncio.timeout_at(self._ends_at_s):
                if after:
                    await asyncio.wait([after])
                    await asyncio.sleep(_BETWEEN_S)
                return await self._hear(target, turn)
        except Exception as exc:  # what a stranger's answer does to the HTTP stack must not end a rollout
            words, is_lost = words_for(exc)
            return Heard(Answer(target.service, error=words, is_lost=is_lost and turn in self._sent))

    async def _hear(self, target: HealthTarget, turn: int) -> Heard:
        url = httpx.URL(target.url)
        addresses = rotated(await self._addresses(url), turn)
        async with self._shares[target], self._slots:
            self._sent.add(turn)
            reply = await self._follow(url, addresses)
        document, fields = document_of(reply), self._terms.fields
        answer = read(target.service, reply, document, fields, self._terms.redact)
        return heard(target.url, answer, reply, document, fields)

    async def _addresses(self, url: httpx.URL) -> tuple[str, ...]:
        """Looked up once for all who ask this host. The shield: one that gives up must not take it from the others."""
        host, port = _host_of(url), url.port or {"http": 80, "https": 443}[url.scheme]
        if (host, port) not in self._lookups:
            lookup = resolve(self._terms.look_up, host, port, allow_loopback=self._terms.allow_loopback)
            self._lookups[host, port] = asyncio.create_task(lookup)
        return await asyncio.shield(self._lookups[host, port])

    async def _follow(self, url: httpx.URL, addresses: Sequence[str]) -> Reply:
        reply = await self._get(url, addresses)
        if reply.status_code not in _REDIRECTS:
            return reply
        upgraded = await self._get(_upgraded(url, reply.location), addresses)
        if upgraded.status_code in _REDIRECTS:
            raise NoAnswer(f"redirects to {_place(url, upgraded.location)}")
        return upgraded

    async def _get(self, url: httpx.URL, addresses: Sequence[str]) -> Reply:
        """From the first address that takes a connection."""
        for address in addresses[:-1]:
            try:
                return await self._exchange(url, address)
            except httpx.ConnectError:
                continue
        return await self._exchange(url, addresses[-1])

    async def _exchange(self, url: httpx.URL, address: str) -> Reply:
        sent_s = self._clock()
        response = await self._transport.handle_async_request(_request(url, address, self._terms.headers))
        try:
            body = await _start_of(response)
        finally:
            await response.aclose()
        return Reply(
            response.status_code,
            body,
            sent_s,
            self._clock(),
            content_type=response.headers.get("content-type", ""),
            location=response.headers.get("location", ""),
            age=response.headers.get("age", ""),
        )


def _request(url: httpx.URL, address: str, headers: Mapping[str, Secret]) -> httpx.Request:
    """To `address`, in the name of the URL's host: so it is in `Host`, and TLS verifies that name."""
    return httpx.Request(
        "GET",
        url.copy_with(host=address, fragment=None).copy_add_param("_deployer", secrets.token_hex(4)),
        headers={
            "Host": url.netloc.decode(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
            "User-Agent": f"deployer/{__version__}",
            **{name: secret.reveal() for name, secret in headers.items()},
        },
        extensions={"sni_hostname": _host_of(url)},
    )


async def _start_of(response: httpx.Response) -> bytes:
    """The body, or enough of it to see that it is too large."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            break
    return bytes(body)


def _upgraded(url: httpx.URL, location: str) -> httpx.URL:
    """The one redirect that is followed: from http to https of the same host. Raises NoAnswer for any other."""
    target = url.join(location)
    if (url.scheme, target.scheme, target.host) != ("http", "https", url.host):
        raise NoAnswer(f"redirects to {_place(url, location)}")
    return target


def _place(url: httpx.URL, location: str) -> str:
    """Host and path of a redirect, without its query: a login page's may hold a token."""
    target = url.join(location)
    return f"{target.host}{target.path}"[:200] if location else "nowhere"


def _host_of(url: httpx.URL) -> str:
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol("")
    return url.raw_host.decode()
