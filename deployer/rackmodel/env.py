"""The env text of a release, and what a process finds in its environment (convox-facts 3.7, 4)."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.rackmodel import refusals

MAX_LINE_BYTES = 65_535


def parse(text: str) -> dict[str, str]:
    """Read `KEY=value` lines: the value verbatim, the key trimmed; lines without `=` or key are dropped.

    Raises Refused (500) if a line is 64 KiB or longer.
    """
    env: dict[str, str] = {}
    for line in text.split("\n"):
        if len(line.encode()) > MAX_LINE_BYTES:
            raise refusals.env_line_too_long()
        key, equals, value = line.removesuffix("\r").partition("=")
        if equals and key.strip():
            env[key.strip()] = value
    return env


def render(env: Mapping[str, str]) -> str:
    """The text the CLI stores: sorted, unquoted, no newline at the end."""
    return "\n".join(f"{key}={value}" for key, value in sorted(env.items()))


def describe_change(before: str, after: str) -> str:
    """`env add:A change:B remove:C`, key names only; empty when nothing changed (3.1).

    ASSUMPTION: several keys repeat their word (`add:A add:B`), in the order add, change, remove.
    """
    old, new = parse(before), parse(after)
    words = [f"add:{key}" for key in sorted(new.keys() - old.keys())]
    words += [f"change:{key}" for key in sorted(new.keys() & old.keys()) if new[key] != old[key]]
    words += [f"remove:{key}" for key in sorted(old.keys() - new.keys())]
    return " ".join(["env", *words]) if words else ""


def legal_in_secret(key: str) -> bool:
    """A Kubernetes Secret takes letters, digits and `-._`; anything else fails the apply (3.7)."""
    return all(char.isascii() and (char.isalnum() or char in "-._") for char in key)


def survives_template(key: str) -> bool:
    """A key that starts with `#` becomes a YAML comment on the way and vanishes (3.7)."""
    return not key.startswith("#")
