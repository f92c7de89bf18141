"""
The small change of the story: lines, durations, fractions, error blocks, tables. Shared by every renderer.

Whatever comes from a rack, an app or a build is data: `scrub` takes its control characters before it becomes a line
(faults 6.2, "Untrusted text").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain, repeat

from deployer.core.errors import DeployerError, Refused
from deployer.core.models import ProofMode
from deployer.core.proof import Progress
from deployer.core.redact import scrub


class Kind(Enum):
    """What a line is to its reader; renderers give it a colour, a place or an annotation."""

    STORY = auto()
    PROGRESS = auto()
    HEARTBEAT = auto()  # after a silence: what is being waited for
    BUILD = auto()
    WARNING = auto()
    GOOD = auto()
    BAD = auto()
    ERROR = auto()  # a block of its own: no time, no step


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said: under which step, and the lines that continue it."""

    step: str
    text: str
    more: tuple[str, ...] = ()
    kind: Kind = Kind.STORY


def one_line(text: str) -> str:
    return " ".join(scrub(text).splitlines())


def line(step: str, text: str, kind: Kind = Kind.STORY) -> Line:
    """A harmless line of any text; its further lines continue it."""
    first, *more = scrub(text).splitlines() or [""]
    return Line(one_line(step), first, tuple(more), kind)


def duration(seconds: float) -> str:
    """A time that was measured: `34s`, `2m30`, `1h02`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m{rest:02}" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}"


def span(seconds: float) -> str:
    """A time that was set: `60s`, `10 min`."""
    return f"{seconds:g}s" if seconds < 120 else f"{seconds / 60:.0f} min"


def count(number: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number} {noun if number == 1 else plural}"


def fraction(seen: Progress, word: str = "new") -> str:
    """How far one service is: `api 2 of 4 new · 1 of 4 proven`."""
    parts = [f"{seen.service} {seen.running} of {seen.needed} {word}"]
    if seen.mode is not ProofMode.PS:
        parts.append(f"{seen.proven} of {seen.needed} proven")
    if seen.others and seen.running >= seen.needed:
        parts.append(f"{seen.others} on another release")
    return " · ".join(parts)


def block(label: str, what: str, *, serving: str = "", hints: Iterable[str] = ()) -> str:
    """An error as a person reads it: what happened and why, what serves, what to type next."""
    labelled = zip(chain(("try: ",), repeat("or:  ")), hints, strict=False)
    lines = [f"{label}: {what}"]
    lines += [f"  still serving: {serving}"] if serving else []
    lines += [f"  {word}{hint}" for word, hint in labelled]
    return "\n".join(one_line(each) for each in lines)


def problems_block(label: str, problems: Sequence[tuple[str, str]], serving: str = "") -> str:
    """All problems that preflight found, each with its own way out."""
    if len(problems) == 1:
        [(what, hint)] = problems
        return block(label, what, serving=serving, hints=(hint,) if hint else ())
    lines = [f"{label}: {count(len(problems), 'problem')}"]
    for what, hint in problems:
        lines += [f"  {what}", f"    try: {hint}"] if hint else [f"  {what}"]
    lines += [f"  still serving: {serving}"] if serving else []
    return "\n".join(one_line(each) for each in lines)


def error_text(error: DeployerError) -> str:
    """An error outside a run, where no `Ended` speaks for it."""
    label, serving = error.verdict.label, error.serving or ""
    if isinstance(error, Refused):
        return problems_block(label, [(each.what, each.hint) for each in error.problems], serving)
    return block(label, str(error), serving=serving, hints=(error.hint,) if error.hint else ())


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows under each other, columns aligned, two spaces between them; nothing at a line's end."""
    clean = [[" ".join(scrub(cell).split()) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in clean if n < len(row)) for n in range(max(map(len, clean), default=0))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in clean
    )
