"""What every request passes: the password, its rights, and a path the routes can read (convox-facts 1.3, 1.5, 5.1)."""

from __future__ import annotations

import base64
import binascii
import re
import time
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deployer.localrack.access import INVALID, UNAUTHORIZED, NotAdmitted, may, read_role
from deployer.localrack.ports import LOOPBACK

NAMES = frozenset({LOOPBACK, "localhost", "[::1]"})
ELSEWHERE = f"this rack is only reached as {LOOPBACK} or localhost"
_PORT = re.compile(r":\d*$")
_SLASHES = re.compile(r"/{2,}")


class Gate:
    """Asks for the password, or a token of a role, by Basic authentication; the user does not matter.

    Whoever came here by another name was sent: a page in a browser, whose own name was made to mean this machine.

    Tidies up `//` and a `/` at the end: a real rack answers 404 to `//system`, but a RACK_URL with a slash at its end
    is too easy a slip to keep that.
    """

    def __init__(self, app: ASGIApp, password: str) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        headers = Headers(scope=scope)
        if not _is_loopback(headers.get("host", LOOPBACK)):
            await _deny(ELSEWHERE, scope, receive, send, status=403)
            return
        path = _SLASHES.sub("/", scope["path"]).rstrip("/") or "/"
        try:
            role = read_role(self._password, _given(headers.get("authorization", "")), time.time())
        except NotAdmitted as exc:
            await _deny(str(exc), scope, receive, send)
            return
        if may(role, scope.get("method", "GET"), path):
            await self._app({**scope, "path": path}, receive, send)
        else:
            await _deny(UNAUTHORIZED, scope, receive, send)


def _is_loopback(host: str) -> bool:
    return _PORT.sub("", host).lower() in NAMES


def _given(header: str) -> str:
    """Raises NotAdmitted if there is no password in it."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise NotAdmitted(INVALID)
    try:
        _, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise NotAdmitted(INVALID) from None
    # the real CLI sends the password as it stands in the URL, percent-encoded (1.3)
    return unquote(password)


async def _deny(why: str, scope: Scope, receive: Receive, send: Send, *, status: int = 401) -> None:
    if scope["type"] == "http":
        headers = {"WWW-Authenticate": 'Basic realm="convox"'} if status == 401 else None
        await PlainTextResponse(f"{why}\n", status, headers)(scope, receive, send)
        return
    # on a socket even this comes in-band (5.4)
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": f"ERROR: {why}\n"})
    await send({"type": "websocket.send", "bytes": b""})
    await send({"type": "websocket.close"})
