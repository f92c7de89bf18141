"""What the real probe makes of a health address in trouble: a real server on loopback, real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache

from deployer.core.models import Answer
from deployer.core.policy import Policy
from tests.unit.probe.asking import GOOD, a_probe, a_target, ask_once
from tests.unit.probe.loopback import Request, Respond, a_reply, always, reset, slowly

PAGE = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
# A body that would be a good answer, were it not for what each fault does to it.
OK = a_reply(GOOD)


async def half(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(OK[:-10])
    writer.close()


def status(code: int) -> Callable[[], Answer]:
    return _answers(always(a_reply(b"no", status=code, content_type="text/plain")))


def _answers(respond: Respond, *, tls: bool = False) -> Callable[[], Answer]:
    return lambda: ask_once(respond, probe=a_probe(Policy(probe_s=2.0)), tls=tls)


def _slow(reply: bytes) -> Callable[[], Answer]:
    return lambda: ask_once(slowly(reply), probe=a_probe(Policy(probe_s=0.3)))


def _nowhere() -> Answer:
    probe = a_probe(look_up=lambda _host, _port: ())
    (answer,) = probe.round([a_target("http://web.example/health")])
    return answer


ILL: dict[str, Callable[[], Answer]] = {
    "F7": status(401),
    "F8": status(403),
    "F9": status(404),
    "F10": status(409),
    "F11": status(429),
    "F12": _answers(always(a_reply(PAGE, status=503, content_type="text/html"))),
    "F13": _slow(OK),
    "F14": _answers(half),
    "F15": _answers(reset),
    "F16": _nowhere,
    "F17": _answers(always(OK), tls=True),
    "F38": _answers(always(OK)),
    "F39": _answers(always(a_reply({"status": "healthy"}))),
    "F40": status(503),
    "F41": status(500),
    "F42": _answers(always(a_reply(b"", status=302, location="https://login.example/sso?token=x"))),
    "F43": _answers(always(a_reply(b'{"status": '))),
    "F44": _answers(always(a_reply(b'{"a": "' + b"x" * 70_000 + b'"}'))),
    "F45": _slow(b"HTTP/1.1 200 OK\r\nx: " * 50),
}


@cache
def heard(fault: str) -> Answer:
    """The answer that the port gives. One that names a release names one that is not ours."""
    return ILL[fault]()
