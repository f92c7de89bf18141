"""What a verdict claims, against what is really there: the invariants of faults 3.1, on the rack's own state."""

from __future__ import annotations

from dataclasses import dataclass

from deployer.core.events import Ended, Intended, Planned, Said
from deployer.core.verdict import Verdict
from deployer.testing.faults import Kind
from deployer.testing.schedule import GOOD, Act
from deployer.testing.stage import APP, Stage

# What a race with somebody else's promote can cost: as long as the rack's mirror lags, and our own read before a write.
RACE_S = 3.0
SETTLE_S = 150.0
# A soak that `crashes-late` cannot survive: it dies 20 s after its start.
LATE_S = 30.0
HOPELESS = frozenset({"errors-at-once", "never-ready", "lies", "crashes"})
WENT_BACK = frozenset({Verdict.ROLLED_BACK, Verdict.REVERTED})


@dataclass(slots=True)
class Truth:
    """The rack's own state at the verdict, and once everything has settled, against what the verdict claims."""

    stage: Stage
    ended: Ended
    before: str | None

    def broken(self) -> list[str]:
        now = (
            self._i1_success,
            self._i2_one_verdict,
            self._i3_theirs,
            self._i4_at_once,
            self._i4_off,
            self._i5_one_promote,
            self._i6_ignorance,
            self._i7_untouched,
            self._i11_plan_first,
            self._i16_healed,
            self._no_cancelled_rollback,
            self._live,
        )
        found = [text for check in now if (text := check())]
        self.stage.clock.limit_s = float("inf")
        self.stage.clock.advance(SETTLE_S)
        return found + [text for check in (self._i1_lasts, self._i4_back) if (text := check())]

    @property
    def _acts(self) -> set[Act]:
        return {act for _, act in self.stage.schedule.acts}

    @property
    def _is_calm(self) -> bool:
        """Nothing goes wrong but the release itself, and nobody else is about."""
        schedule = self.stage.schedule
        return not (schedule.faults or self._acts - {Act.RUN} or schedule.signal)

    def is_needless(self) -> bool:
        """A good release was taken back, and nobody else had a hand in it, nor a front door full of errors."""
        schedule = self.stage.schedule
        if self.stage.weather.fired[Kind.PROBE_5XX]:
            return False
        others = {Act.RACK_ERROR, Act.CANCEL, Act.PROMOTE} & self._acts
        return schedule.program in GOOD and not others and self.ended.verdict.status in (18, 20, 30, 31)

    def _i1_success(self) -> str:
        if self.ended.verdict is not Verdict.SHIPPED:
            return ""
        claimed, schedule = str(self.ended.release), self.stage.schedule
        replicas = self.stage.replicas()
        if self.stage.model.truth(APP).release != claimed:
            return "I1: shipped, and another release is active"
        if any(row.release != claimed for row in replicas):
            return "I1: shipped, and a replica of another release is there to stay"
        # looks that saw nothing may hide a death and its restart: the soak bears gaps of up to half a minute
        dies_in_soak = schedule.program == "crashes-late" and schedule.soak_s >= LATE_S and not schedule.faults
        program = self.stage.world.programs[schedule.program]
        is_ids = schedule.before == "good" and not schedule.acts
        was_mute = is_ids and any(program.is_mute(row.id) for row in replicas)
        if schedule.program in HOPELESS or dies_in_soak or was_mute or not any(row.ready for row in replicas):
            return "I1: shipped what cannot have been proven"
        return ""

    def _i1_lasts(self) -> str:
        """A good release that was shipped still serves when all has settled, unless others had a hand in it."""
        if self.ended.verdict is not Verdict.SHIPPED or self.stage.schedule.program not in GOOD or self.stage.theirs:
            return ""
        is_there = self.stage.model.truth(APP).release == str(self.ended.release)
        return "" if is_there or self._acts & {Act.RACK_ERROR, Act.CANCEL} else "I1: shipped, and it did not last"

    def _i2_one_verdict(self) -> str:
        count = len(self.stage.sink.of(Ended))
        return "" if count == 1 else f"I2: {count} verdicts"

    def _i3_theirs(self) -> str:
        """Nothing is written over what somebody promoted after our plan, but in seconds that nobody can see (0.15)."""
        lag_s = RACE_S + self.stage.schedule.physics.mirror_lag_s
        sink = self.stage.sink
        planned_s = next((t for e, t in zip(sink.events, sink.times_s, strict=True) if isinstance(e, Planned)), 0.0)
        for each in self.stage.overwritten:
            since_s = self.stage.theirs.get(each.active)
            if since_s is not None and planned_s < since_s < each.at_s - lag_s:
                return f"I3: {each.words} over somebody else's release"
        return ""

    def _i4_at_once(self) -> str:
        """Proven back means: at the verdict, replicas of what served before are ready and nothing of ours stays."""
        if self.ended.verdict not in WENT_BACK or self.stage.theirs:
            return ""
        target = self.stage.model.truth(APP).release
        replicas = self.stage.replicas()
        is_back = any(row.ready and row.release == target for row in replicas)
        return "" if is_back and all(row.release == target for row in replicas) else "I4: said back, and is not"

    def _i4_off(self) -> str:
        """Where the plan said that going back is off, nothing was written to go back."""
        is_off = any(not each.plan.goes_back for each in self.stage.sink.of(Planned))
        moves = [each.words for each in self.stage.overwritten]
        return f"I4: went back where that is off: {moves}" if is_off and len(moves) > 1 else ""

    def _i4_back(self) -> str:
        """Rolled back means: the content that served before serves again."""
        if self.ended.verdict not in WENT_BACK or self.stage.theirs:
            return ""
        active = self.stage.model.truth(APP).release
        if not active or not self.before:
            return "I4: went back to nothing"
        same = self.stage.model.release(APP, active).build == self.stage.model.release(APP, self.before).build
        return "" if same else "I4: went back to something else"

    def _i5_one_promote(self) -> str:
        promoted = [each for each in self.stage.rack.writes if each.startswith("promote ")]
        if len(promoted) != len(set(promoted)):
            return "I5: a release was promoted twice"
        return "" if len(promoted) <= 2 else "I5: more than one way back"

    def _i6_ignorance(self) -> str:
        """Out of sight: nothing was written after the promote."""
        if self.ended.verdict is not Verdict.LOST_SIGHT:
            return ""
        writes = self.stage.rack.writes
        after = writes[next((n for n, each in enumerate(writes) if each.startswith("promote ")), len(writes)) + 1 :]
        return f"I6: decided from ignorance: {after}" if after else ""

    def _i7_untouched(self) -> str:
        """A verdict that says untouched: nothing of ours is rolling out."""
        status, promoting = self.ended.verdict.status, [w.words for w in self.stage.overwritten if w.words != "cancel"]
        if not (10 <= status < 18 or status in (70, 129, 130, 143)) or not promoting:
            return ""
        ours = promoting[0].removeprefix("promote ")
        return "I7: said untouched, and ours is active" if self.stage.model.truth(APP).release == ours else ""

    def _no_cancelled_rollback(self) -> str:
        """A rollback of the rack is waited for, never cancelled: that would abort it (design 2.3)."""
        wrong = [each for each in self.stage.overwritten if each.words == "cancel" and each.status == "rollback"]
        return "a rollback was cancelled" if wrong else ""

    def _live(self) -> str:
        """In calm weather a good release ships, and a hopeless one ends with what served before."""
        schedule, verdict = self.stage.schedule, self.ended.verdict
        if not self._is_calm:
            return ""
        if schedule.program in GOOD:
            # rehearsed as `ids`, and the release does not name its processes: the front door proves nothing
            unproven = schedule.program == "anonymous" and schedule.before == "good" and verdict is Verdict.LOST_SIGHT
            return "" if verdict is Verdict.SHIPPED or unproven else f"a good release in calm weather: {verdict.label}"
        wanted = {None: {18, 31, 41}, "turned-bad": {31, 41}}.get(schedule.before, {20, 41})
        is_well = schedule.program not in HOPELESS or verdict.status in wanted
        return "" if is_well else f"a hopeless release in calm weather: {verdict.label}"

    def _i16_healed(self) -> str:
        """After going back the newest release has the good content, or it was said that it has not."""
        if self.ended.verdict not in WENT_BACK or {Act.ENV, Act.PROMOTE} & self._acts or self.before is None:
            return ""
        warned = any(each.step == "heal" and each.is_warning for each in self.stage.sink.of(Said))
        good, newest = self.stage.model.release(APP, self.before), self.stage.model.releases(APP, 1)[0]
        is_healed = (good.build, good.env) == (newest.build, newest.env)
        return "" if is_healed or warned else "I16: the newest release is not the good one"

    def _i11_plan_first(self) -> str:
        kinds = [type(event) for event in self.stage.sink.events]
        if Intended not in kinds:
            return ""
        is_first = Planned in kinds and kinds.index(Planned) < kinds.index(Intended)
        return "" if is_first else "I11: written before the plan"
