"""
Ship in many worlds, and hold each verdict against what is really there.

    python -m deployer.testing.simulation --seeds 4000 --base 0

runs the engine that production runs, in virtual time. Every invariant that is broken is printed with the line that
plays its seed again; the status is 1 then. The figures describe the rack model, not the world (faults 5.2).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator

from deployer.testing.simulation.play import Outcome, play
from deployer.testing.simulation.report import Report


def play_all(base: int, seeds: int, jobs: int | None = None) -> Iterator[Outcome]:
    """The outcomes in the order of their seeds, from `jobs` processes side by side: as many as there are cores."""
    jobs = jobs or os.cpu_count() or 1
    wanted = range(base, base + seeds)
    if jobs == 1:
        yield from map(play, wanted)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(play, wanted, chunksize=20)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--base", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, help="processes side by side")
    parser.add_argument("--first", action="store_true", help="stop at the first broken seed; print how many it took")
    options = parser.parse_args(argv)
    report, began_s = Report(), time.perf_counter()
    for outcome in play_all(options.base, options.seeds, options.jobs):
        report.add(outcome)
        if options.first and not report.is_clean:
            break
    told = str(report.seeds) if options.first else f"{report}\nin {time.perf_counter() - began_s:.1f} s"
    print(told)  # noqa: T201
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
