"""The settings directory and the per-checkout `.convox` files (convox-facts 1.1, 1.2)."""

from __future__ import annotations

import os
from pathlib import Path

from deployer.localrack.cli.godecode import decode


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
    return read_object(name).get(key, "")


def read_object(name: str) -> dict[str, str]:
    """Raises CommandError when the setting is no JSON object of texts."""
    content = (read(name) or "{}").encode("utf-8", "surrogateescape")
    values: dict[str, str] | None = decode("map[string]string", content)
    return values or {}


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
