"""
What has been seen of a rollout so far: a fold over snapshots that keeps what the judge needs and no more.

Nothing counts before the rack has shown the release as active (rule R1, faults 2.1). Memory grows with the number of
replicas, not with time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deployer.core.models import Answer, App, Expected, Process, ProofMode, Rollout, Snapshot
from deployer.core.names import ProcessId, ReleaseId, ServiceName, Shape, shape_of

CLEAN_ANSWERS = 20
# More than anybody waits for (`policy.relapses`), so that memory does not grow with time.
FALLS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Track:
    """One replica of the release, over time."""

    id: ProcessId
    service: ServiceName
    status: str
    first_seen_s: float
    status_since_s: float  # of the stretch without `running`, or of the status itself
    crashed_since_s: float | None = None
    crashed_last_s: float = 0.0  # the latest time that it went down so
    crashes: int = 0
    ever_running: bool = False
    fell_at_s: tuple[float, ...] = ()  # when it was running and went down, the latest ones
    proven: bool = False
    wrong_rounds: int = 0
    wrong_answer: str = ""
    wrong_release: ReleaseId | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """
    The answers of one service since every row of it was a running replica of the release.

    `total` and `failures` are those of a bad stretch, which began with a failure at `since_s` and is over after
    `CLEAN_ANSWERS` without another: a burst in between is no verdict on the release. `stretches` is how many began, and
    `all_total` and `all_failures` are those of all answers, also of earlier times in which every row was running.
    """

    in_a_row: int = 0  # answers naming the release since the last that named another
    restarts: int = 0  # rounds in which one named another
    since_s: float | None = None
    total: int = 0
    failures: int = 0
    clean: int = 0  # answers since the last failure
    stretches: int = 0
    all_total: int = 0
    all_failures: int = 0

    def cut_off(self) -> Tally:
        """Some row is not a running replica of the release: what was counted in a row, or as one stretch, is over."""
        return Tally(stretches=self.stretches, all_total=self.all_total, all_failures=self.all_failures)

    def after(self, answers: Sequence[Answer], at_s: float) -> Tally:
        failures = sum(each.is_failure for each in answers)
        clean = 0 if failures else self.clean + len(answers)
        heard = replace(self, all_total=self.all_total + len(answers), all_failures=self.all_failures + failures)
        if clean >= CLEAN_ANSWERS or (self.since_s is None and not failures):
            return replace(heard, since_s=None, total=0, failures=0, clean=0)
        is_new = self.since_s is None
        return replace(
            heard,
            since_s=at_s if is_new else self.since_s,
            total=self.total + len(answers),
            failures=self.failures + failures,
            clean=clean,
            stretches=self.stretches + is_new,
        )


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service in one snapshot: its replicas of the release, and the other rows that carry its name."""

    expected: Expected
    ours: tuple[Process, ...]
    others: tuple[Process, ...]
    needed: int

    @property
    def running(self) -> tuple[Process, ...]:
        return tuple(row for row in self.ours if row.status == "running")

    @property
    def is_all_ours(self) -> bool:
        """Enough replicas run, and no row is on another release."""
        return len(self.running) >= self.needed and not self.others


