"""The service as the image starts it: the Dockerfile's own command, on a loopback port."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GIVE_UP_S = 20.0


def dockerfile_command() -> list[str]:
    """Return the last CMD of the Dockerfile, as Docker and the local rack read it."""
    [*_, command] = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return [str(word) for word in json.loads(command)]


def environment(**settings: str) -> dict[str, str]:
    """Return what the child gets: nothing of ours but the way to its programs."""
    return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | settings


def run(*arguments: str, app: str | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command, or the same with another app, to its end, for when it is expected to end by itself."""
    [*gunicorn, service] = dockerfile_command()
    command = [*gunicorn, *arguments, app or service]
    child = _spawn(command, settings)
    watchdog = _watchdog(child)
    stdout, stderr = child.communicate()
    watchdog.cancel()
    return subprocess.CompletedProcess(command, child.returncode, stdout, stderr)


class Service:
    """A running service; its log lines are read as they are awaited."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.lines: list[dict[str, Any]] = []

    def until(self, message: str) -> None:
        """Wait for a log line whose message starts with `message`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if str(self.lines[-1].get("message", "")).startswith(message):
                return
        pytest.fail(f"the service ended without saying {message!r}: {self.lines}")

    def stop(self) -> int:
        """Send TERM, read the rest of the log, and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.until("stopped")
        return self.process.wait(GIVE_UP_S)


class Starter(Protocol):
    """Starts the service with the given settings, one worker unless told otherwise."""

    def __call__(self, **settings: str) -> Service:
        """Return when it listens."""


@pytest.fixture
def start() -> Iterator[Starter]:
    """Start services; what still runs after the test is killed."""
    started: list[tuple[subprocess.Popen[str], threading.Timer]] = []

    def start_one(**settings: str) -> Service:
        port = free_port()
        defaults = {"BIND_HOST": "127.0.0.1", "PORT": str(port), "GUNICORN_WORKERS": "1"}
        child = _spawn(dockerfile_command(), defaults | settings)
        started.append((child, _watchdog(child)))
        service = Service(child, port)
        service.until("ASGI server listening")
        return service

    yield start_one

    for child, watchdog in started:
        watchdog.cancel()
        _kill(child)
        child.communicate()


def _spawn(command: list[str], settings: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _watchdog(child: subprocess.Popen[str]) -> threading.Timer:
    """End the wait for a service that hangs, and so its test."""
    watchdog = threading.Timer(GIVE_UP_S, _kill, [child])
    watchdog.start()
    return watchdog


def _kill(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
