"""
What a verdict claims, against what is really there: at the verdict, and once all has settled (faults 3.1).

What must hold at every step on the way is in `steps`.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.core.events import Ended, Judged, Looked, Planned, Said
from deployer.core.verdict import Verdict
from deployer.engine.resume import OLD_S
from deployer.testing.simulation.layout import is_good, is_hopeless
from deployer.testing.simulation.proof import HANGING_S, SLACK_S, Claim, Proof
from deployer.testing.simulation.runs import Run, Runs
from deployer.testing.simulation.schedule import ON_OUR_SIDE, Act, Errand
from deployer.testing.simulation.seat import APP, Seat
from deployer.testing.simulation.stage import Stage
from deployer.testing.simulation.steps import Steps
from deployer.testing.simulation.weather import Kind

SETTLE_S = 150.0
PROVEN = frozenset({Verdict.SHIPPED, Verdict.RESTORED})
WENT_BACK = frozenset({Verdict.ROLLED_BACK, Verdict.REVERTED})


@dataclass(slots=True)
class Truth:
    """The rack's own state at a seat's last verdict, and once all has settled, against what the verdict claims."""

    stage: Stage
    seat: Seat
    steps: Steps
    runs: Runs

    @property
    def last(self) -> Run:
        return self.runs.done[-1]

    @property
    def verdict(self) -> Verdict | None:
        """`None` when the last run was killed."""
        return self.last.ended.verdict if self.last.ended else None

    @property
    def has_gone_back(self) -> bool:
        """Said so: `restored` too, where a ship was taken up to be aborted."""
        is_aborted = self.verdict is Verdict.RESTORED and self.seat.schedule.errand is not Errand.ROLLBACK
        return self.verdict in WENT_BACK or is_aborted

    @property
    def is_untouched(self) -> bool:
        """Nothing goes wrong but the release itself, and nobody else is about."""
        schedule = self.seat.schedule
        acts = schedule.kinds - {Act.RUN, Act.TASK} - ON_OUR_SIDE
        return schedule.back.is_mild and not (
            schedule.faults or acts or schedule.signals or schedule.kills or schedule.is_locked
        )

    def check(self) -> None:
        """Hold everything, now and once the world has settled; `steps.broken` and `steps.exercised` tell."""
        for run in self.runs.done:
            self._ended(run)
        self._success()
        self._went_back()
        self._settled()
        self._calm()
        self._healed()
        self.stage.clock.limit_s += SETTLE_S
        if self.verdict in PROVEN | WENT_BACK or self.stage.weather.fired[Kind.PROMOTE_WAITS]:
            self.seat.clock.advance(SETTLE_S)
            self._lasts()
            self._holds("I5", not self.seat.strays, "a child that was left waiting promoted behind our back")

    def is_needless(self) -> bool:
        """A good release was taken back, and nobody else had a hand in it, nor a front door full of errors."""
        schedule, stage = self.seat.schedule, self.stage
        if self.verdict is None or stage.weather.fired[Kind.PROBE_5XX] or not self._is_good():
            return False
        is_ours = schedule.errand in (Errand.SHIP, Errand.RELEASE) and not self.is_aborted
        # shot as well, what stumbles looks like a crash loop, and what is slow is later than its budget for a start
        is_shot = schedule.program in ("stumbles", "slow") and stage.met[Act.CRASH]
        is_helped = stage.is_meddled(self.seat) or self.seat.schedule.physics.deadline_s < 100.0
        return is_ours and not is_shot and not is_helped and self.verdict.status in (18, 20, 30, 31)

    @property
    def is_aborted(self) -> bool:
        """A person took up what was cut short, to take it back."""
        return self.seat.schedule.aborts and len(self.runs.done) > 1

    def _is_good(self) -> bool:
        return is_good(self.seat.schedule.program, self.seat.schedule.layout.reach)

    # Every run

    def _ended(self, run: Run) -> None:
        verdicts = run.sink.of(Ended)
        self._holds("I2", len(verdicts) == (run.ended is not None), f"{len(verdicts)} verdicts")
        self._holds("I2", run.bug is None or self.stage.weather.fired[Kind.BUG] > 0, f"a bug of ours: {run.bug}")
        if run.ended is None:
            return
        ended, status = run.ended, run.ended.verdict.status
        is_well = ended.verdict in PROVEN | {Verdict.UNVERIFIED}
        self._holds("I10", (status == 0) == is_well, f"{ended.verdict.label} ends with status {status}")
        is_open = status in (30, 31, 41, 42)
        self._holds("I7", not is_open or bool(ended.hints), f"{ended.verdict.label} names no way on")
        cancelled = [at_s for at_s, by, words in self.stage.moves if by is self.seat and words == "cancel"]
        is_untouched = (10 <= status < 18 or status in (70, 129, 130, 143)) and any(
            run.began_s <= at_s <= run.began_s + ended.seconds for at_s in cancelled
        )
        self._holds("I7", not is_untouched, f"{ended.verdict.label} says untouched, and it has cancelled a rollout")
        if Judged("settled") in run.sink.events and not any(e.judgement == "doomed" for e in run.sink.of(Judged)):
            is_told = ended.verdict in PROVEN | {Verdict.REVERTED, Verdict.ROLLED_BACK}
            self._holds("I14", is_told, f"settled, and then {ended.verdict.label}")
        self._bounded(run)
        if ended.verdict is Verdict.LOST_SIGHT and "releases promote" not in str(ended.hints):
            after = run.writes[next((n for n, w in enumerate(run.writes) if w.startswith("promote ")), -1) + 1 :]
            self._holds("I6", not after or run.command == "rollback", f"decided from ignorance: {after}")

    def _bounded(self, run: Run) -> None:
        plans = run.sink.of(Planned)
        if run.ended is None or not plans:
            return
        policy = plans[0].plan.policy
        naps_s = 1200.0 * self.stage.met[Act.SLEEP]
        limit_s = policy.wait_busy_s + policy.worst_cases[-1][1] - policy.build_s + naps_s
        self._holds("I12", run.ended.seconds <= limit_s, f"took {run.ended.seconds:.0f} s of {limit_s:.0f} s")

    # What is claimed

    def _success(self) -> None:
        if self.verdict in PROVEN and not self.has_gone_back:
            policy, is_rollback = self.seat.schedule.policy, self.seat.schedule.errand is Errand.ROLLBACK
            soak_s = min(policy.soak_s, policy.proven_back_s) if is_rollback else policy.soak_s
            release = str(self.last.ended and self.last.ended.release)
            self._proven("shipped", release, soak_s)
            if self.stage.before and self.seat.schedule.errand in (Errand.SHIP, Errand.RELEASE):
                builds = [self.stage.model.release(APP, each).build for each in (release, self.stage.before)]
                self._holds("I1", builds[0] != builds[1], "shipped, and it is what served before")

    @property
    def _before(self) -> str | None:
        """What served when it was planned: a rollout that was on when the first run began may be at rest by then."""
        stage = self.stage
        return stage.rolling if stage.rolling and self.steps.baseline == stage.rolling else stage.before

    def _went_back(self) -> None:
        """Proven back means: the content that served before serves again, and was seen to."""
        stage = self.stage
        if not self.has_gone_back or not self.last.ended:
            return
        release = str(self.last.ended.release)
        self._proven("gone back", release, self.seat.schedule.policy.proven_back_s)
        theirs = stage.theirs(self.seat)
        self._holds("I4", stage.before is not None or bool(theirs), "went back to nothing")
        if self._before and not theirs:
            made, before = (stage.model.release(APP, each) for each in (release, self._before))
            self._holds("I4", made.build == before.build, "went back to something else")

    def _proven(self, said: str, release: str, soak_s: float) -> None:
        stage = self.stage
        is_active = stage.model.truth(APP).release == release
        since_s = max(stage.theirs(self.seat).values(), default=float("-inf"))
        schedule = self.seat.schedule
        is_race = stage.clock.now_s() - since_s <= schedule.physics.mirror_lag_s + schedule.policy.tick_s + 1
        self._holds("I1", is_active or is_race, f"{said}, and another release is active")
        looks = [each for each in self.last.sink.of(Looked) if each.release == release]
        modes = {each.service: each.mode for each in looks[-1].progress} if looks else {}
        hangs = any(stage.weather.fired[kind] for kind in (Kind.READ_HANGS,)) or stage.met[Act.SLEEP]
        slack_s = HANGING_S + 1200.0 * stage.met[Act.SLEEP] if hangs else SLACK_S
        claim = Claim(release, soak_s, {str(k): v for k, v in modes.items()}, self.last.began_s)
        missing = Proof(stage, self.steps.shown, claim, slack_s).missing()
        self._holds("I1", not missing, f"{said}, and {missing}")
        was_shot = schedule.errand in (Errand.SHIP, Errand.RELEASE) and said == "shipped"
        hopeless = was_shot and is_hopeless(schedule.program, schedule.layout.reach)
        self._holds("I1", not hopeless, f"{said}, and it can never be proven")

    def _lasts(self) -> None:
        """A good release that was proven still serves when all has settled, unless others had a hand in it."""
        stage = self.stage
        is_ours = self.seat.schedule.errand in (Errand.SHIP, Errand.RELEASE) and self.verdict is Verdict.SHIPPED
        if not is_ours or not self._is_good() or stage.is_meddled(self.seat) or not self.last.ended:
            return
        if self.seat.schedule.physics.deadline_s < 100.0:
            return
        is_there = stage.model.truth(APP).release == str(self.last.ended.release)
        self._holds("I1", is_there, "shipped, and it did not last")
        self._holds("I7", stage.model.app(APP).status == "running", "shipped, and the app is not at rest")

    # What is left

    def _settled(self) -> None:
        """A verdict that says untouched: nothing of ours is active."""
        if self.verdict is None or self.seat.schedule.errand is Errand.AGAIN:
            return
        status, ours = self.verdict.status, self.steps.promoted
        is_left = self.is_aborted and self.seat.schedule.resume_after_s > OLD_S  # not without a yes
        if ours and not is_left and (10 <= status < 18 or status in (70, 129, 130, 143)):
            is_ours = self.stage.model.truth(APP).release in ours
            self._holds("I7", not is_ours, f"{self.verdict.label} says untouched, and ours is active")
        if self.verdict is Verdict.FIRST_FAILED:
            rows = [row for row in self.stage.replicas() if row.release in ours]
            self._holds("I7", not rows, "first-failed, and processes of it are there to stay")

    def _calm(self) -> None:
        """In calm weather a good release ships, and a hopeless one ends with what served before, if that serves."""
        schedule, verdict = self.seat.schedule, self.verdict
        is_ship = schedule.errand in (Errand.SHIP, Errand.RELEASE)
        if not self.is_untouched or not is_ship or verdict is None or schedule.physics.deadline_s < 100.0:
            return
        if schedule.wishes.no_verify or schedule.wishes.command_ends or verdict is Verdict.BUSY:
            return  # a baseline that turns bad while it is rolled out never comes to rest
        if self._is_good():
            is_provable = schedule.program not in ("anonymous", "nameless") and schedule.companion == "good"
            wanted = {0} if is_provable else {0, 41}
        elif is_hopeless(schedule.program, schedule.layout.reach):
            goes_back = self.steps.baseline_served and not self.steps.no_way_back
            wanted = {41, 18, 31} if schedule.before is None else {41, 20} if goes_back else {31, 41}
            # a service that nobody can ask may have been bad before: then no way back can be proven
            # a write that failed is tried again where it was a cancel; a copy is one way back, and there is no other
            # one whose reply was lost is not known to have been made, and a status that lingers is waited for
            is_copied = any(each.startswith("create-from") for each in self.last.writes)
            is_struck = schedule.back.faults and (is_copied or self.stage.weather.fired[Kind.REPLY_LOST])
            wanted |= {30} if is_struck or schedule.before in ("turned-bad", "crashing") else set()
        else:
            return
        said = f"{schedule.program} over {schedule.before} in calm weather: {verdict.label}"
        self._holds("live", verdict.status in wanted, said)

    def _healed(self) -> None:
        """After going back the newest release has the good content, or it was said that it has not."""
        stage = self.stage
        if (
            not self.has_gone_back
            or self._before is None
            or stage.has_new_release(self.seat)
            or stage.is_meddled(self.seat)
        ):
            return
        warned = any(each.step == "heal" and each.is_warning for each in self.last.sink.of(Said))
        good, newest = stage.model.release(APP, self._before), stage.model.releases(APP, 1)[0]
        is_healed = (good.build, good.env) == (newest.build, newest.env)
        self._holds("I16", is_healed or warned, "the newest release is not the good one")

    def _holds(self, invariant: str, is_held: bool, otherwise: str) -> None:
        self.steps.exercised[invariant] += 1
        if not is_held:
            self.steps.broken.append(f"{invariant}: {otherwise}")
