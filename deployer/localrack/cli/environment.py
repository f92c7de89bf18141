"""The text of an environment: `KEY=value` lines, sorted, without quoting (convox-facts 4)."""

from __future__ import annotations

import os

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.waits import LONGEST_LINE, scan_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.localrack.cli.context import Context

MASKED_KEYS = "cli-env-mask"
MASK = "****"


def load(stored: str) -> dict[str, str]:
    """Raises CommandError at a line of 64 KiB, on every env command until the env is replaced."""
    data = stored.encode("utf-8", "surrogateescape")
    if any(len(line) > LONGEST_LINE for line in data.split(b"\n")):
        raise CommandError("bufio.Scanner: token too long")
    env: dict[str, str] = {}
    for line in scan_lines([data]):
        key, equals, value = line.decode("utf-8", "surrogateescape").partition("=")
        if equals and key.strip():
            env[key.strip()] = value
    return env


def dump(env: Mapping[str, str]) -> str:
    return "\n".join(sorted((f"{key}={value}" for key, value in env.items()), key=os.fsencode))


def masked_keys(context: Context) -> frozenset[str]:
    """Keys whose values are not for this terminal; off a terminal, or with `--reveal`, none are (convox-facts 2.4)."""
    if context.flags.is_set("reveal") or not os.isatty(context.writer.out):
        return frozenset()
    return listed_masks(context)


def listed_masks(context: Context) -> frozenset[str]:
    """The keys that are to be masked; none when the rack cannot tell."""
    try:
        listed = text(context.rack.config(context.app, MASKED_KEYS), "value")
    except CommandError:
        return frozenset()
    return frozenset(key.strip() for key in listed.split(",") if key.strip())


def dump_masked(env: Mapping[str, str], masked: frozenset[str]) -> str:
    return dump({key: MASK if key in masked else value for key, value in env.items()})
