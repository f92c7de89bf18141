"""Many seeds, added up; for each that failed, the line that plays it again."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from deployer.testing.simulation.play import Outcome

SHOWN = 20


@dataclass(slots=True)
class Report:
    """Memory grows with the seeds that failed, not with those that were played."""

    verdicts: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    exercised: Counter[str] = field(default_factory=Counter)
    broken: list[Outcome] = field(default_factory=list)
    seeds: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.verdicts[outcome.verdict] += 1
        self.fired.update(outcome.fired)
        self.exercised.update(outcome.exercised)
        if outcome.broken or outcome.needless:
            self.broken.append(outcome)

    @property
    def is_clean(self) -> bool:
        return not self.broken

    def __str__(self) -> str:
        needless = [each for each in self.broken if each.needless]
        lines = [f"{self.seeds} seeds ended as", *_table(self.verdicts)]
        lines += ["seeds in which it fired", *_table(self.fired)]
        lines += ["invariants, and how often each was put to the test", *_table(self.exercised)]
        broken = sum(bool(each.broken) for each in self.broken)
        lines += [f"broken invariants: {broken} of {self.seeds}{self._bound(broken)}"]
        lines += [f"good releases taken back needlessly: {len(needless)} of {self.seeds}{self._bound(len(needless))}"]
        return "\n".join(lines + [again(each) for each in self.broken[:SHOWN]])

    def _bound(self, found: int) -> str:
        return f" (95 % bound 3/{self.seeds})" if not found and self.seeds else ""


def again(outcome: Outcome) -> str:
    """One line that plays a failing seed again, on the code that it failed on."""
    what = "; ".join((*outcome.broken, *(["needless: a good release was taken back"] if outcome.needless else [])))
    return (
        f"seed {outcome.seed} at {commit()} [{outcome.verdict}]: {what}\n    make simulate SEEDS=1 BASE={outcome.seed}"
    )


@cache
def commit() -> str:
    """Of the tree that this code is in, `+` with changes of its own; "" where it is not in one."""
    here = ["git", "-C", str(Path(__file__).parent)]
    told = [
        subprocess.run([*here, *words], capture_output=True, text=True, check=False).stdout.strip()
        for words in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "--", "../.."])
    ]
    return told[0] + ("+" if told[1] else "")


def _table(counts: Counter[str]) -> list[str]:
    return [f"  {count:8d}  {name}" for name, count in counts.most_common()]
