"""The readiness probe, as a kubelet asks it (convox-facts 3.8)."""

from __future__ import annotations

import asyncio

from deployer.localrack.ports import LOOPBACK

LEAST_TIMEOUT_S = 1.0
"""A scaled timeout goes no lower: the machine under a practice rack does not get faster with it."""


async def answers_well(port: int, path: str, timeout_s: float) -> bool:
    """One GET: a status from 200 to 399 in time is good, everything else is not."""
    try:
        async with asyncio.timeout(max(timeout_s, LEAST_TIMEOUT_S)):
            return 200 <= await _status(port, path) <= 399
    except (OSError, ValueError, IndexError):  # TimeoutError is an OSError
        return False


async def _status(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nUser-Agent: kube-probe/1.20\r\n"
        writer.write(f"{request}Accept: */*\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n")
        return int(head.split(None, 2)[1])
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as exc:
        raise ValueError("no status line") from exc
    finally:
        writer.close()
