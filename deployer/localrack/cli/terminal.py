"""A person's terminal, while a remote command has it."""

from __future__ import annotations

from contextlib import contextmanager

from deployer.localrack.cli.context import STDIN, stdin_is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.localrack.cli.writer import Writer


@contextmanager
def raw_terminal(writer: Writer) -> Iterator[None]:
    """Keys are passed on unread; nothing happens when stdin is no terminal."""
    if not stdin_is_terminal():
        yield
        return
    import termios  # not on every platform, and for people only
    import tty

    before = termios.tcgetattr(STDIN)
    tty.setraw(STDIN)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        writer.writef("\r")
