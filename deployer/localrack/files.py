"""Private files, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, document: Any) -> None:
    """Replace a file, readable by its owner only; after it returns a crash leaves the new text, before it the old."""
    scratch = path.with_name(f"{path.name}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        # in one piece: json.dump writes each bracket by itself, ten times slower
        file.write(json.dumps(document, separators=(",", ":")))
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def read_json(path: Path) -> Any:
    """The document, or None if there is no such file. Raises ValueError, naming the file, if it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as exc:
        raise ValueError(f"{path} is damaged: {exc}") from exc


def read_notes(path: Path) -> dict[str, Any]:
    """What was noted in a file that can be made anew: nothing if it is not there, or damaged."""
    try:
        found = read_json(path)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
