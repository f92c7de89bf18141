"""The processes of apps: what each is given, where it runs, on which port it is reached."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deployer.localrack.children import Child, Children, Launch
from deployer.localrack.command import Command
from deployer.localrack.faults import Order, Standing
from deployer.localrack.faulty_start import doom, spoil
from deployer.localrack.guard import RACK_PID
from deployer.localrack.images import Images, ServiceImage, command_of
from deployer.localrack.logs import Lines, LogFile
from deployer.localrack.options import MARK, Home
from deployer.localrack.ports import ReplicaPorts
from deployer.rackmodel import ProcessKind, StartProcess

KEPT_LOGS = 100
"""Log files of processes that are kept for each app."""

Links = Callable[[str], Mapping[str, str]]
"""What an app's processes are told of its services, by app."""
Said = Callable[[StartProcess, str], None]
Exited = Callable[[str, str, int], None]


@dataclass(frozen=True, slots=True)
class Running:
    """A process with what an `exec` into it needs; `guests` are those execs, which end with it."""

    child: Child
    action: StartProcess
    port: int | None
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    guests: list[Child] = field(default_factory=list)


class Processes:
    """Starts and stops what the model wants."""

    def __init__(
        self,
        home: Home,
        children: Children,
        images: Images,
        rack_env: Mapping[str, str],
        links: Links,
        said: Said,
        exited: Exited,
        time_scale: float,
    ) -> None:
        self._home = home
        self._children = children
        self._images = images
        self._rack_env = rack_env
        self._links = links
        self._said = said
        self._exited = exited
        self._time_scale = time_scale
        self._ports = ReplicaPorts()
        self._running: dict[str, Running] = {}

    def start(self, action: StartProcess, orders: Sequence[Order] = ()) -> bool:
        """Start it, with what was ordered to go wrong, or say in its log why that cannot be."""
        log = self._log_file(action.app, action.process)
        image = self._images.find(action.build, action.service)
        command = command_of(image, action.command) if image else None
        if image is None or command is None:
            self._refuse(action, log, f"the local rack has nothing to start: the source of {action.build} is gone")
            return False
        port = self._ports.take() if action.kind is ProcessKind.REPLICA and action.port is not None else None
        try:
            self._running[action.process] = self._launch(action, image, command, port, log, orders)
        except OSError as exc:
            self._refuse(action, log, f"cannot start {command.argv[0]}: {exc.strerror}")
            self._give_back(port)
            return False
        return True

    def stop(self, process: str, grace_s: float) -> None:
        if running := self._running.get(process):
            running.child.stop(grace_s)

    def suffer(self, standing: Standing) -> None:
        """An order that names what runs already meets it at once."""
        for running in list(self._running.values()):
            if standing.meets_process(running.action):
                doom(running.child, [standing.order], self._time_scale, partial(self._said, running.action))

    def find(self, process: str) -> Running | None:
        return self._running.get(process)

    def port_of(self, process: str) -> int | None:
        running = self._running.get(process)
        return running.port if running else None

    def _launch(
        self,
        action: StartProcess,
        image: ServiceImage,
        command: Command,
        port: int | None,
        log: LogFile,
        orders: Sequence[Order],
    ) -> Running:
        env = self._env(action, image, port)
        lines = Lines(lambda texts: self._say(action, log, *texts))

        def ended(code: int) -> None:
            lines.end()
            log.close()
            for guest in self._running.pop(action.process).guests:
                guest.kill()
            self._give_back(port)
            self._exited(action.app, action.process, code)

        launch = spoil(Launch(command, image.cwd, env, lines.feed, ended), orders, self._time_scale)
        child = self._children.start(launch)
        doom(child, orders, self._time_scale, partial(self._say, action, log))
        return Running(child, action, port, image.cwd, launch.env)

    def _env(self, action: StartProcess, image: ServiceImage, port: int | None) -> dict[str, str]:
        """Nothing of the rack's own environment but what a bare image has (convox-facts 3.7)."""
        env = {
            # first what the rack itself runs with: that is where `python` and `gunicorn` of a service are
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self._home.processes_home),
            "LANG": "C.UTF-8",
            **self._links(action.app),
            **image.env,
            **self._rack_env,
            **action.env,
            "HOSTNAME": action.process,
            MARK: str(self._home.root),
            RACK_PID: str(os.getpid()),
        }
        if port is not None:
            # Replicas share one network here, so none can have the container port. The port of its own stands over
            # whatever else says PORT, the manifest's `PORT=8000` included: a service must listen on $PORT.
            env["PORT"] = str(port)
        return env

    def _refuse(self, action: StartProcess, log: LogFile, why: str) -> None:
        self._say(action, log, why)
        log.close()

    def _say(self, action: StartProcess, log: LogFile, *texts: str) -> None:
        log.write("".join(f"{text}\n" for text in texts))
        for text in texts:
            self._said(action, text)

    def _log_file(self, app: str, process: str) -> LogFile:
        path = self._home.process_log(app, process)
        if not path.exists() and path.parent.is_dir():
            _forget_old(path.parent)
        return LogFile(path)

    def _give_back(self, port: int | None) -> None:
        if port is not None:
            self._ports.give_back(port)


def _forget_old(folder: Path) -> None:
    files = sorted(folder.glob("*.log*"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT_LOGS:]:
        file.unlink(missing_ok=True)
