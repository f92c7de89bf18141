"""
What users may have seen of a promote, as far as deployer knows: a fold over the looks from then on.

It is told, and decides nothing (I14). A journal keeps too few looks for it, so it is the run's own memory only.
"""

from __future__ import annotations

from dataclasses import replace

from deployer.core.events import Event, Hearing, Intended, Looked, Resumed
from deployer.core.summary import PROMOTE


def listen(heard: Hearing | None, event: Event) -> Hearing | None:
    """`None` until something was promoted."""
    match event:
        case Intended(write=write) if write == PROMOTE:
            return heard or Hearing()
        case Resumed():
            return Hearing(is_partial=True)
        case Looked() if heard is not None:
            return _after(heard, event)
        case _:
            return heard


def _after(heard: Hearing, look: Looked) -> Hearing:
    is_trouble = bool(look.errors or look.lost)
    return replace(
        heard,
        since=heard.since or look.looked_at,
        answers=heard.answers + look.answers,
        errors=heard.errors + look.errors,
        lost=heard.lost + look.lost,
        unknown=heard.unknown + look.unknown,
        trouble_from=heard.trouble_from or (look.looked_at if is_trouble else ""),
        trouble_to=look.looked_at if is_trouble else heard.trouble_to,
    )
