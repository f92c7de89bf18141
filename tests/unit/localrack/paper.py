"""The whole of a rack in one process: its real API, machine, builds and folder; time, processes and probes on paper."""

from __future__ import annotations

import asyncio
import io
import json
import random
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from starlette.types import ASGIApp, Message

from deployer.localrack.api import make_api, make_routes
from deployer.localrack.builder import Builder
from deployer.localrack.children import Child, Children, Launch
from deployer.localrack.gate import Gate
from deployer.localrack.machine import Machine, Outside
from deployer.localrack.objects import Objects
from deployer.localrack.options import RackOptions

PASSWORD = "swordfish"
TICKS = 5
"""Turns of the event loop from a stop that was decided to the end of the process."""
AUTHORIZATION = (b"authorization", b"Basic Y29udm94OnN3b3JkZmlzaA==")


class PaperChild(Child):
    """A process that ends when it is told to."""

    def __init__(self, launch: Launch, gone: Callable[[PaperChild], object]) -> None:
        self._launch = launch
        self._gone = gone
        self.stdin = None
        self.ended = False

    def stop(self, grace_s: float) -> None:
        asyncio.get_running_loop().call_soon(self.exit, 0)

    def kill(self) -> None:
        asyncio.get_running_loop().call_soon(self.exit, 137)

    def freeze(self) -> None:
        pass

    def has_ended(self) -> bool:
        return self.ended

    def exit(self, code: int) -> None:
        if not self.ended:
            self.ended = True
            self._gone(self)
            self._launch.on_exit(code)


class PaperChildren(Children):
    """All that run, in the order of their start."""

    def __init__(self) -> None:
        self.alive: dict[PaperChild, None] = {}

    def start(self, launch: Launch) -> Child:
        child = PaperChild(launch, lambda gone: self.alive.pop(gone, None))
        self.alive[child] = None
        return child

    async def stop_all(self, grace_s: float) -> None:
        self.alive.clear()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class PaperRack:
    """A rack whose clock is `now_s`, and whose probes are answered by chance."""

    def __init__(self, home: Path, rng: random.Random, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s
        self.children = PaperChildren()
        self._rng = rng
        options = RackOptions(state_dir=home)
        options.home.prepare()
        outside = Outside(lambda: self.now_s, self.children, self._answers_well)
        self.machine = Machine(options, {"RACK": "local"}, outside)
        objects = Objects(options.home.objects)
        self.builder = Builder(self.machine, objects, self.machine.images, options.home.logs)
        self.routes = make_routes(self.machine, self.builder, objects, "local")
        self._api: ASGIApp = make_api(self.machine, self.builder, objects, "local", PASSWORD)
        assert isinstance(self._api, Gate)
        self.machine.start(())

    async def _answers_well(self, port: int, path: str, timeout_s: float) -> bool:
        return self._rng.random() < 0.8

    async def wait(self, seconds: float) -> None:
        """Let time pass, from instant to instant."""
        end_s = self.now_s + seconds
        while (instant_s := self.machine.rack.next_instant_s()) is not None and instant_s < end_s:
            self.now_s = max(self.now_s, instant_s)
            self.machine.pump()
            await asyncio.sleep(0)
        self.now_s = end_s
        for _ in range(TICKS):
            self.machine.pump()
            await asyncio.sleep(0)

    async def ask(
        self, method: str, path: str, form: Mapping[str, str] | bytes | None = None, **headers: str
    ) -> Answer:
        """One request, straight into the API. Whatever is no answer of its own comes out as the exception it is."""
        body = form if isinstance(form, bytes) else urlencode(form or {}).encode()
        sent: list[Message] = []

        came: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Message:
            # who asks again waits for the client to go away, and it does not
            return next(came, None) or await asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            sent.append(message)

        await self._api(_scope("http", method, path, headers), receive, send)
        text = b"".join(cast("bytes", message.get("body", b"")) for message in sent[1:])
        return Answer(sent[0]["status"], text.decode())

    async def listen(self, path: str, **headers: str) -> str:
        """The text of a socket whose client goes away after a moment."""
        sent: list[Message] = []
        came: Iterator[Message] = iter([{"type": "websocket.connect"}])

        async def receive() -> Message:
            if message := next(came, None):
                return message
            for _ in range(TICKS):
                await asyncio.sleep(0)
            return {"type": "websocket.disconnect", "code": 1006}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._api(_scope("websocket", "GET", path, headers), receive, send)
        return "".join(message.get("text") or "" for message in sent)

    async def build(
        self, app: str, manifest: str, before_the_end: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> Answer:
        """Upload, build, and wait for its end; the build as it ended. `before_the_end` holds from start to end."""
        url = (await self.ask("POST", f"/apps/{app}/objects/tmp/a.tgz", _pack({"convox.yml": manifest}))).json()["Url"]
        started = await self.ask("POST", f"/apps/{app}/builds", {"url": url})
        if started.status != 200:
            return started
        build = started.json()["id"]
        log = self.builder.log(build)
        assert log is not None
        with before_the_end():
            while not log.done:
                await asyncio.sleep(0.0005)
        return await self.ask("GET", f"/apps/{app}/builds/{build}")


def _scope(kind: str, method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    path, _, query = path.partition("?")
    return {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http" if kind == "http" else "ws",
        "http_version": "1.1",
        "subprotocols": [],
        "headers": [AUTHORIZATION, *((name.encode(), value.encode()) for name, value in headers.items())],
        "state": {},
    }


def _pack(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
