"""
Whether what was shown proves a release: design 2.2 said a second time, on the record of what was shown.

Written apart from the judge on purpose, and after the fact: it has the whole record before it, and no state.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from deployer.core.models import Answer, ProofMode
from deployer.rackmodel import ProcessKind, ProcessRow
from deployer.rackmodel.manifest_read import read_manifest
from deployer.testing.simulation.seat import APP
from deployer.testing.simulation.stage import Stage
from deployer.testing.simulation.steps import Shown

# Between a look at the rows and the moment that it counts from; a read that hangs takes longer.
SLACK_S = 1.5
HANGING_S = 45.0
# A soak begins with a look, and restarts are counted in the next one.
COUNTED_S = 0.3
SERVED_NOT = frozenset({"failed", "complete"})


@dataclass(frozen=True, slots=True)
class Claim:
    """`release` is said to be proven, for `soak_s`, service by service in `modes`. `began_s`: when the run began."""

    release: str
    soak_s: float
    modes: dict[str, ProofMode | None]
    began_s: float


@dataclass(slots=True)
class Proof:
    """What was shown up to now, against a claim."""

    stage: Stage
    shown: Shown
    claim: Claim
    slack_s: float = SLACK_S

    def missing(self) -> str:
        """Why the claim is not proven by what was shown; "" if it is."""
        # no rows at all are no answer: a lost reply, or a list from before the first promote
        looks = [(at_s, rows) for at_s, rows in self.shown.rows if at_s >= self.claim.began_s and rows]
        if not looks:
            return "no process was ever seen"
        end_s = looks[-1][0]
        if self.stage.clock.now_s() - end_s > self.slack_s + self.stage.schedule.policy.tick_s:
            return "the last look is long ago"
        return (
            self._window(looks, end_s) or self._restarted(end_s) or self._contrary(end_s) or self._unheard(looks[-1][1])
        )

    def _window(self, looks: list[tuple[float, list[ProcessRow]]], end_s: float) -> str:
        """Back from the last look: every one is good, none is missing for too long, until the soak is over."""
        later_s = end_s
        for at_s, rows in reversed(looks):
            if later_s - at_s > self.stage.schedule.policy.gap_s + self.slack_s:
                return f"nothing was seen for {later_s - at_s:.0f} s"
            if why := self._ill(rows):
                return f"{end_s - at_s:.0f} s before the last look {why}"
            if end_s - at_s >= self.claim.soak_s - self.slack_s:
                return ""
            later_s = at_s
        return f"watched for {end_s - later_s:.0f} s only"

    def _ill(self, rows: list[ProcessRow]) -> str:
        """What is wrong with one look at the rows."""
        for name, least in self._services().items():
            own = [row for row in rows if row.service == name and row.kind is ProcessKind.REPLICA]
            if any(row.release != self.claim.release and row.status.value not in SERVED_NOT for row in own):
                return f"{name} had a process on another release"
            running = [row for row in own if row.release == self.claim.release and row.status.value == "running"]
            if len(running) < least:
                return f"{name} had {len(running)} of {least} processes running"
        return ""

    def _restarted(self, end_s: float) -> str:
        """No process was counted with more restarts at one end of the soak than at the other."""
        counts = [each for at_s, each in self.shown.restarts if end_s - self.claim.soak_s + COUNTED_S < at_s]
        for one, later in itertools.pairwise(counts):
            fallen = next((pid for pid, restarts in later.items() if restarts > one.get(pid, restarts)), None)
            if fallen and self._is_of_the_release(fallen):
                return f"{fallen} crashed in the soak"
        return ""

    def _is_of_the_release(self, process: str) -> bool:
        rows = self.shown.rows[-1][1]
        return any(row.id == process and row.release == self.claim.release for row in rows)

    def _services(self) -> dict[str, int]:
        """The fewest replicas that were ever wanted of each service of the release, and one at least."""
        manifest = read_manifest(self.stage.model.release(APP, self.claim.release).manifest, {})
        least = self.stage.least
        return {each.name: max(1, least[each.name]) if least[each.name] else 0 for each in manifest.services}

    def _contrary(self, end_s: float) -> str:
        """No answer in the soak said anything else."""
        for at_s, answers in self.shown.answers:
            if not end_s - self.claim.soak_s + self.slack_s < at_s <= end_s:
                continue
            wrong = next((each for each in answers if self._says_otherwise(each)), None)
            if wrong:
                return f"{end_s - at_s:.0f} s before the last look {wrong.service} said {_said(wrong)}"
        return ""

    def _says_otherwise(self, answer: Answer) -> bool:
        if answer.error or answer.is_cached or answer.service not in self.claim.modes:
            return False
        if answer.status_code is None or not 200 <= answer.status_code < 300:
            return True
        return answer.release is not None and answer.release != self.claim.release

    def _unheard(self, rows: list[ProcessRow]) -> str:
        """Each service that can be asked has answered, in its own mode, for the release."""
        answers = [each for at_s, seen in self.shown.answers if at_s >= self.claim.began_s for each in seen]
        good = [each for each in answers if not each.error and self._is_good(each)]
        for name, mode in self.claim.modes.items():
            own = [row for row in rows if row.service == name and row.kind is ProcessKind.REPLICA]
            if mode is ProofMode.IDS and (deaf := {row.id for row in own} - {each.process for each in good}):
                least = self._services().get(name, 0)
                if len(own) - len(deaf) < least:
                    return f"{len(deaf)} processes of {name} never answered for it"
            if mode is ProofMode.SAMPLED and own:
                needed = 1 if len(own) == 1 else math.ceil(math.log(0.01) / math.log(1 - 1 / len(own)))
                if sum(each.service == name for each in good) < needed:
                    return f"{name} gave fewer than {needed} answers for it"
        return ""

    def _is_good(self, answer: Answer) -> bool:
        is_ok = answer.status_code is not None and 200 <= answer.status_code < 300
        return is_ok and not answer.is_cached and answer.release == self.claim.release


def _said(answer: Answer) -> str:
    return f"HTTP {answer.status_code}" if not answer.is_ok else f"it is {answer.release}"
