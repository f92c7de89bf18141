"""Ask a person, without going deaf to signals meanwhile."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable

from deployer.core.errors import Problem, Refused

Wait = Callable[[float, Callable[[], bool]], bool]
LOOK_EVERY_S = 0.1


def always_yes(question: str, wait: Wait) -> bool:
    """For `--yes`."""
    del question, wait
    return True


def ask(question: str, wait: Wait) -> bool:
    """`Go back now? [y/N]`. Raises Refused where nobody is there to answer."""
    if not sys.stdin.isatty():
        raise Refused((Problem("nobody is there to confirm: standard input is no terminal", hint="say --yes"),))
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    while not wait(LOOK_EVERY_S, _has_input):
        pass
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _has_input() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])
