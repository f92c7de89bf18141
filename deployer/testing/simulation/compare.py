"""
Ours beside what people do without it, on the same seeds.

    python -m deployer.testing.simulation.compare --seeds 4000 --base 5000000

prints the table of docs/reliability.md. Every world is a plain ship that nobody interrupts, so that the scripts, which
know no more, are measured fairly. The figures describe the rack model, not the world (faults 5.2).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from deployer.core.errors import DeployerError
from deployer.core.verdict import Verdict
from deployer.testing.simulation.layout import is_good
from deployer.testing.simulation.naive import SCRIPTS, Policed, Said, Script
from deployer.testing.simulation.runs import Runs
from deployer.testing.simulation.schedule import SECOND, Back, Errand, Schedule, Wishes, draw
from deployer.testing.simulation.seat import APP
from deployer.testing.simulation.stage import Stage
from deployer.testing.simulation.weather import Kind

WATCHED_S = 120.0
OURS = "deployer"
# What is not counted against anybody: a bug of ours to order, and a laptop's sleep, are not in a script's world.
NOT_THEIRS = frozenset({Kind.BUG})
COLUMNS = {
    "false": "said success, and it did not serve",
    "later": "said success, and it went bad within 120 s",
    "needless": "a good release taken back",
    "over": "wrote over somebody else's release",
    "failed": "said failed, and the new one serves",
    "open": "says: look, or page somebody (3x, 4x)",
}


def compare(seed: int) -> dict[str, Counter[str]]:
    """What each came to in the world of a seed, by the columns of the table."""
    schedule = _plain(draw(seed))
    scripts = {name: _score(schedule, partial(_script, how)) for name, how in SCRIPTS.items()}
    return {OURS: _score(schedule, _ours), **scripts}


def _plain(schedule: Schedule) -> Schedule:
    """A ship that nobody interrupts, on an app that serves and that nobody has locked."""
    faults = tuple(each for each in schedule.faults if each.kind not in NOT_THEIRS)
    before = schedule.before if schedule.before not in (None, "crashing", "turned-bad") else "before"
    return replace(
        schedule,
        errand=Errand.SHIP,
        before=before,
        wishes=Wishes(),
        signals=(),
        kills=(),
        back=Back(),
        is_locked=False,
        faults=faults,
        acts=tuple(each for each in schedule.acts if each[1] not in SECOND),
    )


def _score(schedule: Schedule, go: Callable[[Stage], tuple[Said | None, str]]) -> Counter[str]:
    stage = Stage(schedule)
    stage.begin()
    over: list[str] = []
    stage.open()
    began_s = stage.clock.now_s()
    stage.first.rack.on_write = lambda words: over.append(words) if _is_over(words, stage, began_s) else None
    said, release = go(stage)
    serves, others = stage.serves(release), sum(stage.met.values())
    found: Counter[str] = Counter()
    found["over"] = bool(over)
    found["false"] = said is Said.SUCCESS and not serves and not _is_in_flux(stage)
    found["failed"] = said is Said.FAILED and serves
    found["open"] = said is None
    found["needless"] = said is Said.ROLLED_BACK and _was_good(stage)
    stage.clock.advance(WATCHED_S)
    is_undisturbed = sum(stage.met.values()) == others
    found["later"] = said is Said.SUCCESS and serves and is_undisturbed and not stage.serves(release, fully=False)
    return found


def _is_over(words: str, stage: Stage, began_s: float) -> bool:
    """A write that moves the app, while what somebody else has promoted since we began is what is active."""
    is_move = words == "cancel" or words.startswith("promote ")
    return is_move and stage.theirs(stage.first).get(stage.model.truth(APP).release, 0.0) > began_s


def _is_in_flux(stage: Stage) -> bool:
    """Somebody moved it in the last seconds: no look could have shown it."""
    lag_s = stage.schedule.physics.mirror_lag_s + 5.0
    last_s = max((at_s for at_s in stage.touched_s), default=float("-inf"))
    return stage.clock.now_s() - last_s < lag_s


def _was_good(stage: Stage) -> bool:
    is_helped = stage.is_meddled(stage.first) or stage.schedule.physics.deadline_s < 100.0
    is_well = is_good(stage.schedule.program, stage.schedule.layout.reach)
    return is_well and not is_helped and not stage.weather.fired[Kind.PROBE_5XX]


def _ours(stage: Stage) -> tuple[Said | None, str]:
    runs = Runs(stage, stage.first, lambda _: None, stage.first.rack.on_write)
    runs.play()
    ended = runs.done[-1].ended
    if ended is None:
        raise ValueError("nobody was killed")
    release = runs.done[-1].past.promoting or ""
    status = ended.verdict.status
    if ended.verdict is Verdict.SHIPPED:
        return Said.SUCCESS, str(ended.release)
    if status >= 30 and status < 50:
        return None, release
    return (Said.ROLLED_BACK if status in (18, 20) else Said.FAILED), release


def _script(how: tuple[Policed, bool], stage: Stage) -> tuple[Said | None, str]:
    is_good_now, rolls_back = how
    script = Script(stage, is_good_now, rolls_back=rolls_back)
    try:
        return script.run(), script.release
    except DeployerError:
        return Said.FAILED, script.release


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--base", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    options = parser.parse_args(argv)
    found: dict[str, Counter[str]] = {}
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        wanted = range(options.base, options.base + options.seeds)
        for each in pool.imap_unordered(compare, wanted, chunksize=20):
            for name, counts in each.items():
                found.setdefault(name, Counter()).update(counts)
    print(table(found, options.seeds))  # noqa: T201
    return 0


def table(found: dict[str, Counter[str]], seeds: int) -> str:
    """Counts of `seeds`, and shares; for none, the bound."""
    lines = [f"| of {seeds:,} worlds | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, counts in found.items():
        cells = (_cell(counts[column], seeds) for column in COLUMNS)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"0 of {seeds:,} has a 95 % bound of 3/{seeds:,}."])


def _cell(count: int, seeds: int) -> str:
    return f"{count} ({100 * count / seeds:.2f} %)" if count else "0"


if __name__ == "__main__":
    sys.exit(main())
