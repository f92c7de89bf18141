"""
Ship in many worlds, and hold each verdict against what is really there.

    python -m deployer.testing.simulate --seeds 4000 --base 0

runs the engine that production runs, in virtual time. Every invariant that is broken is printed with the seed that
reproduces it. The figures describe the rack model, not the world (faults 5.2).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from deployer.core.verdict import Verdict
from deployer.testing.schedule import draw
from deployer.testing.stage import Stage
from deployer.testing.truth import Truth


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a seed came to. `broken` names every invariant that does not hold."""

    seed: int
    verdict: Verdict
    broken: tuple[str, ...]
    fired: Counter[str]
    needless: bool = False


def play(seed: int) -> Outcome:
    """Run one seed and judge it by the ground truth."""
    stage = Stage(draw(seed))
    before = stage.begin()
    ended, bug = stage.run()
    truth = Truth(stage, ended, before)
    broken = [f"a bug of ours: {bug.error!r}"] if bug else []
    broken += truth.broken()
    fired = Counter({kind.name: n for kind, n in stage.weather.fired.items()})
    fired.update(act.name for _, act in stage.schedule.acts)
    return Outcome(seed, ended.verdict, tuple(broken), fired, truth.is_needless())


@dataclass(slots=True)
class Report:
    """Many seeds, added up."""

    verdicts: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    broken: list[Outcome] = field(default_factory=list)
    needless: list[int] = field(default_factory=list)
    seeds: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.verdicts[outcome.verdict.label] += 1
        self.fired.update(outcome.fired)
        if outcome.broken:
            self.broken.append(outcome)
        if outcome.needless:
            self.needless.append(outcome.seed)

    def __str__(self) -> str:
        bound = 3 / max(1, self.seeds)
        lines = [f"{self.seeds} seeds"]
        lines += [f"  {count:7d}  {label}" for label, count in self.verdicts.most_common()]
        lines += ["faults and acts that met somebody:"]
        lines += [f"  {count:7d}  {name}" for name, count in self.fired.most_common()]
        lines += [f"broken invariants: {len(self.broken)} of {self.seeds} (95 % bound of none: {bound:.5f})"]
        lines += [f"  seed {each.seed}: {'; '.join(each.broken)} [{each.verdict.label}]" for each in self.broken[:20]]
        lines += [f"good releases taken back needlessly: {len(self.needless)} of {self.seeds} {self.needless[:20]}"]
        return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--base", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--first", action="store_true", help="stop at the first broken seed; print how many it took")
    options = parser.parse_args(argv)
    report, began_s = Report(), time.perf_counter()
    with multiprocessing.Pool(options.jobs) as pool:
        for outcome in pool.imap(play, range(options.base, options.base + options.seeds), chunksize=20):
            report.add(outcome)
            if options.first and (report.broken or report.needless):
                break
    if options.first:
        print(report.seeds)  # noqa: T201
        return 1 if report.broken or report.needless else 0
    print(f"{report}\nin {time.perf_counter() - began_s:.1f} s")  # noqa: T201
    return 1 if report.broken or report.needless else 0


if __name__ == "__main__":
    sys.exit(main())
