"""Kills what the rack leaves behind when it dies without a word.

A process of its own, started with the write end of a pipe in the rack's hands. The rack names the process groups it
starts (`+123`) and those that have ended (`-123`); when the pipe closes, however the rack came to its end, all groups
that are left get TERM and a moment later KILL. That works where there is no PDEATHSIG, and reaches grandchildren.
Those that have left their group (`setsid`) are found by a mark in their environment where there is a /proc; elsewhere
the next `rack up` or `down` sweeps them.

Run as a script with `-I -S`: the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path

MOMENT_S = 0.5
RACK_PID = "DEPLOYER_RACK_PID"
"""In the environment of every process a rack starts: not the rack's folder, which the next rack's processes share."""


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


def strays(rack: int, groups: Collection[int]) -> list[int]:
    """The rack's processes outside these groups; none where there is no /proc."""
    mark = f"{RACK_PID}={rack}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is not ours
            process = int(environment.parent.name)
            if mark in environment.read_bytes().split(b"\0") and os.getpgid(process) not in groups:
                found.append(process)
    return found


def end(rack: int, groups: Collection[int], number: signal.Signals) -> bool:
    """Whether there was anything to end."""
    alone = strays(rack, groups)
    kill(groups, number)
    for process in alone:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
    return bool(groups or alone)


def main() -> None:
    rack = os.getppid()
    # the rack's end is the only one that counts: a Ctrl-C at its terminal is for the rack to handle
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = follow(sys.stdin)
    if end(rack, left, signal.SIGTERM):
        time.sleep(MOMENT_S)
        end(rack, left, signal.SIGKILL)


if __name__ == "__main__":
    main()
