"""The service under its real Gunicorn, started by the Dockerfile's command."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from service.settings import workers_for
from tests.service.conftest import free_port, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service.conftest import Service, Starter

HALF_AN_INFERENCE = (
    b'POST /inference HTTP/1.1\r\nhost: api\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{"prompt"'
)
BROKEN_APP = """
from service.app import create_app
from service.identity import Identity
from service.model import EchoModel

class Broken(EchoModel):
    def load(self):
        raise OSError("no weights")

app = create_app(Broken(), Identity.of({}))
"""


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"LOG_LEVEL": "canary"}, "LOG_LEVEL must be one of debug, info, warning, error"),
        ({"PORT": "canary"}, "PORT must be a number from 1 to 65535"),
        ({"GUNICORN_WORKERS": "0"}, "GUNICORN_WORKERS must be a number from 1 to 256"),
        ({"BIND_HOST": "canary"}, "BIND_HOST must be an IPv4 address"),
        (
            {"PORT": "0", "LOG_LEVEL": "canary"},
            "PORT must be a number from 1 to 65535; LOG_LEVEL must be one of debug, info, warning, error",
        ),
    ],
)
def test_bad_setting_stops_the_process_in_one_line(settings: dict[str, str], complaint: str) -> None:
    """No worker is forked, no value is printed, and the status is not 0."""
    ended = run(**settings, OPENAI_API_KEY="canary-key")

    assert 3 == ended.returncode
    assert f"service cannot start: {complaint}\n" == ended.stderr
    assert "" == ended.stdout


def test_configuration_is_that_of_the_guide() -> None:
    """Gunicorn itself, asked what it would run with, names the numbers that were agreed."""
    expected = {
        "bind": "['0.0.0.0:8001']",
        "workers": str(workers_for(os.cpu_count() or 1)),
        "timeout": "120",
        "graceful_timeout": "30",
        "keepalive": "5",
        "limit_request_line": "4094",
        "limit_request_fields": "100",
        "limit_request_field_size": "8190",
        "loglevel": "warning",
    }

    config = _configuration(LOG_LEVEL="warning", PORT="8001")

    assert expected == {name: config[name] for name in expected}


def test_workers_can_be_set() -> None:
    """GUNICORN_WORKERS beats the formula."""
    config = _configuration(GUNICORN_WORKERS="7")

    assert "7" == config["workers"]


def test_service_tells_its_release_process_and_stamp(start: Starter) -> None:
    """What the rack and the image put into the environment is what `/health` reports."""
    service = start(RELEASE="RABCDEFGHIJ", HOSTNAME="api-5d9", DEPLOYER_STAMP="ship-7")

    body = httpx.get(f"{service.url}/health").json()

    assert ("RABCDEFGHIJ", "api-5d9", "ship-7") == (body["version"], body["process"], body["build"])


def test_log_is_structured_and_leaves_out_good_checks(start: Starter) -> None:
    """Each line is JSON; checks that went well are not there, an inference is, without its query."""
    service = start()
    httpx.get(f"{service.url}/health")
    httpx.get(f"{service.url}/ready")
    httpx.post(f"{service.url}/inference?key=canary", json={"prompt": "canary"})

    status = service.stop()

    assert 0 == status
    requests = [line for line in service.lines if "path" in line]
    assert [("POST", "/inference", 200)] == [(line["method"], line["path"], line["status"]) for line in requests]
    assert "canary" not in str(service.lines)


def test_limits_hold(start: Starter) -> None:
    """A request line, a field and a number of fields beyond the limits are refused."""
    service = start()

    statuses = [
        httpx.get(f"{service.url}/health?{'q' * 5000}").status_code,
        httpx.get(f"{service.url}/health", headers={"x": "v" * 9000}).status_code,
        httpx.get(f"{service.url}/health", headers={f"x{number}": "v" for number in range(101)}).status_code,
    ]

    assert [414, 431, 431] == statuses


def test_request_in_flight_is_answered_after_term(start: Starter) -> None:
    """A request of which half has arrived when TERM comes gets its answer, and then the service is gone."""
    service = start()
    with _connected(service) as connection:
        connection.sendall(HALF_AN_INFERENCE)
        service.process.terminate()
        service.until("Waiting for 1 connections")

        connection.sendall(b': "hi!"}')

        assert b'{"model":"echo","answer":"hi!"}' in connection.recv(4096)
    service.until("stopped")
    assert 0 == service.process.wait()


def test_ready_says_no_once_told_to_stop(start: Starter) -> None:
    """Who is still connected when TERM comes reads that this process is not serving any more."""
    service = start()
    with _connected(service) as connection:
        service.process.terminate()
        service.until("Waiting for 1 connections")

        connection.sendall(b"GET /ready HTTP/1.1\r\nhost: api\r\n\r\n")

        answer = connection.recv(4096)
    assert b"503 Service Unavailable" in answer
    assert b'{"status":"not ready","failed":["serving"]}' in answer


def test_model_that_cannot_load_stops_the_service(tmp_path: Path) -> None:
    """The whole service ends, so the rack sees a crash and not an endless start."""
    (tmp_path / "broken.py").write_text(BROKEN_APP)

    ended = run(
        "--pythonpath",
        str(tmp_path),
        app="broken:app",
        BIND_HOST="127.0.0.1",
        PORT=str(free_port()),
        GUNICORN_WORKERS="2",
    )

    # 3, or 1 when Gunicorn 27.0.1 stumbles over the second worker that fails
    assert ended.returncode in {1, 3}
    assert "no weights" in ended.stdout


def _configuration(**settings: str) -> dict[str, str]:
    printed = run("--print-config", **settings).stdout
    return dict(line.replace(" ", "").split("=", 1) for line in printed.splitlines())


def _connected(service: Service) -> socket.socket:
    """Return a connection that a worker has taken: it has answered on it once."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    connection.sendall(b"GET /health HTTP/1.1\r\nhost: api\r\n\r\n")
    assert b"200 OK" in connection.recv(4096)
    return connection
