"""
Say whether a release is proven, still coming up, or doomed.

Doomed means that waiting longer cannot help, shown by evidence about the release's own replicas. An unanswered
question is never evidence; a starting replica is not a failed one (faults 0.10). The rules are small functions, each
with its evidence and its exceptions; adding one is adding a name to `RULES`.

Source: design 2.2, convox-facts 3.3 (what `ps` calls crashed), 10.1 (`crashed` flickers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from deployer.core.history import History, ServiceView, Tally, Track, follow, speaks_against, views
from deployer.core.models import ProofMode, Snapshot
from deployer.core.names import ProcessId, ReleaseId, ServiceName
from deployer.core.policy import Policy
from deployer.core.proof import Progress, heard_last, is_proven, progress_of, soak_s, what_is_missing

# One may be a word from before the promote: the rack's mirror lags (convox-facts 3.4).
RUNNING_READS = 2


class Reason(Enum):
    CRASH_LOOP = "crash loop"
    NEVER_READY = "never ready"
    FLAPPING = "flapping"
    FAILING = "failing"
    WRONG_CODE = "wrong code"
    STUCK = "stuck"
    FOUND_BEFORE = "found by the run that was left"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Still coming up, or not yet shown by the rack."""

    progress: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class Proven:
    """Every service is proven. `is_settled`: for the whole soak, and the rack says running twice."""

    progress: tuple[Progress, ...]
    since_s: float
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Believed:
    """The rack has called it running for the whole soak; nobody was asked (`--no-verify`)."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """`why` is one sentence; `process` of `service` is a replica whose logs tell more."""

    reason: Reason
    why: str
    process: ProcessId | None = None
    service: ServiceName | None = None


@dataclass(frozen=True, slots=True)
class RackRolledBack:
    why: str


@dataclass(frozen=True, slots=True)
class Superseded:
    by: ReleaseId


@dataclass(frozen=True, slots=True)
class LostSight:
    why: str


Judgement = Waiting | Proven | Believed | Doomed | RackRolledBack | Superseded | LostSight


def after(history: History, snapshot: Snapshot, policy: Policy) -> History:
    """
    Fold in one snapshot, and run the soak clock.

    The clock starts at the first snapshot in which every service is proven, whatever the app status says. A contrary
    sample restarts it, so does a gap. A snapshot that saw too little neither advances nor resets it: no rows, or no
    answer of a service that can be asked (faults 3.5); but what is heard in it may be contrary all the same.
    """
    elapsed_s = snapshot.at_s - history.now_s
    if elapsed_s > policy.longest_look_s:
        return history.slept(elapsed_s)
    seen = follow(history, snapshot)
    is_blind = seen.latest is None or seen.latest.processes is None
    is_contrary = speaks_against(seen, snapshot) if is_blind else seen.contrary_at_s == snapshot.at_s
    if is_blind and not is_contrary:
        return seen
    if is_contrary or not is_proven(seen, policy):
        return replace(seen, proven_since_s=None, proven_at_s=None)
    if seen.heard_at_s != snapshot.at_s:
        return seen
    has_gap = seen.proven_at_s is None or snapshot.at_s - seen.proven_at_s > policy.gap_s
    since_s = snapshot.at_s if has_gap or seen.proven_since_s is None else seen.proven_since_s
    return replace(seen, proven_since_s=since_s, proven_at_s=snapshot.at_s, good_at_s=snapshot.at_s)


def judge(history: History, policy: Policy) -> Judgement:
    """Pure; never waits, never raises. Times in `policy` are seconds."""
    return (
        _somebody_else(history)
        or _rack_rolled_back(history)
        or _doomed(history, policy)
        or _blind(history, policy)
        or _unanswered(history, policy)
        or _never_settled(history, policy)
        or _proven(history, policy)
        or _overdue(history, policy)
        or Waiting(progress_of(history, policy))
    )


def judge_back(history: History, policy: Policy) -> Superseded | Proven | Waiting:
    """
    The same for a release that is gone back to: its replicas alone decide.

    A status that lingers on `rollback` does not delay the word (design 2.3), and there is no doom: a second way back
    does not exist.
    """
    waiting = Waiting(progress_of(history, policy))
    return _somebody_else(history) or _proven(history, policy, running_reads=0) or waiting


def believe(history: History, policy: Policy) -> Judgement:
    """
    For `--no-verify`: the rack's word, kept for the soak, is enough; and nothing else is evidence, so nothing dooms.

    It proves nothing: the rack calls a failed rollback running too (faults 0.7).
    """
    return (
        _somebody_else(history)
        or _rack_rolled_back(history)
        or _blind(history, policy)
        or _believed(history, policy)
        or _still_at_work(history, policy)
        or Waiting(progress_of(history, policy))
    )


def _somebody_else(history: History) -> Superseded | None:
    app, rollout = history.app, history.rollout
    if app is None or app.release is None or app.release in (rollout.release, rollout.baseline):
        return None
    return Superseded(app.release)


def _rack_rolled_back(history: History) -> RackRolledBack | None:
    app = history.app
    if app is None or not history.is_ours:
        return None
    if app.release == history.rollout.baseline:
        return RackRolledBack(f"the rack is back on {app.release or 'nothing'}")
    return RackRolledBack("the rack says rollback") if app.status == "rollback" else None


def _doomed(history: History, policy: Policy) -> Doomed | None:
    if not history.is_ours or history.latest is None or history.latest.processes is None:
        return None
    found = (rule(history, view, policy) for view in views(history) for rule in RULES)
    return next((doom for doom in found if doom), None)


def _crash_loop(history: History, view: ServiceView, policy: Policy) -> Doomed | None:
    """
    All started replicas crashed in two consecutive snapshots and none ever ran: at once; if they ran first, once none
    has for a while. Otherwise when one replica is crashed again after a back-off, or stays so.

    Sightings are counted, not an unbroken run: at each retry the row reads `starting` (convox-facts 10.1). Two of them
    that are less than a back-off apart are of one crash, in a list that was a few seconds old.
    """
    if view.expected.was_crashing or _has_enough(view):
        return None
    tracks = _tracks(history, view)
    if _all_crashed_twice(history, view, policy):
        if not any(each.ever_running for each in tracks):
            return Doomed(Reason.CRASH_LOOP, f"{_all_of(view)} at start", tracks[0].id, view.expected.name)
        if all(history.now_s - each.status_since_s >= policy.all_crashed_s for each in tracks):
            return Doomed(Reason.CRASH_LOOP, _all_of(view), tracks[0].id, view.expected.name)
    for each in tracks:
        lasted_s = history.now_s - each.crashed_since_s if each.crashed_since_s is not None else 0.0
        is_again = each.crashes > 1 and each.crashed_last_s - (each.crashed_since_s or 0.0) >= policy.crash_again_s
        if is_again or (each.status == "crashed" and lasted_s >= policy.crash_patience_s):
            again = f"crashed {each.crashes} times" if is_again else f"stays crashed for {lasted_s:.0f} s"
            return Doomed(Reason.CRASH_LOOP, f"{each.id} {again}", each.id, view.expected.name)
    return None


def _never_ready(history: History, view: ServiceView, policy: Policy) -> Doomed | None:
    """`pending` for too long, or `starting` and `unhealthy` past the start budget; surplus replicas do not matter."""
    if _has_enough(view):
        return None
    for each in _tracks(history, view):
        waited_s = history.now_s - each.status_since_s
        limit_s = policy.pending_s if each.status == "pending" else view.expected.start_budget_s
        if each.status in ("pending", "starting", "unhealthy") and waited_s > limit_s:
            return Doomed(Reason.NEVER_READY, f"{each.id} is {each.status} for {waited_s:.0f} s", each.id, each.service)
    return None


def _flapping(history: History, view: ServiceView, policy: Policy) -> Doomed | None:
    """A replica that is ready and goes down, over and over, within the time in which progress is expected."""
    if view.expected.was_crashing or _has_enough(view):
        return None
    for each in _tracks(history, view):
        falls = [at_s for at_s in each.fell_at_s if history.now_s - at_s <= policy.no_progress_s]
        if len(falls) >= policy.relapses:
            return Doomed(
                Reason.FLAPPING, f"{each.id} was running and went down {len(falls)} times", each.id, each.service
            )
    return None


def _failing(history: History, view: ServiceView, policy: Policy) -> Doomed | None:
    """Every row is ours and running, and for a while, or over and over, and still, too many answers are 5xx or 404."""
    tally = history.tallies.get(view.expected.name)
    if tally is None or tally.since_s is None or tally.clean:
        return None
    bad, heard = _bad_share(tally, view.expected.tolerable_share, history.now_s, policy)
    if not heard:
        return None
    over = ", over and over" if heard > tally.total else ""
    text = f"{bad} of {heard} health answers of {view.expected.name} are errors{over}{heard_last(history)}"
    # every row is a running replica of the release, so any of them can say why
    return Doomed(Reason.FAILING, text, view.running[0].id if view.running else None, view.expected.name)


def _bad_share(tally: Tally, tolerable: float, now_s: float, policy: Policy) -> tuple[int, int]:
    """How many of how many answers are too many errors: of this bad stretch, or of all once it is not the first."""
    is_long = tally.since_s is not None and now_s - tally.since_s >= policy.failing_s
    if is_long and tally.total >= policy.failing_answers and tally.failures > tolerable * tally.total:
        return tally.failures, tally.total
    if tally.stretches >= policy.relapses and tally.all_failures > tolerable * tally.all_total:
        return tally.all_failures, tally.all_total
    return 0, 0


def _wrong_code(history: History, view: ServiceView, policy: Policy) -> Doomed | None:
    """A replica of the release that answers, by its own id, for another release or build, in several rounds."""
    for each in _tracks(history, view):
        if each.wrong_rounds >= policy.wrong_rounds:
            return Doomed(Reason.WRONG_CODE, f"{each.id} answers for {each.wrong_answer}", each.id, each.service)
    return None


Rule = Callable[[History, ServiceView, Policy], Doomed | None]
RULES: tuple[Rule, ...] = (_crash_loop, _never_ready, _flapping, _failing, _wrong_code)


def _blind(history: History, policy: Policy) -> LostSight | None:
    if history.denied_reads >= policy.denied_reads:
        return LostSight(f"the rack denied {history.denied_reads} reads in a row{heard_last(history)}")
    if history.last_read_s is not None and history.now_s - history.last_read_s > policy.blind_s:
        blind_s = history.now_s - history.last_read_s
        return LostSight(f"the rack did not answer for {blind_s:.0f} s{heard_last(history)}")
    return None


def _unanswered(history: History, policy: Policy) -> LostSight | None:
    can_ask = any(mode is not ProofMode.PS for mode in history.modes.values())
    if can_ask and history.last_answer_s is not None and history.now_s - history.last_answer_s > policy.blind_s:
        silent_s = history.now_s - history.last_answer_s
        return LostSight(f"no health answer for {silent_s:.0f} s{heard_last(history)}")
    return None


def _never_settled(history: History, policy: Policy) -> LostSight | None:
    """Proven for the whole soak, and long after it the rack still does not say running."""
    if history.proven_since_s is None or history.running_reads >= RUNNING_READS:
        return None
    waited_s = history.now_s - history.proven_since_s
    if waited_s <= soak_s(history, policy) + policy.no_progress_s:
        return None
    status = history.app.status if history.app else "unknown"
    return LostSight(f"all processes are proven, but the rack does not say running for {waited_s:.0f} s: {status}")


def _proven(history: History, policy: Policy, running_reads: int = RUNNING_READS) -> Proven | None:
    """A look that saw too little leaves it proven as long as the soak bears a gap, and never settles it."""
    since_s, at_s = history.proven_since_s, history.proven_at_s
    if since_s is None or at_s is None or history.now_s - at_s > policy.gap_s:
        return None
    has_soaked = history.now_s - since_s >= soak_s(history, policy) and at_s == history.now_s
    is_settled = has_soaked and history.running_reads >= running_reads and not _has_grown_old(history, policy)
    return Proven(progress_of(history, policy), since_s, is_settled)


def _has_grown_old(history: History, policy: Policy) -> bool:
    """
    What the latest look saw, while it waited for what is not read in each; one that need not wait comes soon.

    Two such looks in a row are how this rack is.
    """
    have_waited = [each.waited_s > policy.settle_tick_s for each in history.snapshots]
    return have_waited[-1] and not all(have_waited)


def _believed(history: History, policy: Policy) -> Believed | None:
    since_s = history.running_since_s
    is_long_enough = since_s is not None and history.now_s - since_s >= policy.soak_s
    return Believed() if is_long_enough and history.running_reads >= RUNNING_READS else None


def _still_at_work(history: History, policy: Policy) -> LostSight | None:
    app, began_s = history.app, history.ours_since_s
    if app is None or began_s is None or history.now_s - began_s - history.blind_s <= policy.cap_s:
        return None
    return LostSight(f"the rack still says {app.status} after {history.now_s - began_s:.0f} s")


def _overdue(history: History, policy: Policy) -> Doomed | LostSight | None:
    """
    No new best count for too long, and not proven either; or the cap. Time in which nothing could be seen does not
    count, but for as long only as sight is not lost: bit by bit it would put the end off for ever.
    """
    if not history.is_ours or history.latest is None or history.latest.processes is None:
        return None
    moved_at_s = max(history.best_at_s, history.ours_since_s or 0.0, history.good_at_s or 0.0)
    still_s = history.now_s - moved_at_s - min(history.blind_s - history.best_blind_s, policy.blind_s)
    total_s = history.now_s - (history.ours_since_s or 0.0) - min(history.blind_s, policy.blind_s)
    # whoever is given longer to start than others are to make progress is given it
    patience_s = max((policy.no_progress_s, *(each.start_budget_s for each in history.rollout.services)))
    if still_s <= patience_s and total_s <= policy.cap_s:
        return None
    seen, missing = progress_of(history, policy), what_is_missing(history, policy)
    if all(each.running >= each.needed for each in seen):
        return LostSight(f"all processes run, but {missing}")
    if still_s <= patience_s and history.good_at_s is not None:
        return LostSight(f"proven, but not for the whole soak in {total_s:.0f} s: {missing}")
    unwell = next((each for each in history.tracks.values() if each.status != "running"), None)
    text = f"no progress for {still_s:.0f} s: {missing}"
    return Doomed(Reason.STUCK, text, unwell.id if unwell else None, unwell.service if unwell else None)


def _has_enough(view: ServiceView) -> bool:
    return len(view.running) >= view.needed


def _tracks(history: History, view: ServiceView) -> list[Track]:
    return [history.tracks[row.id] for row in view.ours if row.id in history.tracks]


def _all_crashed_twice(history: History, view: ServiceView, policy: Policy) -> bool:
    """In two looks that are not one: after a read that took its whole deadline the next look comes at once."""
    if history.snapshots[-1].at_s - history.snapshots[0].at_s < policy.tick_s / 2:
        return False
    looks = [each for s in history.snapshots for each in views(history, s) if each.expected.name == view.expected.name]
    started = [[row.status for row in look.ours if row.status != "pending"] for look in looks]
    return len(started) == 2 and all(rows and set(rows) == {"crashed"} for rows in started)


def _all_of(view: ServiceView) -> str:
    name, count = view.expected.name, len(view.ours)
    return f"the new process of {name} crashes" if count == 1 else f"all {count} new processes of {name} crash"
