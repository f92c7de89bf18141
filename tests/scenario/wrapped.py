"""Scripts around the Convox CLI, for `--convox`: they do something first and then become the CLI itself."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.scenario.shell import convox_words, wait_for


def wrapped_convox(folder: Path, first: str = "") -> Path:
    """A `convox` that runs these lines of shell before it is itself; `$1` is the command, `$0` a name for files."""
    path = folder / "convox"
    path.write_text(f'#!/bin/sh\n{first}\nexec {shlex.join(convox_words())} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


@dataclass(frozen=True, slots=True)
class SlowStep:
    """A `convox` of which one command takes seconds to begin, and which tells how far it came."""

    path: Path

    @classmethod
    def of(cls, folder: Path, command: str, seconds: float) -> SlowStep:
        return cls(wrapped_convox(folder, _only(command, f'touch "$0.reached"; sleep {seconds}')))

    @classmethod
    def deaf(cls, folder: Path, command: str) -> SlowStep:
        """One that goes on when it is asked to end, for ten seconds, and then does nothing."""
        lines = (
            """trap 'touch "$0.asked"' TERM""",
            'touch "$0.reached"',
            "for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; done",
            "exit 1",
        )
        return cls(wrapped_convox(folder, _only(command, "; ".join(lines))))

    def until_reached(self) -> None:
        assert wait_for(Path(f"{self.path}.reached").exists), "it was never run"

    def until_asked_to_end(self) -> None:
        assert wait_for(Path(f"{self.path}.asked").exists), "it was not asked to end"


def _only(command: str, lines: str) -> str:
    return f'case "$*" in {shlex.quote(f"{command} ")}*) {lines} ;; esac'
