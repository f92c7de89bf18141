"""The WebSockets: build logs, app logs, exec (convox-facts 5.4).

Server to client, text frames are data and one empty binary frame is the end. Errors after the upgrade come in-band.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from deployer.localrack.builder import Builder
from deployer.localrack.children import Child, Launch
from deployer.localrack.command import from_text
from deployer.localrack.logs import Follower, Line
from deployer.localrack.machine import Machine
from deployer.localrack.pipes import OutputQueue
from deployer.localrack.terminals import END_OF_INPUT
from deployer.localrack.times import go_duration_s
from deployer.rackmodel import ProcessStatus, Refused

T = TypeVar("T")

EXIT_CODE = "F1E49A85-0AD7-4AEF-A618-C249C6E6568D"
"""Marks the frame that carries a command's exit code."""
SINCE_S = 120.0
STDIN_BACKLOG_BYTES = 1_048_576


class Sockets:
    """Each method is one route of `api`."""

    def __init__(self, machine: Machine, builder: Builder) -> None:
        self._machine = machine
        self._builder = builder

    async def build_logs(self, socket: WebSocket) -> None:
        async with _stream(socket):
            app, build = socket.path_params["app"], self._machine.rack.build(**_ids(socket, "app", "build"))
            log = self._builder.log(build.id)
            if log is None:
                await socket.send_text(self._builder.old_log(app, build.id))
                return
            sent = 0
            while text := await log.read(sent):
                await socket.send_text(text)
                sent += len(text)

    async def logs(self, socket: WebSocket) -> None:
        """An app's lines, or those of one service or process: what there is, and with `Follow` what comes."""
        async with _stream(socket):
            app = socket.path_params["app"]
            self._machine.rack.app(app)
            wanted = LogOptions(socket)
            log = self._machine.log_of(app)
            follower = log.follow()
            try:
                lines = [line for line in log.since(self._machine.clock() - wanted.since_s) if wanted.takes(line)]
                for line in lines[-wanted.tail :] if wanted.tail else lines:
                    await socket.send_text(wanted.render(line))
                if wanted.follow:
                    await _until_gone(socket, self._send_lines(socket, follower, wanted))
            finally:
                log.unfollow(follower)

    async def no_logs(self, socket: WebSocket) -> None:
        async with _stream(socket):
            pass

    async def exec(self, socket: WebSocket) -> None:
        """Run a command beside a process: in its folder, with its env.

        It lives on when the client goes away, unless a person was at its terminal.
        """
        async with _stream(socket):
            try:
                process = self._find_process(**_ids(socket, "app", "process"))
            except Refused:
                # a real rack sends the marker with 0 before the error (recorded: exec-pid-notfound)
                await socket.send_text(f"{EXIT_CODE}:0\n")
                raise
            await self._exec(socket, process)

    async def _exec(self, socket: WebSocket, process: str) -> None:
        running = self._machine.processes.find(process)
        if running is None:
            raise Refused(500, f'container not found ("{socket.path_params["app"]}")')
        output = OutputQueue()
        command = from_text(socket.headers.get("command", ""))
        terminal = _terminal(socket)
        launch = Launch(command, running.cwd, running.env, output.put, output.end, with_stdin=True, terminal=terminal)
        try:
            child = self._machine.children.start(launch)
        except OSError as exc:
            await socket.send_text(f"cannot start {command.argv[0]}: {exc.strerror}\n")
            await socket.send_text(f"{EXIT_CODE}:126\n")
            return
        running.guests.append(child)
        output.hold = lambda held: child.hold(held=held)
        try:
            code = await _until_gone(socket, _send_output(socket, output), child)
        finally:
            output.discard()
        if code is not None:
            await socket.send_text(f"{EXIT_CODE}:{code}\n")
        elif terminal:
            # whoever was at the terminal has left it
            child.kill()

    def _find_process(self, app: str, process: str) -> str:
        """A process id, or a service, which means one of its running processes (convox-facts 2.9)."""
        rows = self._machine.rack.processes(app, service=process)
        running = [row.id for row in rows if row.status is ProcessStatus.RUNNING]
        return running[0] if running else self._machine.rack.process(app, process).id

    @staticmethod
    async def _send_lines(socket: WebSocket, follower: Follower, wanted: LogOptions) -> None:
        while True:
            line = await follower.next()
            if wanted.takes(line):
                await socket.send_text(wanted.render(line))


class LogOptions:
    """The headers of a `logs` (5.3). Raises Refused if a duration or number is none."""

    def __init__(self, socket: WebSocket) -> None:
        headers = socket.headers
        self.follow = headers.get("follow", "true") == "true"
        self._filter = headers.get("filter", "")
        self._service = socket.path_params.get("service")
        self._process = socket.path_params.get("process")
        # an app's lines are bare unless a prefix is wanted, a service's have one unless not (provider/aws, k8s log.go)
        self._prefixed = headers.get("prefix", "true" if self._service else "false") == "true"
        try:
            self.since_s = go_duration_s(headers["since"]) if headers.get("since") else SINCE_S
            self.tail = int(headers.get("tail") or 0)
        except ValueError as exc:
            raise Refused(500, str(exc)) from exc

    def render(self, line: Line) -> str:
        return line.render(prefixed=self._prefixed)

    def takes(self, line: Line) -> bool:
        of = self._service in (None, line.service) and self._process in (None, line.process)
        return of and self._filter in line.text


def _terminal(socket: WebSocket) -> tuple[int, int] | None:
    """A CLI whose input is no terminal says `Tty: false`; one that says nothing has a person at it (2.9)."""
    if socket.headers.get("tty") == "false":
        return None
    try:
        return int(socket.headers.get("height") or 24), int(socket.headers.get("width") or 80)
    except ValueError as exc:
        raise Refused(500, str(exc)) from exc


def _ids(socket: WebSocket, *names: str) -> dict[str, str]:
    return {name: socket.path_params[name] for name in names}


@contextlib.asynccontextmanager
async def _stream(socket: WebSocket) -> AsyncIterator[None]:
    """Open, say a refusal in-band, end with the empty binary frame; a client that went away is no error."""
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        try:
            yield
        except Refused as refused:
            await socket.send_text(f"ERROR: {refused.text}\n")
        await socket.send_bytes(b"")
        await socket.close()


async def _send_output(socket: WebSocket, output: OutputQueue) -> int:
    """Pass on a command's output; its exit code."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while not isinstance(item := await output.take(), int):
        # a first byte of 0 would start another protocol (convox-facts 5.4)
        if text := decoder.decode(item).replace("\x00", ""):
            await socket.send_text(text)
    return item


async def _until_gone(socket: WebSocket, work: Coroutine[Any, Any, T], child: Child | None = None) -> T | None:
    """The outcome of the work, or None if the client went away first. What the client sends is the child's input."""
    sending = asyncio.ensure_future(work)
    receiving = asyncio.ensure_future(_receive(socket, child))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        return sending.result() if sending.done() else None
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)


async def _receive(socket: WebSocket, child: Child | None) -> None:
    """Until the client closes: text is input, an empty binary frame its end."""
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        stdin = child.stdin if child else None
        if stdin is not None:
            typed = (message.get("text") or "").encode() or message.get("bytes") or b""
            stdin.feed(typed or (END_OF_INPUT if child and child.has_terminal else b""))
            while stdin.backlog_bytes > STDIN_BACKLOG_BYTES:
                await asyncio.sleep(0.01)
