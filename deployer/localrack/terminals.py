"""A terminal of its own for a command that a person is at: echo, a prompt, Ctrl-C (convox-facts 5.4, `Tty`)."""

from __future__ import annotations

import os
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import IO

END_OF_INPUT = b"\x04"
"""What a terminal is typed where a pipe is closed."""

# The first process of a session that opens a terminal has it for its own, and then Ctrl-C is a signal.
_TAKE = ("/bin/sh", "-c", 'exec "$@" <>"$0" >&0 2>&0')


class Terminal:
    """Both ends of what a person types and sees."""

    def __init__(self, rows: int, columns: int) -> None:
        ours, self._theirs = os.openpty()
        termios.tcsetwinsize(ours, (rows, columns))
        self.output: IO[bytes] = os.fdopen(ours, "rb", buffering=0)
        self.input: IO[bytes] = os.fdopen(os.dup(ours), "wb", buffering=0)

    def start(self, argv: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a command at it, in a session of its own. Raises OSError."""
        try:
            return subprocess.Popen(
                (*_TAKE, os.ttyname(self._theirs), *argv),
                cwd=cwd,
                # as a container's runtime sets it
                env={"TERM": "xterm", **env},
                stdin=self._theirs,
                stdout=self._theirs,
                stderr=self._theirs,
                start_new_session=True,
            )
        except OSError:
            self.output.close()
            self.input.close()
            raise
        finally:
            os.close(self._theirs)
