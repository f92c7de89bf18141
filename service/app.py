"""The AI API: who answers, whether it can take traffic, and the inference itself."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import FastAPI, Response

from service.errors import BodyLimit, answer_errors_as_json
from service.identity import Identity
from service.model import EchoModel, Model
from service.readiness import Readiness
from service.schemas import MAX_BODY_BYTES, Answer, Health, Prompt, Ready

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Lifespan


def create_app(model: Model, identity: Identity) -> FastAPI:
    """
    Build the API around `model`, answering as `identity`.

    `app.state.readiness` takes further checks. There are no documentation pages:
    they would load scripts from elsewhere.
    """
    readiness = Readiness()
    app = FastAPI(title="AI API", lifespan=_loading(model, readiness), docs_url=None, redoc_url=None)
    app.state.readiness = readiness
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    answer_errors_as_json(app)
    _add_checks(app, identity, readiness)
    _add_inference(app, model)
    return app


def _loading(model: Model, readiness: Readiness) -> Lifespan[FastAPI]:
    loaded = False
    readiness.require("model", lambda: loaded)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        nonlocal loaded
        # On the event loop, which has nothing else to do yet: in a thread, Gunicorn would give it no more than 30 s.
        model.load()
        loaded = True
        yield

    return lifespan


def _add_checks(app: FastAPI, identity: Identity, readiness: Readiness) -> None:
    @app.get("/health")
    async def health(response: Response) -> Health:
        """Say who answers. Looks at nothing, so it answers while inference is busy."""
        _never_cached(response)
        return Health(
            timestamp=datetime.now(UTC), version=identity.release, process=identity.process, build=identity.build
        )

    @app.get("/ready")
    async def ready(response: Response) -> Ready:
        """Say whether this process can take traffic: 503, with the checks that failed, when it cannot."""
        _never_cached(response)
        failed = readiness.failed()
        response.status_code = 503 if failed else 200
        return Ready(status="not ready" if failed else "ready", failed=failed)


def _add_inference(app: FastAPI, model: Model) -> None:
    @app.post("/inference")
    async def inference(prompt: Prompt) -> Answer:
        """Answer a prompt. In a thread, so that a model that blocks or computes does not stop the event loop."""
        return Answer(model=model.name, answer=await to_thread.run_sync(model.answer, prompt.prompt))


def _never_cached(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


app = create_app(EchoModel(), Identity.of(os.environ))
