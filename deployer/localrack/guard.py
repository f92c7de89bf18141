"""Kills what the rack leaves behind when it dies without a word.

A process of its own, started with the write end of a pipe in the rack's hands. The rack names the process groups it
starts (`+123`) and those that have ended (`-123`); when the pipe closes, however the rack came to its end, all groups
that are left get TERM and a moment later KILL. That works where there is no PDEATHSIG, and reaches grandchildren.

Run as a script with `-I -S`: the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

MOMENT_S = 0.5


def follow(lines: Iterable[str]) -> set[int]:
    """The groups that are left when the lines end."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def kill(groups: Iterable[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def main() -> None:
    # the rack's end is the only one that counts: a Ctrl-C at its terminal is for the rack to handle
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = follow(sys.stdin)
    kill(left, signal.SIGTERM)
    if left:
        time.sleep(MOMENT_S)
    kill(left, signal.SIGKILL)


if __name__ == "__main__":
    main()
