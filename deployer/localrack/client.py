"""Asks a local rack over HTTP, with nothing but the standard library: `rack up` and `rack status` must start fast."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 5.0


class RackSilent(Exception):
    """The rack did not answer, or answered with an error; the message says what."""


class RackClient:
    """A few questions to a rack at `http://127.0.0.1:<port>`. Raises RackSilent."""

    def __init__(self, port: int, password: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._auth = "Basic " + base64.b64encode(f"convox:{password}".encode()).decode()
        # never through a proxy: this is loopback
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Any:
        return self._ask(path)

    def post(self, path: str, **form: str) -> Any:
        return self._ask(path, urlencode(form).encode())

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        headers = {"Authorization": self._auth}
        request = urllib.request.Request(self._base + path, data, headers)  # noqa: S310 - always http, on loopback
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as exc:
            raise RackSilent(exc.read().decode(errors="replace").strip() or f"status {exc.code}") from exc
        except (OSError, ValueError) as exc:
            raise RackSilent(str(exc)) from exc
