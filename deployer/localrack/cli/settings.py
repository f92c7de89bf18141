"""The settings directory and the per-checkout `.convox` files (convox-facts 1.1, 1.2)."""

from __future__ import annotations

import os
from pathlib import Path

from deployer.localrack.cli import gojson


def directory() -> Path:
    """`CONVOX_CONFIG`, else the user's configuration directory."""
    given = os.environ.get("CONVOX_CONFIG")
    return Path(given) if given else Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "convox"


def read(name: str) -> str:
    """A setting, without white space around it; empty when there is none."""
    return _read(directory() / name)


def read_local(name: str) -> str:
    """A setting of the current directory only: its parents are not searched."""
    return _read(Path(".convox", name))


def read_key(name: str, key: str) -> str:
    """One value of a setting that is a JSON object."""
    values = read_object(name)
    found = values.get(key)
    return found if isinstance(found, str) else ""


def read_object(name: str) -> dict[str, object]:
    """Raises CommandError when the setting is no JSON object."""
    values: dict[str, object] = gojson.of_kind(gojson.loads((read(name) or "{}").encode()), dict, "map[string]string")
    return values


def write(name: str, value: str) -> None:
    """Readable by the user alone."""
    target = directory() / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(value)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""
