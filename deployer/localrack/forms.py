"""What a request carries: form fields, query and headers, bounded (convox-facts 5.1)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from deployer.rackmodel import Refused

MAX_FORM_BYTES = 16 * 1024**2
DEFAULT_ROWS = 10


async def read_form(request: Request) -> dict[str, str]:
    """The fields; one that is there and empty is not one that is absent. Raises Refused (413) if there is too much."""
    return read_map((await _read_body(request)).decode("utf-8", errors="replace"))


async def read_json_body(request: Request) -> Any:
    """Raises Refused (400) if it is none, (413) if there is too much of it."""
    try:
        return json.loads(await _read_body(request))
    except (ValueError, RecursionError) as exc:
        raise Refused(400, f"the body is no JSON: {exc}") from exc


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise Refused(413, "request body too large")
    return bytes(body)


def read_map(text: str) -> dict[str, str]:
    """A url-encoded map."""
    return dict(parse_qsl(text, keep_blank_values=True))


def is_true(text: str | None) -> bool:
    return text == "true"


def read_limit(text: str | None) -> int:
    """How many rows: 10 if nothing sensible is said."""
    limit = read_int(text, DEFAULT_ROWS)
    return limit if limit > 0 else DEFAULT_ROWS


def read_int(text: str | None, default: int) -> int:
    """Raises Refused (500) as Go's strconv would word it."""
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise Refused(500, f'strconv.Atoi: parsing "{text}": invalid syntax') from None
