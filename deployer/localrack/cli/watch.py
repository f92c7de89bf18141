"""`--watch`: the only place where the CLI handles signals (`ps-watch-sigint`)."""

from __future__ import annotations

import os
import signal
import subprocess

from deployer.localrack.cli.errors import CommandError, Exit
from deployer.localrack.cli.ticker import Ticker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from deployer.localrack.cli.context import Context


def repeat(handler: Callable[[Context], None], context: Context, every_s: int) -> None:
    """Never returns: SIGINT and SIGTERM end the process with status 0."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _leave)
    ticker = Ticker(every_s)
    while True:
        ticker.wait()
        _clear_screen()
        context.writer.writef("Every %ds:\n\n", every_s)
        try:
            handler(context)
        except CommandError as exc:
            context.writer.error(str(exc))
        except Exit:
            continue


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(0)


def _clear_screen() -> None:
    try:
        subprocess.run(["clear"], stderr=subprocess.DEVNULL, check=False)  # noqa: S607
    except OSError:
        return
