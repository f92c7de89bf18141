"""Requests to a rack: headers, JSON, and how a refusal becomes an error line (convox-facts 1.3, 5.1)."""

from __future__ import annotations

import base64
import os

from deployer.localrack.cli.errors import CommandError, Panic
from deployer.localrack.cli.godecode import decode
from deployer.localrack.cli.gofmt import sprintf
from deployer.localrack.cli.transport import CUT_SHORT, Transport
from deployer.localrack.cli.urls import query_string, request_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from deployer.localrack.cli.transport import Response
    from deployer.localrack.cli.urls import Endpoint

    Json = dict[str, Any]
    Options = Mapping[str, str | None]

FORM = "application/x-www-form-urlencoded"
BYTES = "application/octet-stream"


class Client:
    """One rack's API. `session` is set for a console, which wants the headers Session and Rack."""

    def __init__(self, endpoint: Endpoint, *, rack: str = "", session: str | None = None) -> None:
        self.endpoint = endpoint
        self.rack = rack
        self.session = session
        self.transport = Transport(endpoint)

    def headers(self) -> dict[str, str]:
        """What goes with every request and every socket."""
        headers = {"User-Agent": "convox.go/dev", "Version": "dev"}
        actor = os.environ.get("CONVOX_ACTOR", "").strip()
        if actor:
            headers["X-Convox-Actor"] = actor
        if self.endpoint.user_info is not None:
            headers["Authorization"] = f"Basic {base64.b64encode(self.endpoint.user_info.encode()).decode()}"
        if self.rack:
            headers["Rack"] = self.rack
        if self.session is not None:
            headers["Session"] = self.session
        return headers

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Options | None = None,
        form: Options | None = None,
        body: bytes | None = None,
        headers: Options | None = None,
    ) -> Response:
        """
        One request; options that are None are left out. Raises CommandError unless the rack accepts it.

        Every URL ends in `?` even without a query, on the wire and in errors.
        """
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        fields = query_string(form or {})
        kind = FORM if fields else BYTES
        target = request_target(self.endpoint.origin, f"{self.endpoint.path}{path}?{query_string(query or {})}")
        sent = {**self.headers(), "Accept": "*/*", "Content-Type": kind, **given}
        try:
            response = self.transport.send(method, target, sent, fields.encode() if fields else body)
        except CommandError as exc:
            raise CommandError(f'{method.capitalize()} "{self.endpoint.origin}{target}": {exc}') from exc
        if response.status >= 400:
            raise CommandError(_refusal(response))
        return response

    def read(self, go_type: str, method: str, path: str, **options: Any) -> Any:
        """The answer as the type (`godecode.decode`). Raises CommandError when it is no JSON, or not of the type."""
        response = self.send(method, path, **options)
        if response.cut_short:
            raise CommandError(CUT_SHORT)
        return decode(go_type, response.body)

    def read_object(self, go_type: str, method: str, path: str, **options: Any) -> Json:
        """Raises Panic on a `null`: the CLI reads through the nil pointer it becomes."""
        found: Json | None = self.read(f"*{go_type}", method, path, **options)
        if found is None:
            raise Panic
        return found

    def read_list(self, go_type: str, path: str, **options: Any) -> list[Json]:
        """Empty for a `null`."""
        found: list[Json] | None = self.read(go_type, "GET", path, **options)
        return found or []


def _refusal(response: Response) -> str:
    """The rack's own words, which Go then takes for a format."""
    if response.cut_short:
        return CUT_SHORT
    words = _error_field(response.body) or response.body.decode("utf-8", "surrogateescape").strip()
    return sprintf(words) if words else f"response status {response.status}"


def _error_field(body: bytes) -> str:
    try:
        words: str = decode("stdsdk.Refusal", body)["Error"]
    except CommandError:
        return ""
    return words
