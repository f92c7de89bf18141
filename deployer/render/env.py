"""The env of an app by its names, for a person and for a machine. No value ever gets here."""

from __future__ import annotations

import json
from dataclasses import asdict

from deployer.engine.env import EnvChange, EnvSeen
from deployer.render.words import count


def env_text(seen: EnvSeen) -> str:
    """A key a line; what the next promote would change is marked."""
    marks = {**dict.fromkeys(seen.staged.added, "+"), **dict.fromkeys(seen.staged.changed, "~")}
    lines = [f"{marks.get(key, ' ')} {key}" for key in seen.keys]
    lines += [f"- {key}" for key in seen.staged.removed]
    staged = f", {count(len(seen.staged.keys), 'key')} of it not promoted" if seen.staged else ""
    return "\n".join([f"env of {seen.newest or 'no release'}{staged}", *lines])


def env_json(seen: EnvSeen) -> str:
    return json.dumps({"v": 1, **asdict(seen)}, indent=2)


def change_text(change: EnvChange) -> str:
    if not change.changes:
        return f"nothing to change ({count(change.changes.unchanged, 'key')})"
    text = f"{change.changes}  ({change.changes.unchanged} unchanged)"
    return f"{text}\nand in it, by somebody else meanwhile: {change.others}" if change.others else text


def change_json(change: EnvChange) -> str:
    return json.dumps({"v": 1, **asdict(change)}, indent=2)
