"""What is asked of a rack that runs so that something can be practised: faults, and credentials with fewer rights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from deployer.localrack import lifecycle
from deployer.localrack.access import USER, Role, make_token
from deployer.localrack.client import RackSilent
from deployer.localrack.faults import Order
from deployer.localrack.lifecycle import RackFailed, RackInfo
from deployer.localrack.options import RackOptions
from deployer.localrack.ports import LOOPBACK


def order_fault(options: RackOptions, order: Order) -> dict[str, Any]:
    """Let something go wrong from now on; how it stands. Raises RackFailed."""
    with _asking(options) as running:
        standing: dict[str, Any] = running.client().post_json("/_local/faults", asdict(order))
        return standing


def list_faults(options: RackOptions) -> list[dict[str, Any]]:
    """The orders that stand, oldest first. Raises RackFailed."""
    with _asking(options) as running:
        standing: list[dict[str, Any]] = running.client().get("/_local/faults")
        return standing


def clear_faults(options: RackOptions, number: int | None = None) -> None:
    """Take back one order, or all. Raises RackFailed if there is no such one."""
    with _asking(options) as running:
        running.client().delete("/_local/faults" if number is None else f"/_local/faults/{number}")


def access_url(options: RackOptions, role: Role, for_s: float) -> str:
    """A RACK_URL with the rights of that role, for so many seconds from now. Raises RackFailed."""
    with _asking(options) as running:
        token = make_token(running.password, role, time.time() + for_s)
        return f"{running.scheme}://{USER}:{token}@{LOOPBACK}:{running.port}"


@contextmanager
def _asking(options: RackOptions) -> Iterator[RackInfo]:
    running = lifecycle.info(options)
    if running is None:
        raise RackFailed(f"the rack {options.name} is not up", "deployer rack up")
    try:
        yield running
    except RackSilent as exc:
        raise RackFailed(str(exc), "deployer rack status") from exc
