"""What a command is given to work with."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from deployer.localrack.cli import settings, targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.localrack.cli.flags import Flags
    from deployer.localrack.cli.rack import Rack
    from deployer.localrack.cli.targets import Target
    from deployer.localrack.cli.writer import Writer

STDIN = 0


class Context:
    """Arguments, flags, the output and the rack of one command."""

    def __init__(self, args: list[str], flags: Flags, writer: Writer, rack: Rack | None = None) -> None:
        self.args = args
        self.flags = flags
        self.writer = writer
        self._target: Target | None = None
        self._rack = rack

    @property
    def target(self) -> Target:
        """Found out when first asked for; a console is asked for its racks then."""
        if self._target is None:
            self._target = targets.current(self.flags)
        return self._target

    @property
    def rack(self) -> Rack:
        if self._rack is None:
            self._rack = self.target.chosen()
        return self._rack

    @property
    def app(self) -> str:
        """`--app`, else `.convox/app`, else the name of the current directory (convox-facts 1.2)."""
        return self.flags.text("app") or settings.read_local("app") or Path.cwd().name

    @property
    def named_app(self) -> str:
        """For the commands that take the app as an argument, which wins over `--app`."""
        return self.arg(0) or self.app

    def arg(self, index: int) -> str:
        return self.args[index] if index < len(self.args) else ""


def stdin_is_terminal() -> bool:
    try:
        return os.isatty(STDIN)
    except OSError:
        return False


def read_stdin() -> bytes:
    """All of it; nothing when it is closed."""
    return b"".join(stdin_chunks())


def stdin_chunks(size: int = 65536) -> Iterator[bytes]:
    """What is sent, as it comes, until the end."""
    with suppress(OSError):
        while data := os.read(STDIN, size):
            yield data
