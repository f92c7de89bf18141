"""
The board on a terminal, under the story.

Lines of the story are printed above the board as they come, so whatever ends the run, the plain story is what stays.
How far a service is, the board shows; the story keeps only the last such line before something else is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from textwrap import wrap
from typing import IO, TextIO, cast

from rich.console import Console
from rich.live import Live as RichLive
from rich.text import Text

from deployer.core.events import BuildLine, CommandLine, Ended, Event, Intended, Looked
from deployer.render.board import Board
from deployer.render.plain import INDENT, plain_text
from deployer.render.scene import Scene
from deployer.render.story import Story
from deployer.render.stream import QuietStream, Renderer, local_time
from deployer.render.words import Kind, Line

TIME_WIDTH = 8
REFRESHES_PER_S = 4.0
_COMMAND = re.compile(r"\b(?:next|undo|try|or): ")

_STYLES = {Kind.WARNING: "yellow", Kind.GOOD: "bold green", Kind.BAD: "bold red", Kind.BUILD: "dim"}


def console_on(stream: TextIO, environ: Mapping[str, str]) -> Console:
    """A console that never fails a run, honours NO_COLOR, and takes no text for markup."""
    return Console(
        file=cast(IO[str], QuietStream(stream)),
        highlight=False,
        markup=False,
        emoji=False,
        no_color=bool(environ.get("NO_COLOR")),
    )


class Live(Renderer):
    def __init__(self, console: Console, story: Story | None = None, now: Callable[[], datetime] = local_time) -> None:
        super().__init__(cast(TextIO, console.file))
        self._console = console
        self._story = story or Story(shows_build=False)
        self._now = now
        self._scene = Scene()
        self._live: RichLive | None = None
        self._held: tuple[Line, datetime] | None = None

    def _finish(self) -> None:
        self._stop()

    def _show(self, event: Event) -> None:
        at = self._now()
        self._scene = self._scene.after(event, at)
        self._start_or_stop(event)
        for each in self._story.tell(event, at):
            self._say(each, at)
        if self._live:
            self._live.refresh()

    def _start_or_stop(self, event: Event) -> None:
        """The board comes with the first write after the plan, so that a question can be asked between the two."""
        if isinstance(event, Ended):
            self._stop()
        elif self._live is None and _is_at_work(event, self._scene):
            self._live = RichLive(
                console=self._console,
                get_renderable=lambda: Board(self._scene, self._now()),
                refresh_per_second=REFRESHES_PER_S,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _stop(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            with suppress(Exception):  # it draws once more; if it cannot, the verdict's line must still come
                live.stop()

    def _say(self, told: Line, at: datetime) -> None:
        if self._live and told.kind is Kind.HEARTBEAT:
            return  # the board is alive as it is
        if self._live and told.kind is Kind.PROGRESS:
            self._held = (told, at)
            return
        if self._held:
            self._print(*self._held)
            self._held = None
        self._print(told, at)

    def _print(self, told: Line, at: datetime) -> None:
        text = Text("\n".join(_folded(each, self._console.width) for each in plain_text(told, at).split("\n")))
        style = _STYLES.get(told.kind, "")
        if told.kind in (Kind.ERROR, Kind.BUILD):
            text.stylize(style)
        else:
            text.stylize("dim", 0, TIME_WIDTH)
            text.stylize(style or "bold", TIME_WIDTH, TIME_WIDTH + 2 + len(told.step))
        self._console.print(text, soft_wrap=True)


def _is_at_work(event: Event, scene: Scene) -> bool:
    return isinstance(event, Looked) or (bool(scene.steps) and isinstance(event, Intended | BuildLine | CommandLine))


def _folded(text: str, width: int) -> str:
    """
    One line of the story in a window: what is too long goes on under its own words.

    Addresses stay whole, and so does a line with a command, which is there to be copied.
    """
    if width < 2 * len(INDENT) or len(text) < width or _COMMAND.search(text):
        return text
    return "\n".join(wrap(text, width - 1, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False))
