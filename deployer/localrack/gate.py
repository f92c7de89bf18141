"""What every request passes: the password, and a path the routes can read (convox-facts 1.3, 5.1)."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_DENIED = "invalid authentication\n"
_SLASHES = re.compile(r"/{2,}")


class Gate:
    """Asks for the password by Basic authentication; the user does not matter. Tidies up `//` and a `/` at the end.

    A real rack answers 404 to `//system`; a RACK_URL with a slash at its end is too easy a slip to keep that.
    """

    def __init__(self, app: ASGIApp, password: str) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        if not self._admits(Headers(scope=scope).get("authorization", "")):
            await self._deny(scope, receive, send)
            return
        path = _SLASHES.sub("/", scope["path"])
        await self._app({**scope, "path": path.rstrip("/") or "/"}, receive, send)

    def _admits(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            _, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        # the real CLI sends the password as it stands in the URL, percent-encoded (1.3)
        given = unquote(password).encode()
        return scheme.lower() == "basic" and secrets.compare_digest(given, self._password.encode())

    async def _deny(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {"WWW-Authenticate": 'Basic realm="convox"'}
            await PlainTextResponse(_DENIED, 401, headers)(scope, receive, send)
            return
        # on a socket even this comes in-band (5.4)
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": f"ERROR: {_DENIED}"})
        await send({"type": "websocket.send", "bytes": b""})
        await send({"type": "websocket.close"})
