"""Real child processes: each in a group of its own, its output read as it comes, its end told once.

Children are reaped by SIGCHLD and not by asyncio's own watchers: those start a thread a child on Python 3.11, and wait
for a grandchild that holds the output open. Everything here runs on the event loop of the main thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deployer.localrack import guard
from deployer.localrack.command import Command
from deployer.localrack.pipes import InputPipe
from deployer.localrack.terminals import Terminal

CHUNK_BYTES = 16_384
OUTPUT_LEFT_BYTES = 131_072
"""How much of a dead child's output is still read in one go: more than a pipe holds."""
REST = 4
"""After a chunk of output a child waits so many times as long as it took to take it in: others have their turn, and one
that floods its log has a fifth of our time at most."""
BREATH_S = 0.001
"""So long it waits at least after a chunk that was full: even output that nobody wants is not all we do."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One process to be: where, with what, and who is told. The environment holds secrets."""

    command: Command
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    on_output: Callable[[bytes], None]
    on_exit: Callable[[int], None]
    with_stdin: bool = False
    terminal: tuple[int, int] | None = None
    """Rows and columns: a person is at it, and input and output are one terminal."""


class Child:
    """A process that runs. Its group's id is its own pid."""

    def __init__(
        self, launch: Launch, popen: subprocess.Popen[bytes], output: IO[bytes], stdin: IO[bytes] | None
    ) -> None:
        self._launch = launch
        self._popen = popen
        self._kill: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._held = False
        self._output = output
        self.stdin = InputPipe(stdin) if stdin else None
        os.set_blocking(self._output.fileno(), False)
        self._listen()

    @property
    def group(self) -> int:
        return self._popen.pid

    @property
    def has_terminal(self) -> bool:
        return self._launch.terminal is not None

    def stop(self, grace_s: float) -> None:
        """TERM now, KILL the whole group after the grace."""
        if self._kill is None:
            # a container's TERM goes to its first process alone; a shell would not pass it on, so there all get it
            signal_to = os.killpg if self._launch.command.through_shell else os.kill
            with contextlib.suppress(ProcessLookupError):
                signal_to(self.group, signal.SIGTERM)
            self._kill = asyncio.get_running_loop().call_later(grace_s, self.kill)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop all of the group in its tracks: connections are taken by the system and never answered."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGSTOP)

    def hold(self, *, held: bool) -> None:
        """Take no more of its output for now, or again: it waits as soon as its pipe is full."""
        self._held = held
        self._listen()

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def finish(self) -> None:
        """After its end: nothing of its group survives, the rest of its output is read, its end is told."""
        self.kill()
        if self._kill is not None:
            self._kill.cancel()
        for _ in range(OUTPUT_LEFT_BYTES // CHUNK_BYTES):
            if self._output.closed or not self._read():
                break
        self._close()
        if self.stdin is not None:
            self.stdin.close()
        code = self._popen.returncode
        # as a container's exit code: 137 for SIGKILL
        self._launch.on_exit(code if code >= 0 else 128 - code)

    def _listen(self) -> None:
        """Be told of output, unless it has to wait."""
        if self._output.closed:
            return
        loop, descriptor = asyncio.get_running_loop(), self._output.fileno()
        if self._held or self._rest is not None:
            loop.remove_reader(descriptor)
        else:
            loop.add_reader(descriptor, self._take)

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        if self._read() == CHUNK_BYTES:
            took_s = loop.time() - start_s
            self._rest = loop.call_later(max(BREATH_S, REST * took_s), self._rested)
            self._listen()

    def _rested(self) -> None:
        self._rest = None
        self._listen()

    def _read(self) -> int:
        """How many bytes it was; 0 if there is nothing now, or nothing more."""
        try:
            data = os.read(self._output.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""  # a terminal that nobody is at any more
        if data:
            self._launch.on_output(data)
        else:
            self._close()
        return len(data)

    def _close(self) -> None:
        if not self._output.closed:
            asyncio.get_running_loop().remove_reader(self._output.fileno())
            self._output.close()


class Children:
    """All processes of a rack, guarded by one more that ends them if the rack dies."""

    def __init__(self) -> None:
        self._running: dict[int, Child] = {}
        script = str(Path(guard.__file__))
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", script], stdin=subprocess.PIPE, start_new_session=True, env={}
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def start(self, launch: Launch) -> Child:
        """Raises OSError if there is no such program or folder."""
        child = _at_terminal(launch, *launch.terminal) if launch.terminal else _at_pipes(launch)
        self._tell_guard(f"+{child.group}")
        self._running[child.group] = child
        return child

    async def stop_all(self, grace_s: float) -> None:
        """End every child and the guard; returns when all are gone."""
        for child in list(self._running.values()):
            child.stop(grace_s)
        while self._running:
            await asyncio.sleep(0.01)
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        while self._guard.poll() is None:
            await asyncio.sleep(0.01)

    def _reap(self) -> None:
        for pid, child in list(self._running.items()):
            if child.has_ended():
                del self._running[pid]
                child.finish()
                self._tell_guard(f"-{pid}")

    def _tell_guard(self, word: str) -> None:
        """A guard that was killed is not missed: the next `rack up` or `down` sweeps."""
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._guard.stdin.write(f"{word}\n".encode())
                self._guard.stdin.flush()


def _at_pipes(launch: Launch) -> Child:
    popen = subprocess.Popen(
        launch.command.argv,
        cwd=launch.cwd,
        env=dict(launch.env),
        stdin=subprocess.PIPE if launch.with_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if popen.stdout is None:
        raise ValueError("a child without a pipe for its output")
    return Child(launch, popen, popen.stdout, popen.stdin)


def _at_terminal(launch: Launch, rows: int, columns: int) -> Child:
    terminal = Terminal(rows, columns)
    popen = terminal.start(launch.command.argv, launch.cwd, launch.env)
    return Child(launch, popen, terminal.output, terminal.input)
