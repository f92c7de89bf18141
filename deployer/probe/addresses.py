"""Where a host name leads, and which of these places must not be asked (faults 6.2, HTTP client)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

from deployer.probe.answers import NoAnswer

# Clouds' metadata services that no class of addresses covers: AWS over IPv6, Alibaba, Azure's wire server.
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))


LookUp = Callable[[str, int], Sequence[str]]


def look_up(host: str, port: int) -> tuple[str, ...]:
    """The addresses that the system's resolver gives, in the order it prefers; none if it gives none."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in rows))


async def resolve(look_up: LookUp, host: str, port: int, *, allow_loopback: bool) -> tuple[str, ...]:
    """
    The addresses of `host` that may be asked.

    They are what is connected to, so that a second look-up cannot lead elsewhere. Raises NoAnswer if there are none.
    """
    found = await _in_background(look_up, host, port)
    refusals = [refusal_of(each, allow_loopback=allow_loopback) for each in found]
    allowed = tuple(each for each, refusal in zip(found, refusals, strict=True) if not refusal)
    if not allowed:
        raise NoAnswer(next(iter(refusals), "host name not found"))
    return allowed


def refusal_of(address: str, *, allow_loopback: bool) -> str:
    """Why `address` must not be asked, "" if it may be. Private networks may: racks live in them."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    if ip.is_loopback:
        return "" if allow_loopback else f"{ip} refused: a loopback address"
    if ip.is_link_local or ip in _METADATA:
        return f"{ip} refused: a link-local or metadata address"
    if ip.is_unspecified or ip.is_multicast or ip.is_reserved:
        return f"{ip} refused: not the address of a host"
    return ""


def rotated(addresses: Sequence[str], turn: int) -> tuple[str, ...]:
    """Each turn begins with the next address: a balancer may have one in each zone, with other replicas behind it."""
    start = turn % len(addresses)
    return (*addresses[start:], *addresses[:start])


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


async def _in_background(look_up: LookUp, host: str, port: int) -> Sequence[str]:
    """
    Ask the resolver from a daemon thread: it takes as long as it likes and cannot be interrupted.

    The loop's own executor would make the end of the round, and of the program, wait for it (design 4).
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[str]] = loop.create_future()

    def ask() -> None:
        addresses = look_up(host, port)
        with suppress(RuntimeError):  # the round is over, and its loop closed
            loop.call_soon_threadsafe(_settle, found, addresses)

    threading.Thread(target=ask, name="deployer-dns", daemon=True).start()
    return await found


def _settle(future: asyncio.Future[Sequence[str]], addresses: Sequence[str]) -> None:
    if not future.done():
        future.set_result(addresses)
