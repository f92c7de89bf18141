"""Asks a local rack over HTTP, with nothing but the standard library: `rack up` and `rack status` must start fast."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from http.client import HTTPConnection

TIMEOUT_S = 5.0


class RackSilent(Exception):
    """The rack did not answer, or answered with an error; the message says what."""


class RackClient:
    """A few questions to a rack on loopback, which no proxy ever sees. Raises RackSilent."""

    def __init__(self, port: int, password: str, certificate: Path | None = None) -> None:
        """With its `certificate` the rack is asked over https, and nobody else is believed."""
        self._port = port
        self._certificate = certificate
        self._auth = "Basic " + base64.b64encode(f"convox:{password}".encode()).decode()

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, **form: str) -> Any:
        return self._ask("POST", path, urlencode(form))

    def post_json(self, path: str, document: Any) -> Any:
        return self._ask("POST", path, json.dumps(document))

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        from http.client import HTTPException  # slow to load, and most commands never ask

        connection = self._connection()
        try:
            connection.request(method, path, body, {"Authorization": self._auth})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            if answer.status != 200:
                raise RackSilent(text.strip() or f"status {answer.status}")
            return None if text == "ok\n" else json.loads(text)
        except (OSError, HTTPException, ValueError) as exc:
            raise RackSilent(str(exc)) from exc
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        if self._certificate is None:
            return HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        from ssl import create_default_context

        trusted = create_default_context(cafile=str(self._certificate))
        return HTTPSConnection("127.0.0.1", self._port, timeout=TIMEOUT_S, context=trusted)
