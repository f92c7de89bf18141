"""Scripts around the Convox CLI, for `--convox`: they do something first and then become the CLI itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.scenario.shell import convox_words, wait_for


def wrapped_convox(folder: Path, first: str = "") -> Path:
    """A `convox` that runs these lines of shell before it is itself; `$1` is the command, `$0` a name for files."""
    path = folder / "convox"
    path.write_text(f'#!/bin/sh\n{first}\nexec {shlex.join(convox_words())} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def fatal_convox(folder: Path, command: str, nth: int, *, is_heard: bool) -> Path:
    """A `convox` that kills who runs it at the `nth` time of one command: just before its work, or right after it."""
    work = f'{shlex.join(convox_words())} "$@"'
    kill = "kill -KILL $PPID"
    # who is killed before still has a child, which goes on in its own time
    struck = f"{kill}; sleep 0.3; exec {work}" if is_heard else f"{work}; {kill}; exit 1"
    count = 'echo >> "$0.count"'
    is_nth = f'[ $(wc -l < "$0.count") -eq {nth} ]'
    return wrapped_convox(folder, _only(command, [count, f"if {is_nth}; then {struck}; fi"]))


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A `convox` of which one command waits to be let go, a minute at most; it tells how far it came."""

    path: Path

    @classmethod
    def of(cls, folder: Path, command: str) -> HeldStep:
        return cls(wrapped_convox(folder, _only(command, ['touch "$0.reached"', _WAITING])))

    @classmethod
    def deaf(cls, folder: Path, command: str) -> HeldStep:
        """One that goes on waiting when it is asked to end, and then does nothing."""
        lines = ["""trap 'touch "$0.asked"' TERM""", 'touch "$0.reached"', _WAITING, "exit 1"]
        return cls(wrapped_convox(folder, _only(command, lines)))

    def let_go(self) -> None:
        Path(f"{self.path}.go").touch()

    def until_reached(self) -> None:
        assert wait_for(Path(f"{self.path}.reached").exists), "it was never run"

    def until_asked_to_end(self) -> None:
        assert wait_for(Path(f"{self.path}.asked").exists), "it was not asked to end"


_WAITING = 'n=0; while [ ! -e "$0.go" ] && [ $n -lt 600 ]; do n=$((n+1)); sleep 0.1; done'


def _only(command: str, lines: Iterable[str]) -> str:
    return f'case "$*" in {shlex.quote(f"{command} ")}*) {"; ".join(lines)} ;; esac'
