"""
Inside a GitHub Actions job: the plain story, with the build's log folded away, annotations, a summary and outputs.

The runner reads workflow commands from both streams, at the start of a line after its blanks, and in their old form
anywhere in a line. So they are stopped for all that we relay, and on only for our own (faults 4.2).
"""

from __future__ import annotations

import base64
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import quote, quote_plus

from deployer.core.events import Ended, Event, Planned, Started
from deployer.core.plan import Plan
from deployer.core.redact import Secret
from deployer.render.markdown import summary
from deployer.render.plain import Plain, plain_text
from deployer.render.story import Story
from deployer.render.stream import local_time
from deployer.render.verdict import ended_line
from deployer.render.words import Kind, Line

SHORTEST_MASK = 4  # shorter ones would blank normal words, and tell their length
STORY_LINES = 300

_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def is_github(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


class Github(Plain):
    """`environ` tells whether this is a job of GitHub's, and where its summary and outputs go."""

    def __init__(
        self,
        stream: TextIO,
        environ: Mapping[str, str],
        story: Story | None = None,
        now: Callable[[], datetime] = local_time,
        make_token: Callable[[], str] = secrets.token_hex,
    ) -> None:
        super().__init__(stream, story, now)
        self._environ = environ
        self._make_token = make_token
        self._token = ""
        self._is_grouped = False
        self._plan: Plan | None = None
        self._story: deque[str] = deque(maxlen=STORY_LINES)

    def add_masks(self, secrets: Iterable[Secret]) -> None:
        """
        Have the runner blank these values, before anything else is printed.

        Anywhere but on GitHub this would print them, so there it does nothing.
        """
        if is_github(self._environ):
            for each in dict.fromkeys(form for secret in secrets for form in _forms(secret.reveal())):
                self._command("add-mask", each)
            self.stream.flush()

    def _finish(self) -> None:
        self._group("")
        self._resume()

    def _show(self, event: Event) -> None:
        super()._show(event)
        match event:
            case Started():
                self._story.clear()
            case Planned():
                self._plan = event.plan
                for each in event.plan.warnings:
                    self._command("warning", each)
            case Ended():
                self._end(event)
        self.stream.flush()

    def _say(self, told: Line, at: datetime) -> None:
        self._group(f"{told.step} log" if told.kind is Kind.BUILD else "")
        self._stop()
        super()._say(told, at)
        if told.kind is not Kind.BUILD:
            self._story.append(plain_text(told, at))
        if told.kind is Kind.WARNING:
            self._command("warning", told.text.removeprefix("warning: "))

    def _end(self, ended: Ended) -> None:
        if not ended.verdict.is_success:
            last = ended_line(ended)
            self._command("error", "\n".join([last.text, *last.more]), title=f"deployer: {ended.verdict.label}")
        outputs = {
            "verdict": ended.verdict.label,
            "release": ended.release or "",
            "exit-status": str(ended.verdict.status),
            "incident": ended.evidence,
        }
        self._append("GITHUB_OUTPUT", "".join(f"{name}={_one_line(value)}\n" for name, value in outputs.items()))
        self._append("GITHUB_STEP_SUMMARY", summary(ended, self._plan, self._story))

    def _append(self, variable: str, text: str) -> None:
        path = self._environ.get(variable)
        if path:
            with suppress(OSError), Path(path).open("a", encoding="utf-8") as file:
                file.write(text)

    def _group(self, title: str) -> None:
        """Fold what comes from here on away, under a title; "" is for all that is not folded."""
        if bool(title) != self._is_grouped:
            self._is_grouped = bool(title)
            self._command(*("group", title) if title else ("endgroup", ""))

    def _command(self, name: str, data: str, **properties: str) -> None:
        self._resume()
        told = ",".join(f"{key}={_escape(value, _PROPERTY)}" for key, value in properties.items())
        self.stream.write(f"::{name}{f' {told}' if told else ''}::{_escape(data, _DATA)}\n")

    def _stop(self) -> None:
        if not self._token:
            self._token = self._make_token()  # a new one each time: what we relay may have seen the last
            self.stream.write(f"::stop-commands::{self._token}\n")

    def _resume(self) -> None:
        if self._token:
            self.stream.write(f"::{self._token}::\n")
            self._token = ""


def _forms(value: str) -> Iterator[str]:
    """
    A secret and its lines, as they are, in base64 and as parts of a URL.

    Of several lines the runner would make a mask each, the short ones too (actions/runner#1521), so they go one by one.
    """
    lines = value.splitlines()
    for piece in dict.fromkeys((value, *lines)):
        if len(piece.strip()) >= SHORTEST_MASK:
            raw = piece.encode()
            yield from () if piece == value and len(lines) > 1 else (piece,)
            yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
            yield from (quote(piece, safe=""), quote_plus(piece))


def _escape(text: str, table: Iterable[tuple[str, str]]) -> str:
    for mark, code in table:
        text = text.replace(mark, code)
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())
