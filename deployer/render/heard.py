"""
What was heard of users' way to the app since the promote, in words that claim no more than that.

Only health questions were asked: nobody knows here what users saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from deployer.core.events import Hearing
from deployer.render.words import count


def heard_words(heard: Hearing) -> str:
    """`no error among 96 health answers`; "" where nobody can say, since nothing was asked or nothing got through."""
    if not heard.answers and not heard.lost:
        return ""
    return "".join(_parts(heard))


def is_trouble(heard: Hearing) -> bool:
    return bool(heard.errors or heard.lost)


def _parts(heard: Hearing) -> Iterator[str]:
    questions = count(heard.lost, "question")
    if not heard.answers:
        yield f"none of {questions} to its health was answered"
    elif heard.errors:
        verb = "was an error" if heard.errors == 1 else "were errors"
        yield f"{heard.errors} of {count(heard.answers, 'health answer')} {verb}"
        yield f" and {questions} got no answer" if heard.lost else ""
    else:
        yield f"no error among {count(heard.answers, 'health answer')}"
        yield f", but {questions} got no answer" if heard.lost else ""
    yield _when(heard) if is_trouble(heard) else ""
    yield f", since {_clock(heard.since)} when it was taken up" if heard.is_partial else ""


def _when(heard: Hearing) -> str:
    began, ended = _clock(heard.trouble_from), _clock(heard.trouble_to)
    return f", at {began}" if began == ended else f", from {began} to {ended}"


def _clock(moment: str) -> str:
    """As the clock on the wall shows it, like every time of the story; `?` for what is no time."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}"
    except (ValueError, OverflowError):
        return "?"
