"""One loopback port per service, over its ready replicas: each new connection goes to the next one.

A replica that is going down gets no new connection, and its TERM waits until the ones it has just been given are on
their way (`drained`): a client that comes with a fresh connection each time sees no error through a rolling update.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from deployer.localrack.ports import LOOPBACK, ServicePorts

CHUNK_BYTES = 65_536
CONNECT_S = 2.0

NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 26\r\nConnection: close\r\n\r\n"
    b"no replica of it is ready\n"
)


@dataclass(frozen=True, slots=True)
class Backend:
    """A replica that may be given connections."""

    process: str
    port: int


Ready = Callable[[str, str], list[Backend]]


class Balancer:
    """Listens for every service it is told of; `ready` says at each connection who may have it."""

    def __init__(self, ports: ServicePorts, ready: Ready) -> None:
        self._ports = ports
        self._ready = ready
        self._servers: dict[tuple[str, str], asyncio.Server] = {}
        self._turns: Counter[tuple[str, str]] = Counter()
        self._open: Counter[str] = Counter()
        self._links: set[asyncio.Task[None]] = set()
        self._syncing = asyncio.Lock()
        self.services: set[tuple[str, str]] = set()

    async def sync(self, services: set[tuple[str, str]]) -> None:
        """Listen for these services and no others."""
        self.services = services
        async with self._syncing:
            for key in self.services - self._servers.keys():
                self._servers[key] = await self._listen(*key)
            for key in self._servers.keys() - self.services:
                self._servers.pop(key).close()

    async def drained(self, process: str, at_most_s: float) -> None:
        """Wait until a replica that gets no more connections has finished those it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                while self._open[process]:
                    await asyncio.sleep(0.01)

    async def close(self) -> None:
        for server in self._servers.values():
            server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _listen(self, app: str, service: str) -> asyncio.Server:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = asyncio.create_task(self._serve((app, service), reader, writer))
            self._links.add(link)
            link.add_done_callback(self._links.discard)

        try:
            return await asyncio.start_server(accept, LOOPBACK, self._ports.of(app, service), backlog=512)
        except OSError:
            return await asyncio.start_server(accept, LOOPBACK, self._ports.change(app, service), backlog=512)

    async def _serve(self, key: tuple[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            found = await self._connect(key)
            if found is None:
                await _say_nobody(reader, writer)
                return
            process, upstream = found
            try:
                await _join(reader, writer, *upstream)
            finally:
                self._leave(process)
                upstream[1].close()
        except OSError:
            pass  # one side went away: the other is closed below
        finally:
            writer.close()

    async def _connect(
        self, key: tuple[str, str]
    ) -> tuple[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] | None:
        """The next ready replica that accepts; one that does not is passed over."""
        backends = self._ready(*key)
        self._turns[key] += 1
        for step in range(len(backends)):
            backend = backends[(self._turns[key] + step) % len(backends)]
            self._open[backend.process] += 1
            try:
                async with asyncio.timeout(CONNECT_S):
                    return backend.process, await asyncio.open_connection(LOOPBACK, backend.port)
            except OSError:  # TimeoutError is one
                self._leave(backend.process)
        return None

    def _leave(self, process: str) -> None:
        self._open[process] -= 1
        if not self._open[process]:
            del self._open[process]


async def _say_nobody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # read the request first: closing with it unread would reset the connection before the answer is seen
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            await reader.read(CHUNK_BYTES)
    writer.write(NOBODY)
    await writer.drain()


async def _join(
    client_reader: asyncio.StreamReader,
    client_writer: asyncio.StreamWriter,
    replica_reader: asyncio.StreamReader,
    replica_writer: asyncio.StreamWriter,
) -> None:
    """Until the replica has said all it has to say."""
    up = asyncio.create_task(_copy(client_reader, replica_writer))
    try:
        await _copy(replica_reader, client_writer)
    finally:
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
