"""
`deployer`, struck at one line of its journal: `python -m tests.crash.struck ship …`, with STRIKE in its environment.

The product has no switch for this: here the real one is composed around a journal that strikes. A line is named as
`lines.name_of` has it, and counted: `intended env set#1`.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections import Counter

from deployer.bootstrap import wiring
from deployer.cli.app import main
from deployer.ledger.journal import Journal
from tests.crash.lines import Blow, name_of

BLOW, _, AT = os.environ.pop("STRIKE").partition(" at ")
seen: Counter[str] = Counter()


class StruckJournal(Journal):
    """The journal itself, but for one line; of a full disk, for all that come after as well."""

    _is_full = False

    def _append(self, line: bytes) -> None:
        if self._is_full:
            self._have_no_room()
        name = name_of(json.loads(line))
        seen[name] += 1
        if f"{name}#{seen[name]}" != AT:
            super()._append(line)
            return
        match Blow(BLOW):
            case Blow.KILL_BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)
            case Blow.KILL_AFTER:
                super()._append(line)
                os.kill(os.getpid(), signal.SIGKILL)
            case Blow.TORN:
                super()._append(line[: len(line) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            case Blow.TERM:
                super()._append(line)
                os.kill(os.getpid(), signal.SIGTERM)
            case Blow.FULL | Blow.FULL_FOR_GOOD:
                self._is_full = True
                self._have_no_room()
                super()._append(line)

    def _have_no_room(self) -> None:
        """A full disk has room again once the reserve is given up; one that is full for good has not."""
        if self._reserve is not None or BLOW == Blow.FULL_FOR_GOOD:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


if __name__ == "__main__":
    setattr(wiring, "Journal", StruckJournal)  # noqa: B010 - a process of its own, and the one seam there is
    main()
