"""Running one recorded command line against its scripted rack."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.brimming_pipe import BrimmingPipe
from tests.contract.recordings import Case
from tests.contract.scripted_rack import ScriptedRack
from tests.contract.workspace import Workspace

LATE_S = 3.0  # how far a run may be behind its recording, on a busy machine
PATIENCE_S = 30  # beyond the recorded time, before a run is given up
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Replay:
    """What came back, and what the rack was asked. `exit_code` counts a signal as shells do: 128 + its number."""

    stdout: str
    stderr: str
    exit_code: int
    seconds: float
    requests: list[dict[str, Any]]


def cli_command() -> list[str]:
    """The CLI under test: a real one when DEPLOYER_CONVOX names it, else the stand-in."""
    given = os.environ.get("DEPLOYER_CONVOX")
    return [given] if given else [sys.executable, "-m", "deployer.localrack.convox"]


def replay(case: Case, workspace: Workspace, starting: threading.Semaphore) -> tuple[Replay, dict[str, str]]:
    """Run the case to its recorded end; `starting` keeps too many children from starting at once."""
    with ExitStack() as held:
        with starting:
            rack = held.enter_context(ScriptedRack(case.scenario, tls=case.is_tls, goes_down_at=case.goes_down_at))
            run = _Run(case, rack, workspace, _free_port() if case.is_refused else rack.port)
            run.start()
            run.await_first_sign()
        return run.finish(), rack.state.moved


class _Run:
    def __init__(self, case: Case, rack: ScriptedRack, workspace: Workspace, port: int) -> None:
        self.case, self.rack, self.port = case, rack, port
        self.folder = workspace.folder(case.name, case.folder)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(workspace.root),
            "CONVOX_CONFIG": str(workspace.config),
            "PYTHONPATH": str(ROOT),
            **{name: value.replace("PORT", str(port)) for name, value in case.env.items()},
        }
        self.terminal: int | None = None
        self.brim = BrimmingPipe(len(case.stdout)) if case.signal == "SIGPIPE" else None

    def start(self) -> None:
        """`tty` cases get one terminal for stdout and stderr."""
        outputs: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        slave = None
        if self.case.tty:
            self.terminal, slave = pty.openpty()
            outputs = {"stdout": slave, "stderr": slave}
        elif self.brim is not None:
            outputs["stdout"] = self.brim.write_end
        stdin = subprocess.DEVNULL if self.case.stdin is None else subprocess.PIPE
        self.began = time.monotonic()
        self.child = subprocess.Popen(
            [*cli_command(), *self.case.argv], cwd=self.folder, env=self.env, stdin=stdin, **outputs
        )
        if slave is not None:
            os.close(slave)
        if self.brim is not None:
            self.brim.watch()

    def await_first_sign(self) -> None:
        """Until the child has asked the rack something, or a moment has passed."""
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline and not self.rack.requests and self.child.poll() is None:
            time.sleep(0.005)

    def finish(self) -> Replay:
        for job in (self._feed, self._interrupt):
            threading.Thread(target=job, daemon=True).start()
        reader = _Collector(self.child, self.terminal)
        try:
            code = self.child.wait(self.case.seconds + PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            code = self.child.wait()
        seconds = time.monotonic() - self.began
        stdout, stderr = reader.collected()
        if self.brim is not None:
            stdout = self.brim.text
        return Replay(
            self._named(stdout), self._named(stderr), 128 - code if code < 0 else code, seconds, self._asked()
        )

    def _feed(self) -> None:
        if self.child.stdin is None:
            return
        with contextlib.suppress(OSError):
            self.child.stdin.write((self.case.stdin or "").encode())
            self.child.stdin.flush()
            time.sleep(self.case.held_open_s)
            self.child.stdin.close()

    def _interrupt(self) -> None:
        """As long after the last request as it was recorded: a busy machine makes all of it late."""
        name = self.case.ends_by
        if name is None or name == "SIGPIPE":
            return
        recorded = self.case.requests or []
        give_up_at = self.began + self.case.seconds + LATE_S
        while len(self.rack.requests) < len(recorded) and time.monotonic() < give_up_at:
            time.sleep(0.01)
        time.sleep(self.case.seconds - recorded[-1]["t"])
        if self.child.poll() is None:
            self.child.send_signal(signal.Signals[name])

    def _named(self, text: str) -> str:
        return text.replace(str(self.folder.parent), "DIR").replace(f"127.0.0.1:{self.port}", "127.0.0.1:PORT")

    def _asked(self) -> list[dict[str, Any]]:
        """The requests, timed from the child's start."""
        late = self.began - self.rack.started
        return [{**entry, "t": round(entry["t"] - late, 3)} for entry in list(self.rack.requests)]


class _Collector:
    """Reads what the child writes, from pipes or from the terminal."""

    def __init__(self, child: subprocess.Popen[bytes], terminal: int | None) -> None:
        self.parts: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        files = (
            {"stdout": terminal}
            if terminal is not None
            else {name: file.fileno() for name in self.parts if (file := getattr(child, name)) is not None}
        )
        self.threads = [threading.Thread(target=self._read, args=item, daemon=True) for item in files.items()]
        for thread in self.threads:
            thread.start()

    def _read(self, name: str, descriptor: int) -> None:
        with contextlib.suppress(OSError):  # a terminal ends with EIO
            while data := os.read(descriptor, 65536):
                self.parts[name] += data

    def collected(self) -> tuple[str, str]:
        for thread in self.threads:
            thread.join(2)
        stdout, stderr = (bytes(part).decode("utf-8", "surrogateescape") for part in self.parts.values())
        return stdout, stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
