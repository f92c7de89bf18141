"""
Is an answer the service's own, or a copy that a cache kept?

Caches that say so send `Age`. Others are given away by answers that are the same to the last byte although they hold
a timestamp – but only where two honest answers could not be the same, since a wrong suspicion makes a good release
look unproven.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deployer.core.models import Answer
from deployer.probe.answers import Fields, Reply

# By how much the clocks of two replicas may differ; hosts of a rack keep time by NTP.
_SKEW_S = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """
    An answer, and what tells it from a copy: the digest of question and reply.

    The same digest is a copy if one was asked for more than `least_gap_s` after the other was here: whoever wrote
    both would have written another time. Monotonic seconds.
    """

    answer: Answer
    digest: str = ""
    least_gap_s: float = math.inf
    sent_s: float = 0.0
    received_s: float = 0.0


def heard(url: str, answer: Answer, reply: Reply, document: Mapping[str, object], fields: Fields) -> Heard:
    resolution_s = resolution_of(document.get(fields.timestamp))
    digest = hashlib.sha256(url.encode() + b"\0" + reply.body).hexdigest()
    return Heard(answer, digest, _least_gap_s(answer, resolution_s), reply.sent_s, reply.received_s)


def with_repeats_marked(heard: Sequence[Heard], last_round: Sequence[Heard]) -> tuple[Heard, ...]:
    """The answers of a round, those marked as cached that repeat another one of it or of the round before."""
    return tuple(
        replace(each, answer=replace(each.answer, is_cached=True))
        if any(_is_copy(each, other) for other in (*heard, *last_round))
        else each
        for each in heard
    )


def resolution_of(timestamp: object) -> float:
    """
    The seconds by which two moments must be apart to be written differently; infinite if it is no timestamp.

    Trailing zeros do not count, since some write milliseconds as `.123000`.
    """
    match timestamp:
        case str() if found := re.search(r"\d\d:\d\d:\d\d(?:[.,](\d+))?", timestamp):
            return 10.0 ** -len((found[1] or "").rstrip("0"))
        case float() if 1e9 <= timestamp < 1e10:
            return 10.0 ** -len(repr(timestamp).partition(".")[2].rstrip("0"))
        case int() if 10**9 <= timestamp < 10**10:
            return 1.0
        case int() if 10**12 <= timestamp < 10**13:
            return 1e-3
        case _:
            return math.inf


def _least_gap_s(answer: Answer, resolution_s: float) -> float:
    """One process has one clock. Unnamed ones have several, which may agree by chance on whole seconds."""
    if answer.process is not None:
        return resolution_s
    return resolution_s + _SKEW_S if resolution_s < 1 else math.inf


def _is_copy(one: Heard, other: Heard) -> bool:
    gap_s = max(one.sent_s - other.received_s, other.sent_s - one.received_s)
    return one.digest == other.digest and gap_s > one.least_gap_s
