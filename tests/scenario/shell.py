"""A person's shell: an environment with nothing of this machine's own in it, and the commands typed there."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

PATIENCE_S = 60.0
LOOK_EVERY_S = 0.02
DEPLOYER = str(Path(sys.executable).with_name("deployer"))


def convox_words() -> tuple[str, ...]:
    """The CLI that deployer itself would take: the one named, the one on PATH, the stand-in."""
    found = os.environ.get("DEPLOYER_CONVOX") or shutil.which("convox")
    return (found,) if found else (sys.executable, "-m", "deployer.localrack.convox")


def wait_for(done: Callable[[], bool], at_most_s: float = PATIENCE_S) -> bool:
    """Look until it is so; whether it ever was."""
    end_s = time.monotonic() + at_most_s
    while not (is_done := done()) and time.monotonic() < end_s:
        time.sleep(LOOK_EVERY_S)
    return is_done


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command. `seconds` is how long it took, from the start or from the last signal."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]


class Running:
    """A command at work. Its output goes to files, so that it can be read meanwhile and never blocks it."""

    def __init__(self, argv: tuple[str, ...], env: dict[str, str], cwd: Path, out: Path, err: Path) -> None:
        self._out, self._err = out, err
        with out.open("wb") as out_file, err.open("wb") as err_file:
            self.popen = subprocess.Popen(
                argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out_file, stderr=err_file,
                start_new_session=True,
            )  # fmt: skip
        self._since_s = time.monotonic()

    @property
    def told(self) -> str:
        """What it has said so far on standard error."""
        return self._err.read_text(encoding="utf-8")

    def until_told(self, text: str) -> None:
        seen = wait_for(lambda: text in self.told or self.popen.poll() is not None)
        assert seen, f"it never said {text!r}: {self.told}"
        assert text in self.told, f"it ended without {text!r}: {self.told}"

    def signal(self, signum: signal.Signals) -> None:
        """To the one process, as a runner or `kill` does; its children hear nothing."""
        self._since_s = time.monotonic()
        self.popen.send_signal(signum)

    def end(self, at_most_s: float = PATIENCE_S) -> Done:
        """Wait until it has ended by itself."""
        try:
            status = self.popen.wait(at_most_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end: {self.told}") from None
        seconds = time.monotonic() - self._since_s
        return Done(status, self._out.read_text(encoding="utf-8"), self.told, seconds)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


@dataclass(frozen=True)
class Shell:
    """`home` holds all that commands leave behind; `env` is all they are given. Threads may share one."""

    home: Path
    env: dict[str, str]
    started: list[Running]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def in_folder(cls, home: Path) -> Shell:
        passed = {key: os.environ[key] for key in ("PATH", "LANG", "DEPLOYER_CONVOX") if key in os.environ}
        (home / "tmp").mkdir(parents=True)
        env = passed | {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "XDG_STATE_HOME": str(home / "state"),
            "CONVOX_CONFIG": str(home / "convox"),
        }
        return cls(home, env, [])

    def with_env(self, **env: str | None) -> Shell:
        """The same shell with other variables; `None` unsets one."""
        merged = {**self.env, **env}
        return replace(self, env={key: value for key, value in merged.items() if value is not None})

    def start(self, *argv: str, cwd: Path | None = None) -> Running:
        number = next(self.numbers)
        output = (self.home / f"{number}.{stream}" for stream in ("out", "err"))
        running = Running(argv, self.env, cwd or self.home, *output)
        self.started.append(running)
        return running

    def deployer(self, *words: str, cwd: Path | None = None) -> Done:
        return self.start(DEPLOYER, *words, cwd=cwd).end()

    def close(self) -> None:
        """End what a failed test has left running."""
        for each in self.started:
            if each.popen.poll() is None:
                each.kill()
