"""A build without Docker: unpack the source, read convox.yml, write down how each service starts (convox-facts 7)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployer.localrack.images import Images, NotRunnable
from deployer.localrack.logs import LogFile
from deployer.localrack.machine import Machine
from deployer.localrack.objects import Objects
from deployer.localrack.unpack import UnsafeArchive, unpack
from deployer.rackmodel import Build, BuildStatus, Manifest, ManifestInvalid, Refused
from deployer.rackmodel.cron import is_schedule
from deployer.rackmodel.env import parse


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """The form of `POST /apps/A/builds`, as far as a build here can heed it."""

    url: str
    description: str = ""
    git_sha: str = ""
    manifest: str = "convox.yml"
    build_args: Mapping[str, str] = field(default_factory=dict, repr=False)


class BuildFailed(Exception):
    """What the build log says after `ERROR: `."""


class BuildLog:
    """The lines of one build, for those who come early, late, or twice."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self._text = ""
        self._changed = asyncio.Condition()
        self.done = False

    async def write(self, text: str) -> None:
        self._text += text
        self._file.write(text)
        async with self._changed:
            self._changed.notify_all()

    async def end(self) -> None:
        self.done = True
        self._file.close()
        async with self._changed:
            self._changed.notify_all()

    async def read(self, start: int) -> str:
        """What there is from `start` on; waits until there is something or the build is over."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.done or len(self._text) > start)
        return self._text[start:]


class Builder:
    """Runs builds, one task each."""

    def __init__(self, machine: Machine, objects: Objects, images: Images, logs: Path) -> None:
        self._machine = machine
        self._objects = objects
        self._images = images
        self._folder = logs
        self._logs: dict[str, BuildLog] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, app: str, request: BuildRequest) -> Build:
        """Raises Refused if there is no such app."""
        build = self._machine.act(
            lambda rack: rack.create_build(app, description=request.description, git_sha=request.git_sha)
        )
        log = self._logs[build.id] = BuildLog(LogFile(self._path(app, build.id)))
        task = asyncio.create_task(self._build(app, build, request, log))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return build

    def log(self, build: str) -> BuildLog | None:
        """The log of a build of this rack's life; older ones are text in a file."""
        return self._logs.get(build)

    def old_log(self, app: str, build: str) -> str:
        path = self._path(app, build)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    async def _build(self, app: str, build: Build, request: BuildRequest, log: BuildLog) -> None:
        try:
            manifest = await self._run(app, build, request, log)
            self._machine.act(lambda rack: rack.complete_build(app, build.id, manifest))
        except (BuildFailed, Refused, OSError) as exc:
            reason = str(exc)
            await log.write(f"ERROR: {reason}\n")
            if build.status is BuildStatus.RUNNING:  # it is not, where only the disk did not take its end
                self._fail(app, build, reason)
                self._images.remove(build.id)
        finally:
            if build.status is BuildStatus.RUNNING:
                # the rack goes down, or has a fault that its log tells: nobody waits for this build in vain
                self._fail(app, build, "the build was cut off")
            await log.end()
        self._machine.forget_old_builds()

    def _fail(self, app: str, build: Build, reason: str) -> None:
        # an app that was deleted meanwhile has no builds left to fail
        with contextlib.suppress(Refused):
            self._machine.act(lambda rack: rack.fail_build(app, build.id, reason))

    async def _run(self, app: str, build: Build, request: BuildRequest, log: BuildLog) -> str:
        """The manifest's text. Raises BuildFailed."""
        source = self._images.source(build.id)
        await self._unpack(request.url, source)
        text = _read_manifest(source, request.manifest)
        try:
            manifest = self._machine.rack.check_build(app, text, request.build_args)
            for service in manifest.services:
                await log.write(f"Building: {service.name} from {service.build_path}\n")
            for remark in remarks_on(manifest, self._newest_env(app)):
                await log.write(f"WARNING: {remark}\n")
            self._images.record(build.id, manifest, {**self._newest_env(app), **request.build_args})
        except (ManifestInvalid, NotRunnable) as exc:
            raise BuildFailed(str(exc)) from exc
        await log.write("No image is made: the local rack runs the source itself\n")
        return text

    async def _unpack(self, url: str, source: Path) -> None:
        archive = self._objects.find_url(url)
        if archive is None:
            raise BuildFailed(f"no such source: {url}")
        try:
            await asyncio.to_thread(unpack, archive, source)
        except UnsafeArchive as exc:
            raise BuildFailed(str(exc)) from exc
        finally:
            archive.unlink(missing_ok=True)

    def _newest_env(self, app: str) -> dict[str, str]:
        newest = self._machine.rack.releases(app, limit=1)
        return parse(newest[0].env) if newest else {}

    def _path(self, app: str, build: str) -> Path:
        return self._folder / app / f"{build}.log"


def remarks_on(manifest: Manifest, env: Mapping[str, str]) -> Iterator[str]:
    """What a real rack would make of this manifest and a local one cannot, or what neither can."""
    for resource in manifest.resources:
        if not env.get(resource.variable):
            kind = f"the {resource.type}" if resource.type else "the resource"
            yield f"{kind} {resource.name} is not run by a local rack: start your own and set {resource.variable}"
    for timer in manifest.timers:
        if not is_schedule(timer.schedule):
            yield f"timer {timer.name}: Kubernetes will refuse the schedule {timer.schedule!r} at the promote"


def _read_manifest(source: Path, name: str) -> str:
    path = (source / name).resolve()
    if not path.is_relative_to(source.resolve()) or not path.is_file():
        raise BuildFailed(f"no such file: {name}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise BuildFailed(f"{name} is not UTF-8") from exc