@dataclass(frozen=True, slots=True)
class History:
    """Begin with `History.of(rollout, now_s)`; `judge.after` folds in one snapshot a tick."""

    rollout: Rollout
    began_s: float
    snapshots: tuple[Snapshot, ...] = ()  # the last two in which processes were readable
    latest: Snapshot | None = None
    tracks: Mapping[ProcessId, Track] = field(default_factory=dict)
    tallies: Mapping[ServiceName, Tally] = field(default_factory=dict)
    modes: Mapping[ServiceName, ProofMode] = field(default_factory=dict)
    desired: Mapping[ServiceName, int] = field(default_factory=dict)
    restarts: Mapping[ProcessId, int] = field(default_factory=dict)  # as last counted
    ours_since_s: float | None = None
    running_reads: int = 0
    running_since_s: float | None = None
    proven_since_s: float | None = None
    proven_at_s: float | None = None  # the latest snapshot that was proven
    good_at_s: float | None = None  # the same, whatever came after
    contrary_at_s: float | None = None
    heard_at_s: float | None = None  # the latest snapshot in which every service that can be asked said that it is ours
    last_read_s: float | None = None
    last_answer_s: float | None = None
    denied_reads: int = 0
    blind_s: float = 0.0
    best: int = 0
    best_at_s: float = 0.0
    best_blind_s: float = 0.0

    @classmethod
    def of(cls, rollout: Rollout, now_s: float) -> History:
        modes = {each.name: each.mode for each in rollout.services if each.mode}
        desired = {each.name: each.desired for each in rollout.services}
        return cls(
            rollout, now_s, modes=modes, desired=desired, last_read_s=now_s, last_answer_s=now_s, best_at_s=now_s
        )

    @property
    def now_s(self) -> float:
        return self.latest.at_s if self.latest else self.began_s

    @property
    def app(self) -> App | None:
        return self.latest.app if self.latest else None

    def slept(self, seconds: float) -> History:
        """
        The machine slept, perhaps in the middle of a look, which may tell of a time before that: it is dropped.

        It was no time without progress, nor one without an answer; the soak, and the rack's `running`, begin anew
        (faults F49).
        """
        later = {
            each: at_s + seconds
            for each in ("ours_since_s", "best_at_s", "good_at_s", "last_read_s", "last_answer_s")
            if (at_s := getattr(self, each)) is not None
        }
        trouble = f"nobody looked for {seconds:.0f} s: has this machine slept?"
        anew = replace(self, proven_since_s=None, proven_at_s=None, running_reads=0, running_since_s=None)
        return replace(anew, latest=Snapshot(self.now_s + seconds, trouble=(trouble,)), **later)

    @property
    def is_ours(self) -> bool:
        """The rack has shown the release as active, at some time."""
        return self.ours_since_s is not None


def follow(history: History, snapshot: Snapshot) -> History:
    """What is known once `snapshot` was seen, but for the soak clock."""
    if snapshot.processes == ():
        # No rows at all is also what a lost reply prints, status 0: unknown, never "nothing runs" (faults C30, F33).
        snapshot = replace(snapshot, processes=None, trouble=(*snapshot.trouble, "the process list is empty"))
    if restarted := _restarted(history, snapshot):
        told = tuple(f"{pid} crashed and was started again" for pid in restarted)
        snapshot = replace(snapshot, trouble=(*snapshot.trouble, *told))
    seen = _reads(history, snapshot)
    if not seen.is_ours:
        return seen
    if snapshot.processes is not None:
        seen = replace(seen, tracks=_tracks(seen, snapshot, restarted), snapshots=(*seen.snapshots[-1:], snapshot))
    if restarted:
        seen = replace(seen, contrary_at_s=snapshot.at_s)
    return _progress(_hear(seen, snapshot))


def speaks_against(history: History, snapshot: Snapshot) -> bool:
    """An answer that says something else, whichever process gave it: for a look that saw no rows to tell by."""
    names = {each.name for each in history.rollout.services}
    return any(each.service in names and not each.error and _disagrees(history, each) for each in snapshot.answers)


def views(history: History, snapshot: Snapshot | None = None) -> tuple[ServiceView, ...]:
    """Each service as the snapshot (the latest by default) shows it; nothing when its processes were not readable."""
    seen = snapshot or history.latest
    if seen is None or seen.processes is None:
        return ()
    return tuple(_view(history, each, seen.processes) for each in history.rollout.services)


def needed_of(history: History, expected: Expected) -> int:
    """How many replicas must run: the smaller of now and at the gate; none only if both say so (design 2.2)."""
    now = history.desired.get(expected.name, expected.desired)
    if expected.desired == 0 and now == 0:
        return 0
    return max(1, min(now, expected.desired) if expected.desired else now)


def _view(history: History, expected: Expected, rows: Iterable[Process]) -> ServiceView:
    mine = [row for row in rows if row.service == expected.name and _is_replica(row, expected)]
    release = history.rollout.release
    return ServiceView(
        expected,
        ours=tuple(row for row in mine if row.release == release),
        # a `failed` row is a pod that has ended: evicted, say; it serves nobody (design 2.2)
        others=tuple(row for row in mine if row.release != release and row.status not in ("failed", "complete")),
        needed=needed_of(history, expected),
    )


def _is_replica(row: Process, expected: Expected) -> bool:
    return shape_of(row.id, row.service, is_agent=expected.is_agent) is Shape.REPLICA


