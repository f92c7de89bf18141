"""Who holds the lock, for a person and for a machine."""

from __future__ import annotations

import json
from dataclasses import asdict

from deployer.core.names import AppName
from deployer.engine.ports import LockNote
from deployer.render.words import one_line


def lock_text(app: AppName, holder: LockNote | None) -> str:
    if holder is None:
        return f"nobody holds the lock of {app}"
    head = f"{holder.by} holds the lock of {app}: {holder.what} since {holder.since}, until {holder.expires} at most"
    promote = f"it promotes {holder.promoting} over {holder.over or 'nothing'}" if holder.promoting else ""
    return "\n".join(one_line(each) for each in (head, promote, holder.url) if each)


def lock_json(app: AppName, holder: LockNote | None) -> str:
    return json.dumps({"v": 1, "app": app, "holder": asdict(holder) if holder else None}, indent=2)
