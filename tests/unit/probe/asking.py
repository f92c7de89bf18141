"""What the tests of this folder ask, and whom."""

from __future__ import annotations

import asyncio
from itertools import count

from deployer.core.models import Answer, HealthTarget
from deployer.core.names import ServiceName
from deployer.core.policy import Policy
from deployer.probe.http_probe import HttpProbe

from .loopback import Loopback, Request, Respond, a_reply

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
