# ruff: noqa: N999  Gunicorn's own name for this file
"""How Gunicorn runs the service: read by its master, before it forks a worker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from service import logs
from service.settings import load_or_exit

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.gasgi import ASGIWorker

settings = load_or_exit()

bind = f"{settings.bind_host}:{settings.port}"
workers = settings.gunicorn_workers

# Gunicorn's own ASGI worker, and not uvicorn_worker.UvicornWorker. Seen with gunicorn 27.0.1 and uvicorn-worker 0.4.0:
# under the latter the three limits below have no effect (a request line of 20,000 bytes is served) and `worker_exit`
# is never called (it raises its SIGTERM again and dies of it). Before 27 Gunicorn's own left idle connections open.
worker_class = "asgi"
# A start-up that fails ends the service. By default Gunicorn may take it for an app without a start-up, and serve.
asgi_lifespan = "on"

# Heartbeats in memory: a slow disk must not look like a hung worker. macOS has no /dev/shm.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# A worker whose event loop stands still so long is killed. A slow inference runs in a thread and is not measured by it.
timeout = 120
# On TERM, requests that are being answered may take so long to finish.
graceful_timeout = 30
keepalive = 5

limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190

# Both logs go to stdout: `logconfig_dict` decides, with `errorlog` "-" Gunicorn would mean stderr.
accesslog = "-"
errorlog = "-"
loglevel = settings.log_level
logconfig_dict = logs.config(settings.log_level)

# It would be made under $HOME, which a read-only root does not allow; nothing here uses it.
control_socket_disable = True


def when_ready(server: Arbiter) -> None:
    """Say that the master is up."""
    server.log.info("started with %d workers on %s", server.num_workers, bind)


def post_worker_init(worker: ASGIWorker) -> None:
    """Let `/ready` say no from the moment this worker is told to stop."""
    worker.asgi.state.readiness.require("serving", lambda: worker.alive)


def worker_exit(server: Arbiter, worker: ASGIWorker) -> None:
    """Say that a worker has left."""
    server.log.info("worker %d left", worker.pid)


def on_exit(server: Arbiter) -> None:
    """Say that the master has stopped."""
    server.log.info("stopped")
