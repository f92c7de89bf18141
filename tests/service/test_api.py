"""The API in this process, without a server."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from service.app import create_app
from service.identity import Identity
from service.model import EchoModel
from service.schemas import MAX_BODY_BYTES, MAX_PROMPT_CHARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

WHO = Identity(release="RABCDEFGHIJ", process="api-5d9", build="ship-7")
JSON = {"content-type": "application/json"}


@pytest.fixture
def echo() -> FastAPI:
    """Give the service around the echo model."""
    return create_app(EchoModel(), WHO)


def ask(app: FastAPI, method: str, path: str, *, loaded: bool = True, **request: Any) -> httpx.Response:
    """Send one request to `app`, with its model loaded or not yet."""

    async def send() -> httpx.Response:
        async with (
            app.router.lifespan_context(app) if loaded else nullcontext(),
            _client(app) as client,
        ):
            return await client.request(method, path, **request)

    return anyio.run(send)


def test_health_says_who_answers_and_when(echo: FastAPI) -> None:
    """`/health` has exactly the fields of the contract, and a time that is now."""
    before = datetime.now(UTC)

    body = ask(echo, "GET", "/health").json()

    assert before <= datetime.fromisoformat(body.pop("timestamp")) <= datetime.now(UTC)
    assert {"status": "healthy", "version": "RABCDEFGHIJ", "process": "api-5d9", "build": "ship-7"} == body


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_checks_are_never_cached(echo: FastAPI, path: str) -> None:
    """An answer out of a cache would prove a release that no longer runs."""
    answer = ask(echo, "GET", path)

    assert "no-store" == answer.headers["cache-control"]


def test_identity_is_fixed_when_the_process_starts() -> None:
    """A RELEASE that changes later does not change what `/health` says."""
    environ = {"RELEASE": "ROLD", "HOSTNAME": "api-1"}
    app = create_app(EchoModel(), Identity.of(environ))
    environ["RELEASE"] = "RNEW"

    body = ask(app, "GET", "/health").json()

    assert "ROLD" == body["version"]


def test_identity_outside_a_rack_is_unknown() -> None:
    """Without a rack's environment the release and the process are unknown, and there is no stamp."""
    assert Identity(release="unknown", process="unknown", build="") == Identity.of({"RELEASE": ""})


def test_ready_names_the_check_that_failed(echo: FastAPI) -> None:
    """Before the model is loaded `/ready` is 503 and says so."""
    answer = ask(echo, "GET", "/ready", loaded=False)

    assert 503 == answer.status_code
    assert {"status": "not ready", "failed": ["model"]} == answer.json()


def test_health_does_not_wait_for_the_model(echo: FastAPI) -> None:
    """`/health` answers whether or not the model is loaded."""
    answer = ask(echo, "GET", "/health", loaded=False)

    assert 200 == answer.status_code


def test_ready_once_the_model_is_loaded(echo: FastAPI) -> None:
    """With the model loaded nothing fails."""
    answer = ask(echo, "GET", "/ready")

    assert 200 == answer.status_code
    assert {"status": "ready", "failed": []} == answer.json()


def test_inference_is_answered_by_the_model(echo: FastAPI) -> None:
    """The echo model gives the prompt back, under its name."""
    answer = ask(echo, "POST", "/inference", json={"prompt": "is anyone there? – ü"})

    assert 200 == answer.status_code
    assert {"model": "echo", "answer": "is anyone there? – ü"} == answer.json()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"prompt": ""}', 422, "body.prompt: String should have at least 1 character"),
        ('{"prompt": 5}', 422, "body.prompt: Input should be a valid string"),
        ("{}", 422, "body.prompt: Field required"),
        ("", 422, "body: Field required"),
        ("{broken", 422, "body.1: JSON decode error"),
        (json.dumps({"prompt": "p" * (MAX_PROMPT_CHARS + 1)}), 422, "body.prompt: String should have at most 32000"),
        (" " * (MAX_BODY_BYTES + 1), 413, "the body may have at most 385000 bytes"),
    ],
    ids=["empty", "not text", "missing", "no body", "broken", "long prompt", "long body"],
)
def test_bad_input_is_refused_in_words(echo: FastAPI, body: str, status: int, error: str) -> None:
    """Each refusal is JSON with one sentence, which does not repeat the input."""
    answer = ask(echo, "POST", "/inference", content=body, headers=JSON)

    assert status == answer.status_code
    assert ["error"] == list(answer.json())
    assert answer.json()["error"].startswith(error)
    assert "ppp" not in answer.text


def test_longest_prompt_fits_however_it_is_escaped(echo: FastAPI) -> None:
    """The limit on the body never cuts a prompt that the limit on the prompt allows."""
    prompt = "😀" * MAX_PROMPT_CHARS

    answer = ask(echo, "POST", "/inference", content=json.dumps({"prompt": prompt}), headers=JSON)

    assert prompt == answer.json()["answer"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/inference", 405)])
def test_http_errors_are_json(echo: FastAPI, method: str, path: str, status: int) -> None:
    """What FastAPI refuses by itself has the same shape."""
    answer = ask(echo, method, path)

    assert status == answer.status_code
    assert ["error"] == list(answer.json())


class BrokenModel(EchoModel):
    """Fails with the prompt in its message."""

    def answer(self, prompt: str) -> str:
        """Raise RuntimeError."""
        raise RuntimeError(prompt)


def test_bug_is_a_500_that_tells_nothing() -> None:
    """An exception in the model is a 500 in JSON, without its message."""
    app = create_app(BrokenModel(), WHO)

    answer = ask(app, "POST", "/inference", json={"prompt": "canary"})

    assert 500 == answer.status_code
    assert {"error": "internal error"} == answer.json()


class BusyModel(EchoModel):
    """Is busy, in the given way, until it is released or has had enough."""

    def __init__(self, wait: Callable[[threading.Event], None]) -> None:
        self._wait = wait
        self.started = threading.Event()
        self.released = threading.Event()

    def answer(self, prompt: str) -> str:
        """Say whether the release came while it was busy."""
        del prompt
        self.started.set()
        self._wait(self.released)
        return "released" if self.released.is_set() else "nobody came"


def _block(until: threading.Event) -> None:
    until.wait(5)


def _compute(until: threading.Event) -> None:
    for _ in range(50_000_000):
        if until.is_set():
            return


@pytest.mark.parametrize("wait", [_block, _compute])
def test_health_answers_while_an_inference_is_busy(wait: Callable[[threading.Event], None]) -> None:
    """A model that blocks or computes does not stop the event loop."""
    model = BusyModel(wait)

    health, inference = anyio.run(_health_during_inference, create_app(model, WHO), model)

    assert "healthy" == health["status"]
    assert {"model": "echo", "answer": "released"} == inference


async def _health_during_inference(app: FastAPI, model: BusyModel) -> tuple[dict[str, str], dict[str, str]]:
    inference: dict[str, str] = {}

    async def infer() -> None:
        inference.update((await client.post("/inference", json={"prompt": "p"})).json())

    async with _client(app) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(infer)
        await anyio.to_thread.run_sync(model.started.wait)
        health = (await client.get("/health")).json()
        model.released.set()
    return health, inference


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://api")
