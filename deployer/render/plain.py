"""One line per change, with the time: for pipes, logs and people who like it so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from deployer.core.events import Event
from deployer.render.story import Story
from deployer.render.stream import Renderer, local_time
from deployer.render.words import Kind, Line

INDENT = " " * 20


def plain_text(told: Line, at: datetime) -> str:
    """A line as it stands in a log, with the lines that continue it; no newline at its end."""
    match told.kind:
        case Kind.ERROR:
            return told.text
        case Kind.BUILD:
            return f"{INDENT}| {told.text}".rstrip()
        case _:
            # steps are up to 7 letters long, so that words stand under each other; a longer verdict pushes its own
            head = f"{at:%H:%M:%S}  {told.step:<7}   {told.text}".rstrip()
            return "\n".join([head, *(f"{INDENT}{each}".rstrip() for each in told.more)])


class Plain(Renderer):
    def __init__(self, stream: TextIO, story: Story | None = None, now: Callable[[], datetime] = local_time) -> None:
        super().__init__(stream)
        self.story = story or Story()
        self.now = now

    def _show(self, event: Event) -> None:
        at = self.now()
        for each in self.story.tell(event, at):
            self._say(each, at)
        self.stream.flush()

    def _say(self, told: Line, at: datetime) -> None:
        self.stream.write(plain_text(told, at) + "\n")
