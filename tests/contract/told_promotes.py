"""
What a rack did during a promote, read off the output that the watching CLI printed.

The rack's log lines carry the second they were written in. The CLI looks at the
processes every 3 s and prints those that changed: lines in which no process
occurs twice are what one look showed.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

Json = dict[str, Any]

LOG = re.compile(r"^(\S+Z) system/\S+ (.*)$")
PROCESS = re.compile(r"^  (\S+) +(\S+) +(\S+)$")
FIRST_LINE_S = 0.3  # after the promote was accepted
LOOKS_EVERY_S = 3


def told_promote(output: str) -> Json:
    """A scenario under which the same output is printed again; empty when nothing was promoted."""
    if "Promoting " not in output:
        return {}
    story = _Story()
    for line in output.splitlines():
        if found := LOG.match(line):
            story.add_log(line, datetime.fromisoformat(found[1]), found[2])
        elif seen := PROCESS.match(line):
            story.add_process([seen[1], seen[2], seen[3]])
    return {
        "promote_seconds": 0.04,
        "promote_log_lines": story.lines,
        "promote_timeline": story.timeline,
        "promote_processes": [[at_s, list(rows.values())] for at_s, rows in story.looks],
    }


class _Story:
    def __init__(self) -> None:
        self.lines: list[list[Any]] = []
        self.timeline: list[list[Any]] = [[0, "updating", "NEW"]]
        self.looks: list[tuple[float, dict[str, list[str]]]] = [(0.0, {})]
        self.first: datetime | None = None
        self.now_s = 0.0
        self.named: set[str] = set()  # in the look that is being told

    def add_log(self, line: str, written: datetime, words: str) -> None:
        self.first = self.first or written
        moment_s = max(FIRST_LINE_S, (written - self.first).total_seconds())
        self.lines.append([moment_s - self.now_s, f"{line}\n"])
        self.now_s = moment_s
        self.named = set()
        if words.endswith("=> Running"):
            self.timeline.append([moment_s, "running", "NEW"])
        if words.endswith("=> Cancelled"):
            self.timeline.append([moment_s, "rollback", "OLD"])

    def add_process(self, row: list[str]) -> None:
        latest_s, latest = self.looks[-1]
        if not self.named or row[0] in self.named:
            is_new = row[0] not in latest  # a new process takes the place of those that were there
            at_s = latest_s + LOOKS_EVERY_S if self.named else max(self.now_s, latest_s)
            self.looks.append((at_s, {} if is_new else dict(latest)))
            self.named = set()
        self.looks[-1][1][row[0]] = row
        self.named.add(row[0])