def _reads(history: History, snapshot: Snapshot) -> History:
    """Fold in what the rack's own words say: the active release, the status, and whether it answers at all."""
    running_reads = _count_running(history, snapshot)
    running_since_s = snapshot.at_s if history.running_since_s is None else history.running_since_s
    has_read = snapshot.app is not None and snapshot.processes is not None
    elapsed_s = snapshot.at_s - history.now_s
    is_active = snapshot.app is not None and snapshot.app.release == history.rollout.release
    desired = {each.name: each.desired for each in snapshot.services or () if each.desired is not None}
    return replace(
        history,
        latest=snapshot,
        ours_since_s=snapshot.at_s if is_active and history.ours_since_s is None else history.ours_since_s,
        running_reads=running_reads,
        running_since_s=running_since_s if running_reads else None,
        last_read_s=snapshot.at_s if has_read else history.last_read_s,
        last_answer_s=snapshot.at_s if any(not each.error for each in snapshot.answers) else history.last_answer_s,
        denied_reads=history.denied_reads + 1 if snapshot.is_denied else 0,
        blind_s=history.blind_s if has_read else history.blind_s + elapsed_s,
        desired={**history.desired, **desired},
        restarts=history.restarts if snapshot.restarts is None else snapshot.restarts,
    )


def _count_running(history: History, snapshot: Snapshot) -> int:
    app = snapshot.app
    if app is None:
        return history.running_reads
    return history.running_reads + 1 if app.release == history.rollout.release and app.is_running else 0


def _restarted(history: History, snapshot: Snapshot) -> tuple[ProcessId, ...]:
    """Which processes of the release crashed since restarts were counted last, be they well again or not."""
    if not snapshot.restarts:
        return ()
    before, now = history.restarts, snapshot.restarts
    ours = (row.id for view in views(history, snapshot) for row in view.ours)
    return tuple(pid for pid in ours if pid in before and now.get(pid, 0) > before[pid])


def _tracks(history: History, snapshot: Snapshot, restarted: Collection[ProcessId]) -> dict[ProcessId, Track]:
    ours = (row for view in views(history, snapshot) for row in view.ours)
    followed = (_note_fall(history, snapshot, _follow(history.tracks.get(row.id), row, snapshot.at_s)) for row in ours)
    return {each.id: replace(each, proven=each.proven and each.id not in restarted) for each in followed}


def _follow(track: Track | None, row: Process, at_s: float) -> Track:
    if track is None:
        track = Track(row.id, row.service, "", first_seen_s=at_s, status_since_s=at_s)
    crashes_anew = row.status == "crashed" and track.status != "crashed"
    stays_down = row.status != "running" and track.status not in ("running", "pending", "")
    return replace(
        track,
        status=row.status,
        status_since_s=track.status_since_s if row.status == track.status or stays_down else at_s,
        crashes=track.crashes + crashes_anew,
        crashed_since_s=at_s if crashes_anew and track.crashed_since_s is None else track.crashed_since_s,
        crashed_last_s=at_s if crashes_anew else track.crashed_last_s,
        ever_running=track.ever_running or row.status == "running",
        # what a process answered before it went down says nothing about what runs in it now (convox-facts 3.7)
        proven=track.proven and row.status == "running",
    )


def _note_fall(history: History, snapshot: Snapshot, track: Track) -> Track:
    """
    Whether it has gone down since the look before: its service answers, and it does not.

    A list of processes may be seconds old, and then shows by turns what was and what is.
    """
    before = history.tracks.get(track.id)
    if before is None or before.status != "running" or track.status == "running":
        return track
    answers = [each for each in snapshot.answers if each.service == track.service and not each.error]
    is_told_apart = history.modes.get(track.service) is ProofMode.IDS
    vouches = any(_agrees(history, each) and (each.process == track.id or not is_told_apart) for each in answers)
    if vouches or not answers:
        return track
    return replace(track, fell_at_s=(*track.fell_at_s, snapshot.at_s)[-FALLS_KEPT:])


def _hear(history: History, snapshot: Snapshot) -> History:
    """Fold in one round of health answers."""
    tracks, contrary, silent = dict(history.tracks), False, False
    for each in views(history):
        answers = [a for a in snapshot.answers if a.service == each.expected.name and not a.error]
        history = _learn_mode(history, each, answers)
        history = _count(history, each, answers, snapshot.at_s)
        tracks, disagrees = _credit(history, each, answers, tracks)
        contrary = contrary or disagrees
        silent = silent or (_can_ask(history, each) and not any(_agrees(history, answer) for answer in answers))
    return replace(
        history,
        tracks=tracks,
        contrary_at_s=snapshot.at_s if contrary else history.contrary_at_s,
        heard_at_s=history.heard_at_s if silent else snapshot.at_s,
    )


