"""From what a manifest, a Dockerfile or a person wrote to an argument vector."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

# What only a shell understands. A command without it is started directly, so that it gets the signals itself.
_SHELL = re.compile(r"[|&;<>()$`*?\[\]#~{}!\n]|^\s*\w+=")


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `through_shell`: the first process is a shell that keeps signals to itself."""

    argv: tuple[str, ...]
    through_shell: bool = False


def from_text(text: str) -> Command:
    """A command line: directly where that means the same, else through `sh -c`."""
    if not _SHELL.search(text):
        try:
            return Command(tuple(shlex.split(text)))
        except ValueError:
            pass  # an open quote: the shell will say so itself
    return Command(("/bin/sh", "-c", text), through_shell=True)
