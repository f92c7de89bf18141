"""What is proven of a rollout, service by service, and what is missing (design 2.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.core.history import History, ServiceView, views
from deployer.core.models import Answer, ProofMode
from deployer.core.names import ServiceName
from deployer.core.policy import Policy

SAID_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one service is. `running` and `proven` count replicas of the release; `missing` is "" once proven."""

    service: ServiceName
    mode: ProofMode | None
    needed: int
    running: int
    proven: int
    others: int
    missing: str

    @property
    def is_proven(self) -> bool:
        return not self.missing


def progress_of(history: History, policy: Policy) -> tuple[Progress, ...]:
    return tuple(_progress(history, view, policy) for view in views(history))


def is_proven(history: History, policy: Policy) -> bool:
    """
    Every service of the release is proven in the latest snapshot, and at least one of them has replicas.

    A rollout of nothing proves nothing (rule R6, faults 2.1).
    """
    seen = progress_of(history, policy)
    return bool(seen) and all(each.is_proven for each in seen) and any(each.running for each in seen)


def soak_s(history: History, policy: Policy) -> float:
    """
    How long the release must stay proven, in seconds.

    However short a soak was asked for: a process that nobody can ask is called running between any two of its crashes.
    """
    is_unasked = any(each.mode is ProofMode.PS and each.running for each in progress_of(history, policy))
    return max(policy.soak_s, policy.unasked_s) if is_unasked else policy.soak_s


def what_is_missing(history: History, policy: Policy) -> str:
    """Why a release is not proven, in words."""
    missing = "; ".join(each.missing for each in progress_of(history, policy) if each.missing)
    return (missing or "the rack still does not say running") + heard_last(history)


def heard_last(history: History) -> str:
    """What the latest look ran into, to be put after a reason; "" where all went well."""
    if history.latest is None:
        return ""
    unwell = (_unwell(history, each) for each in history.latest.answers)
    words = next((text for text in (*history.latest.trouble, *unwell) if text), "")
    return f" ({words})" if words else ""


def _unwell(history: History, answer: Answer) -> str:
    """What is wrong with an answer as a proof."""
    if answer.error or not answer.is_ok:
        said = f": {answer.said[:SAID_CHARACTERS]}" if answer.said else ""
        return f"{answer.service}: {answer.error or f'HTTP {answer.status_code}{said}'}"
    if answer.is_cached or answer.release is None:
        return f"{answer.service}: {'an answer from a cache' if answer.is_cached else 'no release in its answers'}"
    is_ours = answer.release == history.rollout.release
    return "" if is_ours else f"{answer.service}: an answer for {answer.release}"


def told_of(seen: Sequence[Progress]) -> str:
    """What was proven and how, in words: `6 of 6 processes; worker by the process list alone`."""
    running, needed = sum(each.running for each in seen), sum(each.needed for each in seen)
    how = _weaker_proofs(seen)
    return f"{running} of {max(needed, running)} processes" + (f"; {how}" if how else "")


def _weaker_proofs(seen: Sequence[Progress]) -> str:
    """Which services were proven by less than each process answering for itself, in words; "" if none was."""
    words = {ProofMode.SAMPLED: "sampled", ProofMode.PS: "by the process list alone"}
    said = (
        f"{', '.join(names)} {word}"
        for mode, word in words.items()
        if (names := [each.service for each in seen if each.mode is mode and each.running])
    )
    return "; ".join(said)


def answers_needed(replicas: int, stale_chance: float, restarts: int = 0) -> int:
    """
    Answers in a row that leave an unheard stale replica among `replicas` no likelier than `stale_chance` (faults 3.5).

    A lucky stretch comes to whoever waits, so each restart halves the chance: over any number of tries it stays below
    twice `stale_chance`.
    """
    if replicas <= 1:
        return 1
    chance_log = math.log(stale_chance) - restarts * math.log(2)
    return math.ceil(chance_log / math.log(1 - 1 / replicas))


def _progress(history: History, view: ServiceView, policy: Policy) -> Progress:
    mode = _mode(history, view, policy)
    proven = _proven_count(history, view, mode, policy)
    return Progress(
        view.expected.name,
        mode,
        view.needed,
        len(view.running),
        proven,
        len(view.others),
        _missing(view, mode, proven),
    )


def _mode(history: History, view: ServiceView, policy: Policy) -> ProofMode | None:
    mode = history.modes.get(view.expected.name)
    too_many = len(view.running) > policy.sampled_over
    return ProofMode.SAMPLED if mode is ProofMode.IDS and too_many else mode


def _proven_count(history: History, view: ServiceView, mode: ProofMode | None, policy: Policy) -> int:
    match mode:
        case ProofMode.IDS:
            return sum(row.id in history.tracks and history.tracks[row.id].proven for row in view.running)
        case ProofMode.SAMPLED:
            tally = history.tallies.get(view.expected.name)
            if tally is None:
                return 0
            needed = answers_needed(len(view.running), policy.stale_chance, tally.restarts)
            return len(view.running) if tally.in_a_row >= needed else 0
        case ProofMode.PS:
            return len(view.running)
        case None:
            return 0


def _missing(view: ServiceView, mode: ProofMode | None, proven: int) -> str:
    name, running = view.expected.name, len(view.running)
    if running < view.needed:
        return f"{view.needed - running} of {view.needed} processes of {name} not running"
    crashed = sum(row.status == "crashed" for row in view.ours)
    if crashed and mode is ProofMode.PS:  # nobody else can speak for it, and the next look may find another one down
        return f"{'a process' if crashed == 1 else f'{crashed} processes'} of {name} crashed"
    if view.others:
        rows = "1 process" if len(view.others) == 1 else f"{len(view.others)} processes"
        return f"{rows} of {name} on another release"
    if view.needed and mode is None:
        return f"{name} has not answered with the release"
    if proven < view.needed:
        return f"{proven} of {view.needed} processes of {name} answered for themselves"
    return ""
