"""Where requests run into the faults that were ordered for them: between the password and the routes."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import Transport
from typing import cast

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from deployer.localrack.faults import Fault, Faults, Order

CONNECTION = "connection"


class CuttableProtocol(H11Protocol):
    """Tells every request its connection, so that a fault can cut it. A socket that grows out of it is told too."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: transport}


class FaultyDoor:
    """Lets a request through, unless an order meets it. `/_local` is never met: orders can always be taken back."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["path"].startswith("/_local/")
        order = None if ours else self._faults.on_request(scope.get("method", "GET"), scope["path"])
        if order is None:
            await self._app(scope, receive, send)
        else:
            await self._fail(order, scope, receive, send)

    async def _fail(self, order: Order, scope: Scope, receive: Receive, send: Send) -> None:
        match order.kind:
            case Fault.STATUS:
                await _answer(order, scope, receive, send)
            case Fault.DELAY:
                await asyncio.sleep(order.amount)
                await self._app(scope, receive, send)
            case Fault.HANG:
                await _until_gone(receive)
            case Fault.DROP | Fault.RESET:
                await _cut(scope, receive, reset=order.kind is Fault.RESET)
            case Fault.TRUNCATE:
                await self._truncate(int(order.amount), scope, receive, send)
            case Fault.LOST_REPLY:
                await self._app(scope, receive, _swallow)
                await _cut(scope, receive)

    async def _truncate(self, left: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on so many bytes of the body, or so many characters of a socket's text; then cut."""

        async def send_some(message: Message) -> None:
            nonlocal left
            for key in ("body", "text"):
                data = message.get(key)
                if data is not None:
                    message = {**message, key: data[:left], **({"more_body": True} if key == "body" else {})}
                    cut = len(data) >= left
                    left -= len(message[key])
                    await send(message)
                    if cut:
                        _connection(scope).close()
                    return
            await send(message)

        await self._app(scope, receive, send_some)
        await _cut(scope, receive)


async def _answer(order: Order, scope: Scope, receive: Receive, send: Send) -> None:
    """A socket that is denied before its upgrade is the CLI's `websocket: bad handshake`."""
    await PlainTextResponse(f"{order.body}\n" if order.body else "", int(order.amount))(scope, receive, send)


async def _cut(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    connection = _connection(scope)
    if reset:
        # nothing lingers: the other side gets a RST for a FIN
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.abort()
    else:
        connection.close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


def _connection(scope: Scope) -> Transport:
    return cast("Transport", scope["state"][CONNECTION])


async def _swallow(_: Message) -> None:
    """The effect stays, its answer does not."""
