"""Where the start of a process runs into the faults that were ordered for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from deployer.localrack.children import Child, Launch
from deployer.localrack.command import Command
from deployer.localrack.faults import Fault, Order

# the shell waits, then becomes the command: to the rack it is a process that runs and does not answer yet
_LATER = ("/bin/sh", "-c", 'sleep "$0" && exec "$@"')


def spoil(launch: Launch, orders: Iterable[Order], time_scale: float) -> Launch:
    """What is wrong with a process from its first instant on."""
    for order in orders:
        if order.kind is Fault.WRONG_RELEASE:
            launch = replace(launch, env={**launch.env, "RELEASE": order.value})
        elif order.kind is Fault.SLOW_START:
            wait = f"{order.amount * time_scale:.3f}"
            launch = replace(launch, command=Command((*_LATER, wait, *launch.command.argv), through_shell=True))
    return launch


def doom(child: Child, orders: Iterable[Order], time_scale: float, say: Callable[[str], None]) -> None:
    """What will happen to a process that runs, and when."""
    for order in orders:
        if order.kind in (Fault.CRASH, Fault.FREEZE):
            asyncio.get_running_loop().call_later(order.amount * time_scale, _strike, child, order.kind, say)


def _strike(child: Child, kind: Fault, say: Callable[[str], None]) -> None:
    if child.has_ended():
        return
    say(f"a fault was ordered: {kind}")
    if kind is Fault.CRASH:
        child.kill()
    else:
        child.freeze()
