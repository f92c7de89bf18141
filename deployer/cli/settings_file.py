"""
What a checkout says of its own ship: `deployer.toml`, or `[tool.deployer]` in pyproject.toml.

It is code of somebody's, so it does not choose what runs on this machine or whom it trusts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Set
from pathlib import Path
from typing import Any

from deployer.core.errors import Usage

OWN_FILE, SHARED_FILE = Path("deployer.toml"), Path("pyproject.toml")


def settings_in_file(known: Set[str]) -> dict[str, Any]:
    """
    The settings in the current folder's file, by their names with underscores; none where there is no file.

    Raises Usage for a file that cannot be read, and for keys that are not `known`.
    """
    path, table = _table()
    if not isinstance(table, dict):
        raise Usage(f"{path} has something else than settings for deployer")
    said = {key.replace("-", "_"): value for key, value in table.items()}
    unknown = sorted(said.keys() - known)
    if unknown:
        raise Usage(f"{path} may not say {', '.join(unknown)}", hint=f"it may say {', '.join(sorted(known))}")
    return said


def _table() -> tuple[Path, Any]:
    if OWN_FILE.exists():
        return OWN_FILE, _read(OWN_FILE)
    shared = _read(SHARED_FILE) if SHARED_FILE.exists() else {}
    return SHARED_FILE, shared.get("tool", {}).get("deployer", {})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # what stands in the file is not shown: somebody may have put a secret there
        raise Usage(f"{path} cannot be read: {type(error).__name__}") from None
