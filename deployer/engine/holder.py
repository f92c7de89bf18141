"""The lock of an app in the hands of people: looked at, held while they are at work, taken from a run that is dead."""

from __future__ import annotations

from collections.abc import Callable

from deployer.core.errors import Busy, Problem, Refused
from deployer.core.summary import LOCK
from deployer.engine.identity import meet_rack
from deployer.engine.observe import read_app
from deployer.engine.ports import LockNote, Ports
from deployer.engine.write import write


def look_at_lock(ports: Ports) -> LockNote | None:
    """Whoever holds it. Raises Refused where it is another rack than was asked for, or there is no such app."""
    meet_rack(ports)
    read_app(ports)
    return ports.ledger.holder()


def hold_lock(note: LockNote, ports: Ports) -> LockNote:
    """
    Keep ships away for a while; `note` says who, why and until when. What stands on the rack then.

    Raises Busy where somebody else holds it, Refused where it could not be taken. A rollback is not kept away.
    """
    if holder := look_at_lock(ports):
        text = f"{holder.by} holds the lock of {ports.app} ({holder.what} since {holder.since})"
        raise Busy(text, hint=ports.command("lock", "status"))
    write(ports, LOCK, lambda: ports.ledger.take_lock(note))
    held = ports.ledger.holder()
    if held is None or held.ship != note.ship:
        why = ports.ledger.trouble or "somebody else took it at the same time"
        raise Refused((Problem(f"the lock was not taken: {why}", hint=ports.command("lock", "status")),))
    return held


def release_lock(confirm: Callable[[LockNote], bool], ports: Ports) -> LockNote | None:
    """
    Take the lock from whoever holds it, who is returned; `None` where nobody did.

    The lock is advisory: a run that is still at work goes on, and looks at the app before each write (faults 3.8).
    Raises Refused where it was not confirmed, or is still held.
    """
    holder = look_at_lock(ports)
    if holder is None:
        return None
    if not confirm(holder):
        raise Refused((Problem("not confirmed", hint="say yes, or --yes"),))
    write(ports, LOCK, lambda: ports.ledger.release_lock(holder.ship))
    left = ports.ledger.holder()
    if left is not None:
        why = ports.ledger.trouble or f"{left.by} holds it now"
        raise Refused((Problem(f"the lock was not released: {why}", hint=ports.command("lock", "status")),))
    return holder
