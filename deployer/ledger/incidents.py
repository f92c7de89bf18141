"""
Reports of runs that went wrong, a file for each, on this machine.

Not in the checkout: what lies there is uploaded with the next build (faults C15).
"""

from __future__ import annotations

import os
from pathlib import Path

from deployer.core.names import AppName, RackName, ShipId
from deployer.ledger.places import parts_of, private_folder

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def keep_incident(root: Path, rack: RackName, app: AppName, ship: ShipId, text: str) -> Path:
    """`root/incidents/RACK/APP/SHIP.md`, for us alone. Raises OSError, and Refused for names that lead elsewhere."""
    parts = ("incidents", *parts_of(rack, app))
    name = f"{ship}.md"
    with private_folder(root, *parts) as folder, os.fdopen(os.open(name, _NEW, 0o600, dir_fd=folder), "wb") as file:
        file.write(text.encode(errors="replace"))
    return root.joinpath(*parts, name)
