"""
The live board: what a tired person reads in a second. It folds to the window it is given: fewer columns when narrow,
fewer rows when short, and with many processes counts and only those that are not well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from deployer.core.events import Looked, ProcessSeen
from deployer.core.models import ProofMode
from deployer.core.proof import Progress
from deployer.core.redact import scrub
from deployer.render.scene import Mark, Scene, Step
from deployer.render.words import duration

# Columns and lines at which the board folds.
WIDEST, NARROW = 96, 60
TALL, SHORT = 12, 7
NAME_AT_MOST = 16
BAR = 16
ROWS_AT_MOST = 12
BLIND_S = 10.0

_MARKS = {Mark.TODO: ("○", "dim"), Mark.DOING: ("●", "bold cyan"), Mark.DONE: ("✓", "green"), Mark.FAILED: ("✗", "red")}
_STATUS = {"running": "green", "starting": "yellow", "pending": "yellow", "unhealthy": "red", "crashed": "bold red"}
_COMING = frozenset({"starting", "pending"})
_COLUMNS = ((0, 1, 2, 3, 4), (0, 1, 2, 3), (0, 1, 2), (0, 2))


@dataclass(frozen=True, slots=True)
class Board:
    scene: Scene
    now: datetime

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for each in self.lines(options.max_width, console.size.height):
            each.no_wrap, each.overflow = True, "ellipsis"
            yield each

    def lines(self, width: int, height: int) -> list[Text]:
        """The board for a window of this size: one line less than its height, so that it never scrolls."""
        air = [Text()] if height >= TALL else []
        head = [*air, *self._header(width, height), *self._steps(width)]
        body = self._body(width, height - 1 - len(head))
        return [*head, *body][: max(1, height - 1)]

    def _header(self, width: int, height: int) -> list[Text]:
        scene = self.scene
        arrow = "←" if scene.goes_back else "→"
        left = " " + " · ".join(_clean(each) for each in (scene.app, scene.rack) if each)
        middle = _clean(f"{scene.old or 'nothing'} {arrow} {scene.new or '…'}")
        right = _clock((self.now - scene.began).total_seconds() if scene.began else 0.0)
        room = min(width, WIDEST) - 1
        if cell_len(left + middle + right) + 8 <= room:
            gap = (room - cell_len(left + middle + right)) // 2
            right = right.rjust(room - cell_len(left + middle) - gap)
            return [Text.assemble((left, "bold"), f"{' ' * gap}{middle}", right)]
        lower = f" {middle}{right.rjust(max(6, room - cell_len(middle) - 1))}"
        return [Text(lower)] if height < SHORT else [Text(left, "bold"), Text(lower)]

    def _steps(self, width: int) -> list[Text]:
        steps = self.scene.steps
        full = [self._step(each, is_long=True) for each in steps]
        folded = [self._step(each, is_long=each.mark not in (Mark.DONE, Mark.TODO)) for each in steps]
        row = Text("   ").join(full)
        if row.cell_len >= width - 1:
            row = Text(" ").join(folded)
        return [Text(" ").append_text(row)] if steps else []

    def _step(self, step: Step, *, is_long: bool) -> Text:
        mark, style = _MARKS[step.mark]
        seconds = step.seconds(self.now)
        time = duration(seconds) if seconds >= 1 else ""
        if step.note and step.mark is not Mark.DONE:
            time = f"{time} of {step.note}" if time else step.note
        return Text(f"{mark} {_clean(step.name)} {time}".rstrip() if is_long else mark, style)

    def _body(self, width: int, room: int) -> list[Text]:
        look, active = self.scene.look, self.scene.active
        if look is not None:
            full = [Text(), *self._watched(look, width, room - 2), self._rack(look)]
            return full if room > 2 else [*self._watched(look, width, 1), self._rack(look)]
        if active and active.name in ("build", "command") and room > 1:
            return [Text(), *(Text(f" {each}", "dim") for each in self.scene.build[1 - room :])]
        return []

    def _watched(self, look: Looked, width: int, room: int) -> list[Text]:
        """Each service with its bar and, as far as there is room, its processes; what is not proven comes first."""
        services = sorted(look.progress, key=lambda each: each.is_proven)
        if len(services) > max(1, room):
            services, left = services[: max(1, room - 1)], len(services) - max(1, room - 1)
            return [*self._services(services, look, [], width), Text(f" and {left} more services", "dim")][:room]
        names = {each.service for each in services}
        rows = [each for each in look.processes if each.service in names]
        shown, note = _worth_showing(rows, room - len(services))
        return [*self._services(services, look, shown, width), *([Text(f" {note}", "dim")] if note else [])]

    def _services(
        self, services: Sequence[Progress], look: Looked, shown: Sequence[ProcessSeen], width: int
    ) -> Iterator[Text]:
        names = min(NAME_AT_MOST, max((cell_len(_clean(each.service)) for each in services), default=0))
        indent = names + 4 if width >= NARROW else 2
        table = _rows([self._cells(each, look) for each in shown], width, indent)
        for each in services:
            yield _service(each, "new" if look.step == "watch" else "running", names, width)
            yield from (row for row, process in zip(table, shown, strict=True) if process.service == each.service)

    def _cells(self, seen: ProcessSeen, look: Looked) -> tuple[str, ...]:
        is_back = look.step == "back"  # then the release that is watched is the old one
        answered, took = "–", ""
        if seen.answered_s_ago is not None:
            answered = f"answered {seen.answered_s_ago + self._age_s:.1f} s ago"
            took = f"{seen.answer_ms:.0f} ms" if seen.answer_ms is not None else ""
        return (_clean(seen.id), "new" if seen.is_new is not is_back else "old", _clean(seen.status), answered, took)

    def _rack(self, look: Looked) -> Text:
        missing = [each.missing for each in look.progress if each.missing]
        notes = [f"last seen {self._age_s:.0f} s ago"] if self._age_s >= BLIND_S else []
        notes += list(look.trouble) or missing
        text = Text.assemble((" rack   ", "bold"), _clean(look.rack))
        return text.append("".join(f" · {_clean(each)}" for each in notes), "yellow" if look.trouble else "dim")

    @property
    def _age_s(self) -> float:
        return (self.now - self.scene.looked_at).total_seconds() if self.scene.looked_at else 0.0


def _worth_showing(rows: Sequence[ProcessSeen], room: int) -> tuple[list[ProcessSeen], str]:
    """All processes if they fit; else those that are not well, and how many there are of the rest."""
    most = min(room, ROWS_AT_MOST)
    if len(rows) <= most:
        return list(rows), ""
    if most < 1:
        return [], ""
    coming = [each for each in rows if each.status in _COMING]
    down = [each for each in rows if each.status not in _COMING and each.status != "running"]
    unwell = [*down, *coming]
    shown = (unwell if len(unwell) < most else down)[: most - 1]
    rest = Counter(_clean(each.status) for each in rows if each not in shown)
    return shown, "and " + ", ".join(f"{number} {status}" for status, number in rest.most_common())


def _service(seen: Progress, word: str, names: int, width: int) -> Text:
    is_asked = seen.mode is not ProofMode.PS
    words = f"{seen.running} of {seen.needed} {word}" + (
        f"    proven {seen.proven} of {seen.needed}" if is_asked else ""
    )
    if width < NARROW:
        words = f"{seen.running}/{seen.needed} {word}" + (f"  {seen.proven}/{seen.needed} proven" if is_asked else "")
    bar = min(BAR, width - names - cell_len(words) - 7)
    text = Text.assemble((f" {_fit(seen.service, names)}   ", "bold"))
    if bar >= 4 and seen.needed:
        proven, running = (min(bar, bar * n // seen.needed) for n in (seen.proven, seen.running))
        proven = min(proven, running)
        text = text.append("█" * proven, "green").append("▓" * (running - proven), "yellow")
        text = text.append("░" * (bar - running) + "  ", "dim")
    return text.append(words, "green" if seen.is_proven else "")


def _rows(rows: Sequence[tuple[str, ...]], width: int, indent: int) -> list[Text]:
    """Cells under each other: as many columns as fit."""
    widths = [max((cell_len(row[n]) for row in rows), default=0) for n in range(5)]
    room = width - indent - 1
    columns = next((each for each in _COLUMNS if sum(widths[n] + 3 for n in each) - 3 <= room), _COLUMNS[-1])
    widths[0] = min(widths[0], max(8, room - sum(widths[n] + 3 for n in columns[1:])))
    return [_row(row, columns, widths, indent) for row in rows]


def _row(row: tuple[str, ...], columns: Sequence[int], widths: Sequence[int], indent: int) -> Text:
    styles = ("", "", _STATUS.get(row[2], "yellow"), "dim", "dim")
    text = Text(" " * indent)
    for n in columns:
        text.append(_fit(row[n], widths[n]), styles[n]).append("   ")
    text.rstrip()
    return text


def _fit(text: str, width: int) -> str:
    bare = _clean(text)
    return set_cell_size(bare, width) if cell_len(bare) <= width else set_cell_size(bare, width - 1) + "…"


def _clean(text: str) -> str:
    return " ".join(scrub(text).split())


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