def _can_ask(history: History, view: ServiceView) -> bool:
    return view.needed > 0 and history.modes.get(view.expected.name) is not ProofMode.PS


def _learn_mode(history: History, view: ServiceView, answers: list[Answer]) -> History:
    """Where the baseline could not be rehearsed on, the release's own first rounds pick the proof mode (design 2.1)."""
    named = [each for each in answers if each.is_ok and each.release == history.rollout.release]
    if view.expected.name in history.modes or not named:
        return history
    ids = {row.id for row in view.ours}
    mode = ProofMode.IDS if any(each.process in ids for each in named) else ProofMode.SAMPLED
    return replace(history, modes={**history.modes, view.expected.name: mode})


def _count(history: History, view: ServiceView, answers: list[Answer], at_s: float) -> History:
    """Tally answers while only running replicas of the release are there to give them."""
    name = view.expected.name
    is_settled = view.is_all_ours and len(view.running) == len(view.ours)
    tally = history.tallies.get(name, Tally())
    tally = _sample(history, tally, answers).after(answers, at_s) if is_settled else tally.cut_off()
    return replace(history, tallies={**history.tallies, name: tally})


def _sample(history: History, tally: Tally, answers: list[Answer]) -> Tally:
    in_a_row = tally.in_a_row
    for each in answers:
        if _agrees(history, each):
            in_a_row += 1
        elif _disagrees(history, each):
            in_a_row = 0
    is_restart = any(_is_wrong(history, each) for each in answers)
    return replace(tally, in_a_row=in_a_row, restarts=tally.restarts + is_restart)


def _credit(
    history: History, view: ServiceView, answers: list[Answer], tracks: dict[ProcessId, Track]
) -> tuple[dict[ProcessId, Track], bool]:
    """Credit each replica with its own answers; a contrary answer takes the service's credit away (design 2.2)."""
    old_ids = {row.id for row in view.others}
    contrary = [each for each in answers if _disagrees(history, each) and each.process not in old_ids]
    if contrary:
        tracks = {pid: replace(t, proven=t.proven and t.service != view.expected.name) for pid, t in tracks.items()}
    running = {row.id for row in view.running}
    for each in answers:
        if each.process in running and _agrees(history, each) and not contrary:
            tracks[each.process] = replace(tracks[each.process], proven=True, wrong_rounds=0)
    wrong = {each.process: each for each in answers if each.process in running and _is_wrong(history, each)}
    for pid, each in wrong.items():
        track = tracks[ProcessId(str(pid))]
        tracks[track.id] = replace(
            track, wrong_rounds=track.wrong_rounds + 1, wrong_answer=_said(each), wrong_release=each.release
        )
    return tracks, bool(contrary)


def _agrees(history: History, answer: Answer) -> bool:
    rollout = history.rollout
    is_stamped = not rollout.stamp or not answer.stamp or answer.stamp == rollout.stamp
    return answer.is_ok and answer.release == rollout.release and is_stamped and not answer.is_cached


def _disagrees(history: History, answer: Answer) -> bool:
    """It says something else. Without a release, or out of a cache, it says nothing (faults F39)."""
    says_nothing = answer.is_cached or (answer.is_ok and answer.release is None)
    return not says_nothing and not _agrees(history, answer)


def _is_wrong(history: History, answer: Answer) -> bool:
    """It answered well, for another release or with another build's stamp."""
    return answer.is_ok and answer.release is not None and not answer.is_cached and not _agrees(history, answer)


def _said(answer: Answer) -> str:
    return f"release {answer.release}" + (f", build stamp {answer.stamp}" if answer.stamp else "")


def _progress(history: History) -> History:
    """Note a new best count of running or proven replicas: what the deadline is measured from (design 2.2)."""
    seen = views(history)
    running = sum(min(len(view.running), max(view.needed, 1)) for view in seen)
    score = running + sum(track.proven for track in history.tracks.values())
    if score <= history.best:
        return history
    return replace(history, best=score, best_at_s=history.now_s, best_blind_s=history.blind_s)
