"""
Finding the command, running it, and how it ends (convox-facts 2.0).

An unknown command, or a flag before the command, prints the list of all
commands and ends with status 0: a trap of the real CLI that callers must meet here too.
"""

from __future__ import annotations

import os
import signal
import sys

from deployer.localrack.cli.errors import TOO_DEEP, CommandError, Exit, Panic
from deployer.localrack.cli.flags import HelpWanted, parse
from deployer.localrack.cli.writer import STDERR, STDOUT, Writer, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployer.localrack.cli.context import Context
    from deployer.localrack.cli.rack import Rack

VERSION = "3.24.9"
PANIC = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]

goroutine 1 [running]:
"""


def main() -> None:
    """
    Run the command line and leave without tidying up: threads may still wait for the rack.

    Signals end the process at once and nothing is sent to the rack (convox-facts 2.0).
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os._exit(run(sys.argv[1:]) & 0xFF)


def run(argv: Sequence[str], rack: Rack | None = None) -> int:
    """The exit status. A rack that is given is the one the command is for."""
    writer = Writer()
    if argv and argv[0] in ("-v", "--version"):
        put(STDOUT, f"{VERSION}\n")
        return 0
    try:
        _execute(argv, writer, rack)
    except CommandError as exc:
        writer.error(str(exc))
        return 1
    except Exit as exc:
        return exc.status
    except RecursionError:
        writer.error(TOO_DEEP)
        return 1
    except Panic:
        put(STDERR, PANIC)
        return 2
    return 0


def _execute(argv: Sequence[str], writer: Writer, rack: Rack | None) -> None:
    from deployer.localrack.cli import commands  # `--version` needs none of it
    from deployer.localrack.cli.context import Context

    words = commands.find(argv)
    if not words:
        return commands.print_list(writer)
    command = commands.COMMANDS.get(words)
    if command is None:
        raise CommandError(f"the stand-in convox does not have the command: {words}")
    try:
        args, flags = parse(argv[len(words.split()) :], command.flags)
    except HelpWanted:
        return commands.print_usage(writer, command)
    command.check(args, flags)
    context = Context(args, flags, writer, rack)
    if command.on_rack:
        _ = context.rack
    _watched(command.handler(), context)
    return context.target.after_success() if command.on_rack else None


def _watched(handler: Callable[[Context], None], context: Context) -> None:
    """Once, or with `--watch N` every N seconds, for the first time after N seconds, until a signal ends it with 0."""
    every = context.flags.text("watch")
    if not every.isdigit() or not int(every):
        return handler(context)
    from deployer.localrack.cli.watch import repeat

    return repeat(handler, context, int(every))
