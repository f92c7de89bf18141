"""The last word of a run: the verdict, what serves, why, and what to type next."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployer.core.events import Ended
from deployer.core.verdict import Verdict
from deployer.render.heard import heard_words, is_trouble
from deployer.render.words import Kind, Line, block, one_line, problems_block

# A verdict of this tens digit changed nothing that serves, and reads as an error does: what, what serves, what to try.
_UNTOUCHED = frozenset({2, 70, 129, 130, 143, *range(10, 20)}) - {Verdict.FIRST_FAILED.status}
_WITH_UNDO = frozenset({Verdict.SHIPPED, Verdict.RESTORED})
# Here nobody has shown that what is active also serves, so it is not said.
_NOT_PROVEN = frozenset(
    {
        Verdict.UNVERIFIED,
        Verdict.ROLLBACK_UNCONFIRMED,
        Verdict.LEFT_BAD,
        Verdict.SUPERSEDED,
        Verdict.LOST_SIGHT,
        Verdict.INTERRUPTED,
    }
)
# Here one line must do, or nothing served before.
_HEARD_ELSEWHERE = frozenset({Verdict.INTERRUPTED, Verdict.FIRST_FAILED})
_SUBJECT = re.compile(r"(?P<what>R[A-Z0-9]+|nothing)(?: serves)?(?P<rest>(?:[,;].*| on .*)?)", re.DOTALL)
_LABELLED = re.compile(r"(?:undo|next|try|or): ")


def ended_line(ended: Ended, *, on: str = "", times: str = "", told: str = "") -> Line:
    """
    The verdict in words.

    `on` says how much of it serves, where `serving` does not; `times` how long it took. `told` is what was said of the
    reason already: nothing is said twice.
    """
    if ended.verdict.status in _UNTOUCHED:
        return Line("", _refusal(ended), kind=Kind.ERROR)
    serves = _serves(ended, on if ended.verdict.is_success else "")
    took = f" ({times})" if times and ended.verdict.is_success else ""
    kind = Kind.GOOD if ended.verdict.is_success else Kind.BAD
    kind = Kind.WARNING if ended.verdict is Verdict.UNVERIFIED else kind
    head = f"{serves}{took}{_heard(ended)}"
    if ended.verdict is Verdict.INTERRUPTED and ended.hints:
        # A signal leaves time for one line, so it must hold what serves and how to go on.
        head += f" · next: {ended.hints[0]}"
    more = tuple(one_line(each) for each in _more(ended, told))
    return Line(ended.verdict.label, one_line(head), more, kind)


def _serves(ended: Ended, on: str) -> str:
    """`RABCDEFGHIJ, as before` becomes `RABCDEFGHIJ serves, as before`; other words stand as they are."""
    found = _SUBJECT.fullmatch(ended.serving)
    if not found:
        return f"what serves: {ended.serving or ended.verdict.serves}"
    if ended.verdict in _NOT_PROVEN:
        return f"{found['what']} is active{found['rest'] or ', not proven'}"
    return f"{found['what']} serves{found['rest'] or (f' on {on}' if on else '')}"


def _heard(ended: Ended) -> str:
    """What users may have seen; a good end is silent about nothing."""
    if ended.heard is None or ended.verdict in _HEARD_ELSEWHERE:
        return ""
    is_worth_it = is_trouble(ended.heard) or not ended.verdict.is_success
    words = heard_words(ended.heard) if is_worth_it else ""
    return f"; {words}" if words else ""


def _more(ended: Ended, told: str) -> Iterator[str]:
    if not all(part in told for part in re.split("[:;] ", ended.why)):
        yield f"why:      {ended.why}"
    for what, hint in ended.problems:
        yield f"          {what}" + (f"  → {hint}" if hint else "")
    if ended.evidence:
        yield f"evidence: {ended.evidence}"
    for n, hint in enumerate(ended.hints):
        if ended.verdict in _WITH_UNDO:
            yield hint if _LABELLED.match(hint) else f"undo: {hint}"
        elif n:
            yield f"or:       {hint}"
        elif ended.verdict is not Verdict.INTERRUPTED:
            yield f"next:     {hint}"


def _refusal(ended: Ended) -> str:
    label = ended.verdict.label
    if ended.problems:
        return problems_block(label, ended.problems, ended.serving)
    what = "nothing that serves was changed" if label == Verdict.CANCELLED.label else ended.verdict.serves
    if ended.why:
        what = f"{what}; {ended.why}" if label == Verdict.CANCELLED.label else ended.why
    return block(label, what, serving=ended.serving, hints=ended.hints)
