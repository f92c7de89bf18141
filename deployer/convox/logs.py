"""The lines of `convox logs`, as far as they say whose they are (convox-facts 2.9: shapes vary by provider)."""

from __future__ import annotations

import re

from deployer.core.names import ProcessId
from deployer.core.why import LogLine

_SHAPES = (
    re.compile(r"(?P<at>\S+Z) (?P<source>\w+/[^ /]+/(?P<process>\S+)) (?P<text>.*)"),
    re.compile(r"\[pod/(?P<process>[^/\]]+)/[^\]]*\] (?:\S+Z )?(?P<text>.*)"),
    re.compile(r"(?P<at>\S+Z) (?P<source>\S+) (?P<text>.*)"),
)


def log_lines(text: str) -> tuple[LogLine, ...]:
    """Every line, with its process where the shape is known; the text of others stands as it is."""
    return tuple(_line(each) for each in text.splitlines() if each.strip())


def _line(text: str) -> LogLine:
    for shape in _SHAPES:
        if found := shape.fullmatch(text):
            process = found.groupdict().get("process")
            return LogLine(ProcessId(process) if process else None, found["text"])
    return LogLine(None, text)
