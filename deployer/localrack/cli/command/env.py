"""`env` and its parts; the text format of an environment (convox-facts 2.2, 2.3, 4)."""

from __future__ import annotations

import os

from deployer.localrack.cli import environment
from deployer.localrack.cli.command import releases
from deployer.localrack.cli.context import stdin_chunks, stdin_is_terminal
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.waits import scan_lines
from deployer.localrack.cli.writer import STDOUT, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.localrack.cli.context import Context


def listing(context: Context) -> None:
    """Of the newest release, active or not. Masked values are hidden on a terminal only."""
    env = _current(context)
    context.writer.writef("%s\n", environment.dump_masked(env, environment.masked_keys(context)))


def get(context: Context) -> None:
    env = _current(context)
    name = context.arg(0)
    if name not in env:
        raise CommandError(f"env not found: {name}")
    context.writer.writef("%s\n", env[name])


def set_env(context: Context) -> None:
    """
    Arguments first, lines of stdin after: stdin wins. A release is made even of nothing.

    Stdin is read to its end whenever it is no terminal: an open pipe hangs for ever (convox-facts 8.3).
    """
    if context.flags.is_set("id"):
        context.writer.texts_to_stderr()
    env = {} if context.flags.is_set("replace") else _current(context)
    given = list(context.args)
    if not stdin_is_terminal():
        given += [line.decode("utf-8", "surrogateescape") for line in scan_lines(stdin_chunks())]
    pairs = [line.partition("=") for line in given]
    keys = [key for key, equals, _ in pairs if equals]
    env.update({key: value for key, equals, value in pairs if equals})
    _create(context, "Setting", keys, env)


def unset(context: Context) -> None:
    """An unknown key is no error, and a release is made all the same."""
    if context.flags.is_set("id"):
        context.writer.texts_to_stderr()
    env = _current(context)
    for key in context.args:
        env.pop(key, None)
    _create(context, "Unsetting", context.args, env)


def _create(context: Context, verb: str, keys: list[str], env: Mapping[str, str]) -> None:
    # Sorted with their tags around them, and then taken for a format (`env-set-key-with-percent`).
    tagged = sorted((f"<info>{key}</info>" for key in keys), key=os.fsencode)
    context.writer.start(f"{verb} {', '.join(tagged)}")
    context.rack.system()  # asked for the version, to tell racks that want another call
    options = {"env": environment.dump(env), "parent-release": context.flags.text("release") or None}
    release = text(context.rack.create_release(context.app, options), "id")
    context.writer.ok()
    context.writer.writef("Release: <release>%s</release>\n", release)
    if context.flags.is_set("promote"):
        releases.promote_release(context, release)
    if context.flags.is_set("id"):
        put(STDOUT, release)


def _current(context: Context) -> dict[str, str]:
    chosen = context.flags.text("release")
    release = context.rack.release(context.app, chosen) if chosen else context.rack.newest_release(context.app)
    return environment.load(text(release, "env")) if release else {}
