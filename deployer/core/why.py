"""Find the one sentence that says why in what a failing process wrote last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.core.names import ProcessId
from deployer.core.redact import first_line

# The words of runtimes and frameworks for something that went wrong; a line of them says more than the last line,
# which is often a shutdown notice.
_TELLING = re.compile(
    r"error|exception|fatal|panic|cannot|can't|could not|unable|fail"
    r"|refused|denied|must be|missing|invalid|not found|killed",
    re.IGNORECASE,
)
_FRAME = re.compile(r"\s|Traceback|File \"")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of an app's log; `process` is `None` where the rack does not say whose it is."""

    process: ProcessId | None
    text: str


def why_in(lines: Sequence[LogLine], process: ProcessId | None) -> str:
    """The last telling line of `process`, else its last line, else ""; those of nobody in particular will do."""
    own = [each.text for each in lines if each.process == process and each.text.strip()]
    texts = own or [each.text for each in lines if each.process is None and each.text.strip()]
    plain = [each for each in texts if not _FRAME.match(each)]
    telling = [each for each in plain if _TELLING.search(each)]
    return first_line((telling or plain or [""])[-1])
