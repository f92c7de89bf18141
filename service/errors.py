"""Every error leaves as `{"error": "…"}`; none repeats a value that the caller sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def answer_errors_as_json(app: FastAPI) -> None:
    """Give `app` one shape of error for bad input, for HTTP errors and for bugs of ours."""

    @app.exception_handler(RequestValidationError)
    async def bad_input(_: Request, error: RequestValidationError) -> JSONResponse:
        return _error(422, "; ".join(_in_words(problem["loc"], problem["msg"]) for problem in error.errors()))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return _error(error.status_code, error.detail, dict(error.headers or {}))

    # Starlette raises it again once this is sent, so Gunicorn logs the traceback.
    @app.exception_handler(Exception)
    async def bug(*_: object) -> JSONResponse:
        return _error(500, "internal error")


class BodyLimit:
    """Refuse a body of more than `max_bytes` while it arrives, before anything holds it whole or parses it."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, counting what the app reads."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise HTTPException(413, f"the body may have at most {self._max_bytes} bytes")
            return message

        await self._app(scope, counted, send)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers)


def _in_words(where: tuple[str | int, ...], what: str) -> str:
    # `where` starts with "body"; for a broken JSON it goes on with the position of the break
    return f"{'.'.join(map(str, where))}: {what}"
