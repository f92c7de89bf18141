"""
.dockerignore as Docker reads it: `*`, `?`, `[…]`, `**`, `!`, the last match wins.

A pattern that matches a folder matches all that is in it. An excluded folder is
still searched when some `!` pattern begins with its path, as written.
"""

from __future__ import annotations

import posixpath
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ESCAPED = frozenset(".$+(){}|^")


class Ignore:
    """The patterns of one file."""

    def __init__(self, text: str) -> None:
        self.patterns = [_Pattern(line) for line in _lines(text)]

    def matches(self, path: str) -> bool:
        """Whether the path (relative, `/` between its parts) is left out."""
        parts = path.split("/")
        paths = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        ignored = False
        for pattern in self.patterns:
            if pattern.is_exception == ignored and any(pattern.matches(part) for part in paths):
                ignored = not pattern.is_exception
        return ignored

    def can_skip(self, folder: str) -> bool:
        """Whether nothing below an ignored folder can be asked back by a `!` pattern."""
        prefix = f"{folder}/"
        return not any(p.is_exception and f"{p.text}/".startswith(prefix) for p in self.patterns)


class _Pattern:
    def __init__(self, line: str) -> None:
        self.is_exception = line.startswith("!")
        self.text = _clean(line.removeprefix("!").strip())
        self.matches = _matcher(self.text)


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Raises nothing: a pattern that is no valid expression matches only its own text."""
    try:
        compiled = re.compile(_expression(pattern))
    except re.error:
        return lambda path: path == pattern
    return lambda path: bool(compiled.match(path))


def _expression(pattern: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            parts.append(".*" if at >= len(pattern) else "(.*/)?" if pattern[at - 1] == "/" else ".*")
        elif char == "\\" and at < len(pattern):
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char) or (re.escape(char) if char in ESCAPED else char))
    return f"^{''.join(parts)}$"


def _lines(text: str) -> list[str]:
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if not line.startswith("#")]
    return [line.strip() for line in lines if line.strip() not in ("", "!")]


def _clean(pattern: str) -> str:
    cleaned = posixpath.normpath(pattern) if pattern else ""
    return cleaned.lstrip("/") if len(cleaned) > 1 else cleaned
