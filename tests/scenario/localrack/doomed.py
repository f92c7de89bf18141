"""
Racks that are killed at a moment chosen beforehand: `python -m tests.scenario.localrack.doomed`.

A process that has loaded the rack already and forks one for each order on its input, so that many can be killed in
little time. What runs in the fork is the whole server. An order is one line of JSON: the rack's folder and a `Doom`.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from deployer.localrack.options import RackOptions
from deployer.localrack.server import serve

TIME_SCALE = 0.01
LOOK_EVERY_S = 0.005
# What a rack does to its folder and to processes, as CPython announces it just before it is done.
DEEDS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate", "subprocess.Popen"})


@dataclass(frozen=True, slots=True)
class Doom:
    """When a rack dies: before its so-manyth deed, or in the midst of writing a file, after so many bytes of it."""

    deed: int | None = None
    byte: int | None = None

    def befall(self, home: Path) -> None:
        """Set it up for this process."""
        if self.deed is not None:
            _die_before(self.deed, str(home))
        if self.byte is not None:
            # the kernel's own SIGKILL in all but name: nothing of ours runs once the file has its last byte
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.byte, self.byte))


def _die_before(deed: int, home: str) -> None:
    left = deed

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event in DEEDS and (event == "subprocess.Popen" or str(args[0]).startswith(home)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


class Nursery:
    """The process that forks racks, one at a time; `born` and `death` speak of the last one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenario.localrack.doomed"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def bear(self, home: Path, doom: Doom) -> int:
        """Fork a rack; its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"home": str(home), "doom": asdict(doom)}) + "\n")
        return int(self._answer())

    def bury(self) -> int:
        """Wait until the rack has died; the signal that it died of, 0 if it ended by itself."""
        return int(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    for line in _lines():
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _become_a_rack(Path(order["home"]), Doom(**order["doom"]))
        print(pid, flush=True)  # noqa: T201 - how it talks
        print(_death_of(pid), flush=True)  # noqa: T201


def _lines() -> Iterator[str]:
    while line := sys.stdin.readline():
        yield line


def _death_of(pid: int) -> int:
    while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        # no order comes while a rack lives: what can be read then is the end of who gives them
        if select.select([sys.stdin], [], [], LOOK_EVERY_S)[0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return os.WTERMSIG(ended[1]) if os.WIFSIGNALED(ended[1]) else 0


def _become_a_rack(home: Path, doom: Doom) -> None:
    os.setsid()
    options = RackOptions(state_dir=home, time_scale=TIME_SCALE)
    options.home.prepare()
    with (home / "server.log").open("ab", buffering=0) as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    doom.befall(home)
    try:
        serve(options)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
