"""How a local rack is asked for, and where it keeps its things."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MARK = "DEPLOYER_RACK_HOME"
"""In the environment of every process a rack starts: the folder of that rack, by which leftovers are found."""

ALREADY_RUNS = 3
"""Exit status of a server whose folder another one holds."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True, slots=True)
class RackOptions:
    """What `rack up` may choose.

    `port` 0 takes the one it had before, or any that is free. `time_scale` 0.2 runs the rack's intervals, graces and
    back-offs at a fifth of their time. `resync_s` is how long `running` may trail the replicas, before that scale.
    `apps` are created if they are not there. `faults` is a file of what shall go wrong (`faults.read_orders`).
    `tls`: the API speaks https; services are reached as before. Raises ValueError on values that make no rack.
    """

    name: str = "local"
    port: int = 0
    state_dir: Path | None = None
    time_scale: float = 1.0
    resync_s: float = 2.0
    apps: tuple[str, ...] = ()
    faults: Path | None = None
    tls: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a rack's name is lower-case letters, digits and dashes, not {self.name!r}")
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"{self.port} is no port")
        if not 0.01 <= self.time_scale <= 100:
            raise ValueError("the time scale is between 0.01 and 100")
        if self.resync_s <= 0:
            raise ValueError("the resync takes a number of seconds above 0")

    @property
    def home(self) -> Home:
        return Home((self.state_dir or default_state_dir(self.name)).absolute())


def default_state_dir(name: str) -> Path:
    """`$XDG_STATE_HOME/deployer/rack/<name>`, `~/.local/state` if that is not set."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "deployer" / "rack" / name


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one rack. It holds every secret of its apps: 0700, its files 0600."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the rack as long as it lives: whether one runs is asked of the lock, never of a pid."""
        return self.root / "lock"

    @property
    def rack_file(self) -> Path:
        return self.root / "rack.json"

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def ports_file(self) -> Path:
        return self.root / "ports.json"

    @property
    def server_log(self) -> Path:
        return self.root / "server.log"

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def process_log(self, app: str, process: str) -> Path:
        return self.logs / app / f"{process}.log"

    @property
    def certificate(self) -> Path:
        return self.root / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.root / "key.pem"

    @property
    def processes_home(self) -> Path:
        """What processes get as HOME: empty, so nothing of the user's own settings reaches them."""
        return self.root / "home"

    def prepare(self) -> None:
        """Make the folders, closed to everybody else."""
        for folder in (self.root, self.objects, self.sources, self.logs, self.processes_home):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
