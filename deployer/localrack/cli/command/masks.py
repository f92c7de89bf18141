"""`env mask`: which values a terminal does not show; a list in an app's config (convox-facts 2.4)."""

from __future__ import annotations

import base64
import os
import re

from deployer.localrack.cli import environment
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote
from deployer.localrack.cli.rack import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from deployer.localrack.cli.context import Context

MOST_KEYS = 500
KEYS_ONLY = "use `convox env set KEY=VALUE` to set env values. `convox env mask set` takes key names only"
CONTROL = re.compile("[\x00-\x1f\x7f]")
# What a rack without configs answers, and what one says that has none of this name.
UNSUPPORTED = ("response status 404", "app config not found")


def listing(context: Context) -> None:
    for key in sorted(environment.listed_masks(context), key=os.fsencode):
        context.writer.writef("%s\n", key)


def mask(context: Context) -> None:
    for key in context.args:
        _check(key)
    masked = {*environment.listed_masks(context), *context.args}
    if len(masked) > MOST_KEYS:
        raise CommandError(f"too many masked keys (max {MOST_KEYS}, got {len(masked)})")
    _store(context, "Setting", masked)


def unmask(context: Context) -> None:
    _store(context, "Unsetting", environment.listed_masks(context) - set(context.args))


def _check(key: str) -> None:
    if "=" in key:
        raise CommandError(KEYS_ONLY)
    if not re.fullmatch(r"[^\t\n\f\r =]+", key):
        raise CommandError(f"invalid env key name: {quote(key)} (must not contain whitespace or '=')")
    if CONTROL.search(key):
        raise CommandError(f"invalid env key name: {quote(key)} (must not contain control characters)")


def _store(context: Context, verb: str, masked: Collection[str]) -> None:
    """Read back afterwards: a rack that keeps no configs is a warning on stdout, and status 0."""
    named = sorted({f"<info>{key}</info>" for key in context.args}, key=os.fsencode)
    context.writer.start(f"{verb} masked env keys %s", ", ".join(named))  # an argument, so its tags stay visible
    value = ",".join(sorted(masked, key=os.fsencode))
    if not _is_kept(context, value):
        return context.writer.writef("\nWarning: this rack version may not support env masking\n")
    return context.writer.ok()


def _is_kept(context: Context, value: str) -> bool:
    encoded = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
    try:
        context.rack.set_config(context.app, environment.MASKED_KEYS, encoded)
    except CommandError as exc:
        if any(words in str(exc).lower() for words in UNSUPPORTED):
            return False
        raise
    try:
        kept = context.rack.config(context.app, environment.MASKED_KEYS)
    except CommandError:
        return False
    return text(kept, "value").strip() == value
