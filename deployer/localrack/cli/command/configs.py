"""`configs`, `config get`, `config set` (convox-facts 2.12)."""

from __future__ import annotations

import base64
from pathlib import Path

from deployer.localrack.cli.command import services
from deployer.localrack.cli.context import read_stdin, stdin_is_terminal
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.table import print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.context import Context


def listing(context: Context) -> None:
    print_table(context.writer, ("CONFIG-ID",), [(text(c, "name"),) for c in context.rack.configs(context.app)])


def get(context: Context) -> None:
    context.writer.writef("%s\n", text(context.rack.config(context.app, context.arg(0)), "value"))


def set_config(context: Context) -> None:
    """With `--value` and stdin not a terminal, stdin is stored whatever the value says."""
    data = _content(context)
    context.rack.set_config(context.app, context.arg(0), base64.b64encode(data).decode())
    context.writer.ok()
    if context.flags.is_set("restart"):
        services.restart_all(context)


def _content(context: Context) -> bytes:
    if context.flags.given("file"):
        return _file(context.flags.text("file"))
    if not context.flags.given("value"):
        raise CommandError("--file or --value flag is required")
    if not stdin_is_terminal():
        return read_stdin()
    return context.flags.text("value").encode("utf-8", "surrogateescape")


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise CommandError(f"failed to read the file: open {name}: {reason}") from exc
