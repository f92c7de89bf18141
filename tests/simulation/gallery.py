"""
Known mistakes, put back one at a time into a copy of the tree: how many seeds until the simulation notices?

    python tests/simulation/gallery.py            all of them, and the table of docs/reliability.md

The first twenty negate the rules R1 to R20, each learned from somebody's outage (faults 2); the rest are our own: ten
that we thought of, and bugs that we had. The product has no switch for any of them: a mistake is a line of text
replaced. One that is not noticed is a bug of the simulation.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = 4000


@dataclass(frozen=True, slots=True)
class Mistake:
    """
    `rule` is negated by replacing `old` with `new` in `file`, where it stands exactly once; `also` are further
    replacements that the same mistake takes.
    """

    rule: str
    what: str
    file: str
    old: str
    new: str
    also: tuple[tuple[str, str, str], ...] = ()

    @property
    def edits(self) -> tuple[tuple[str, str, str], ...]:
        return ((self.file, self.old, self.new), *self.also)


HISTORY, JUDGE, PROOF = "core/history.py", "core/judge.py", "core/proof.py"
BACK, ROLL, WORLD, RUN = "engine/back.py", "engine/roll.py", "core/world.py", "engine/run.py"

MISTAKES = (
    Mistake(
        "R1",
        "what was seen before the rack showed the release counts",
        JUDGE,
        "if app is None or not history.is_ours:",
        "if app is None:",
    ),
    Mistake(
        "R2",
        "something is stable, whichever release it is",
        HISTORY,
        "ours=tuple(row for row in mine if row.release == release),",
        "ours=tuple(mine),",
    ),
    Mistake(
        "R3",
        "a healthy answer proves, whatever release it names",
        HISTORY,
        "return answer.is_ok and answer.release == rollout.release and is_stamped and not answer.is_cached",
        "return answer.is_ok and is_stamped and not answer.is_cached",
    ),
    Mistake(
        "R4",
        "one replica is enough",
        HISTORY,
        "return max(1, min(now, expected.desired) if expected.desired else now)",
        "return 1",
    ),
    Mistake(
        "R5",
        "one good sample is enough",
        JUDGE,
        "history.now_s - since_s >= soak_s(history, policy) and",
        "history.now_s - since_s >= 0 and",
    ),
    Mistake(
        "R6",
        "a service with nothing running has nothing to prove",
        PROOF,
        "return bool(seen) and all(each.is_proven for each in seen) and any(each.running for each in seen)",
        "return bool(seen) and all(each.is_proven or not each.running for each in seen)",
    ),
    Mistake(
        "R7",
        "a bad sample is overwritten by the next good one",
        JUDGE,
        "return replace(seen, proven_since_s=None, proven_at_s=None)",
        "return seen",
    ),
    Mistake(
        "R8",
        "no answer to a cancel is a yes",
        BACK,
        "return CANNOT_TELL if isinstance(error, CannotTell) else NOT_DONE",
        "return DONE",
    ),
    Mistake(
        "R9",
        "a deploy that failed ends with status 0",
        "core/verdict.py",
        'ROLLED_BACK = ("rolled-back", 20,',
        'ROLLED_BACK = ("rolled-back", 0,',
    ),
    Mistake(
        "R10",
        "an interruption after the promote is a mere cancel",
        RUN,
        "def _ended_by(error: DeployerError, summary: Summary, ports: Ports) -> Ended:\n    if summary.is_under_way:",
        "def _ended_by(error: DeployerError, summary: Summary, ports: Ports) -> Ended:\n    if False:",
    ),
    Mistake(
        "R11",
        "trouble with the rack is trouble with the release",
        JUDGE,
        'return LostSight(f"the rack did not answer',
        'return Doomed(Reason.STUCK, f"the rack did not answer',
    ),
    Mistake(
        "R12",
        "going back is over once the cancel was sent",
        BACK,
        "        if self.is_cancelled:\n            return self._prove_baseline()",
        "        if self.is_cancelled:\n"
        '            return self._ended(Verdict.ROLLED_BACK, self.order.serving, "as before")',
    ),
    Mistake(
        "R13",
        "one crash is a crash loop",
        JUDGE,
        "is_again = each.crashes > 1 and each.crashed_last_s - (each.crashed_since_s or 0.0) >= policy.crash_again_s",
        "is_again = each.crashes > 0",
    ),
    Mistake(
        "R14",
        "a wait without a deadline",
        ROLL,
        "if is_silent or now_s - self.began_s > policy.no_progress_s:",
        "if False:",
    ),
    Mistake(
        "R15",
        "the way back leads to the newest release",
        BACK,
        "copy_of(baseline, baseline, self.ports)",
        "copy_of(self.ports.rack.releases(1)[0].id, baseline, self.ports)",
    ),
    Mistake(
        "R16",
        "old processes that still serve are not kept",
        WORLD,
        "World.OURS_UPDATING: Move.CANCEL,",
        "World.OURS_UPDATING: Move.ROLL_BACK,",
    ),
    Mistake(
        "R17",
        "gone back where going back is off",
        BACK,
        "case Move.CANCEL | Move.ROLL_BACK if self.order.no_way_back:",
        "case Move.CANCEL | Move.ROLL_BACK if False:",
    ),
    Mistake(
        "R18",
        "a way back that fails is tried again",
        BACK,
        "return self.unconfirmed(f\"{made} could not be proven: {getattr(judgement, 'why', '')}\")",
        "return self._roll_back()",
    ),
    Mistake(
        "R19",
        "it loses patience sooner than the plan said",
        JUDGE,
        "patience_s = max((policy.no_progress_s,",
        "patience_s = min((20.0,",
    ),
    Mistake(
        "R20",
        "said healed, and nothing was done",
        BACK,
        "        newest = copy_of(target, target, ports)\n    except",
        "        newest = target\n    except",
    ),
    Mistake(
        "own 1",
        "the promote is sent again when nothing is seen",
        ROLL,
        "        if start and (lost := start.check(ports)):",
        "        if start and start.child.state().is_over:\n"
        "            ports.rack.promote(order.aim.release)\n"
        "        if start and (lost := start.check(ports)):",
    ),
    Mistake(
        "own 2",
        "a rollback of the rack is cancelled",
        WORLD,
        "World.ROLLING_BACK: Move.WAIT,",
        "World.ROLLING_BACK: Move.CANCEL,",
    ),
    Mistake(
        "own 3",
        "what is promoted is the newest release, whoever made it",
        ROLL,
        "return ports.rack.promote(release)",
        "return ports.rack.promote(ports.rack.releases(1)[0].id)",
    ),
    Mistake(
        "own 4",
        "an unanswered question is a bad answer",
        HISTORY,
        "[a for a in snapshot.answers if a.service == each.expected.name and not a.error]",
        "[replace(a, status_code=a.status_code or 503) for a in snapshot.answers if a.service == each.expected.name]",
    ),
    Mistake(
        "own 5",
        "a denied read dooms",
        JUDGE,
        'return LostSight(f"the rack denied',
        'return Doomed(Reason.STUCK, f"the rack denied',
    ),
    Mistake(
        "own 6",
        "one answer proves every replica",
        HISTORY,
        "tracks[each.process] = replace(tracks[each.process], proven=True, wrong_rounds=0)",
        "tracks = {pid: replace(t, proven=True, wrong_rounds=0) for pid, t in tracks.items()}",
    ),
    Mistake(
        "own 7",
        "a slow start is a failed one",
        "engine/observe.py",
        "start_budget_s=(spec.health_grace_s + 3 * spec.health_interval_s) * scale + policy.start_margin_s,",
        "start_budget_s=spec.health_grace_s * scale,",
    ),
    Mistake(
        "own 8",
        "a console is a replica",
        HISTORY,
        "return shape_of(row.id, row.service, is_agent=expected.is_agent) is Shape.REPLICA",
        "return True",
    ),
    Mistake(
        "own 9",
        "an empty list means that nothing runs",
        HISTORY,
        "if snapshot.processes == ():",
        "if False:",
    ),
    Mistake(
        "own 10",
        "no look before the promote",
        ROLL,
        "    if app.release != order.serving:\n        raise Busy",
        "    if False:\n        raise Busy",
    ),
    Mistake(
        "own 11",
        "time is told by the wall clock",
        "engine/look.py",
        "        ports.clock.now_s(),\n        reads.app,",
        "        ports.clock.utc().timestamp(),\n        reads.app,",
        also=(
            (
                "engine/watch.py",
                "History.of(self.rollout, self.ports.clock.now_s())",
                "History.of(self.rollout, self.ports.clock.utc().timestamp())",
            ),
        ),
    ),
    Mistake(
        "own 12",
        "the newest release is left as the failed one",
        BACK,
        "        heal(self.order.baseline.release, self.order, self.ports)\n",
        "",
    ),
    Mistake(
        "own 13",
        "a way back that was cut short is taken up as a ship",
        "engine/resume.py",
        "    if past.left and app.release != order.serving:\n",
        "    if False:\n",
        also=(
            (
                "engine/resume.py",
                "order = _order(request, plan, past.left or release, ports)",
                "order = _order(request, plan, release, ports)",
            ),
            ("engine/resume.py", "    if request.abort or past.doom:\n", "    if request.abort:\n"),
        ),
    ),
    Mistake(
        "own 14",
        "resume believes what the rack says a second after the promote",
        "engine/resume.py",
        "while past.is_promote_unknown and",
        "while False and",
    ),
    Mistake(
        "own 15",
        "who took the lock over is not asked for on the way back",
        BACK,
        "            case Move.CANCEL | Move.ROLL_BACK if taker := taker_of(self.order.ship, self.ports):",
        "            case Move.CANCEL | Move.ROLL_BACK if taker := None:",
    ),
    Mistake(
        "own 16",
        "the child of a promote that has no say any more goes on",
        ROLL,
        "        child.kill()  # it has no say any more",
        "        pass  # it has no say any more",
        also=((ROLL, "        self.child.kill()\n", ""),),
    ),
    Mistake(
        "own 17",
        "a secret is told in what the plan says of the env",
        "engine/prepare.py",
        "            about=str(changes),",
        '            about=str(changes) + sent["TOKEN"].reveal(),',
    ),
    Mistake(
        "own 18",
        "a release that dropped a service has no way back",
        "engine/prepare.py",
        "expect(each, mode_of(each, policy)[0], policy) for each in draft.rehearsals",
        "expect(each, None, policy) for each in draft.rehearsals",
    ),
    Mistake(
        "own 19",
        "a process of a timer is a replica",
        "core/names.py",
        "        return Shape.TIMER\n",
        "        return Shape.REPLICA\n",
    ),
    Mistake(
        "own 20",
        "who took the lock over is not asked for before the promote",
        ROLL,
        "    if taker := taker_of(ship, ports):",
        "    if taker := None:",
    ),
    Mistake(
        "own 21",
        "a rollback goes on where another has taken its place",
        "engine/rollback.py",
        "        if overtaken := _overtaken(app, seen, order, ports):",
        "        if overtaken := None:",
    ),
    Mistake(
        "own 22",
        "a rollback that has cancelled a rollout says that nothing was touched",
        RUN,
        '    if summary.is_cancelled:\n        return _left_cancelled(f"{error.what}',
        '    if False:\n        return _left_cancelled(f"{error.what}',
    ),
    Mistake(
        "own 23",
        "a glimpse proves who cannot be asked",
        PROOF,
        "return max(policy.soak_s, policy.unasked_s) if is_unasked else policy.soak_s",
        "return policy.soak_s",
    ),
    Mistake(
        "own 24",
        "a crash that is over between two looks was none",
        HISTORY,
        "        seen = replace(seen, contrary_at_s=snapshot.at_s)\n    return _progress",
        "        seen = replace(seen, contrary_at_s=seen.contrary_at_s)\n    return _progress",
        also=((HISTORY, "proven=each.proven and each.id not in restarted", "proven=each.proven"),),
    ),
    Mistake(
        "own 25",
        "a soak is time without progress",
        JUDGE,
        "history.ours_since_s or 0.0, history.good_at_s or 0.0)",
        "history.ours_since_s or 0.0, history.proven_at_s or 0.0)",
    ),
    Mistake(
        "own 26",
        "a rollback goes by what it saw before its question was answered",
        "engine/rollback.py",
        "    while True:\n        app = ports.rack.app()\n",
        "    app = seen.app\n    while True:\n",
        also=(
            (
                "engine/rollback.py",
                "        ports.clock.sleep(order.policy.cancel_retry_s)\n\n",
                "        ports.clock.sleep(order.policy.cancel_retry_s)\n        app = ports.rack.app()\n\n",
            ),
        ),
    ),
)


def seeds_until_caught(mistake: Mistake | None) -> int | None:
    """Play seeds against a copy of the tree with the mistake in it; `None` when none of `SEEDS` notices anything."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "deployer"
        shutil.copytree(ROOT / "deployer", copy, ignore=shutil.ignore_patterns("__pycache__"))
        if mistake:
            for file, old, new in mistake.edits:
                put_in(mistake.rule, copy / file, old, new)
        command = [sys.executable, "-m", "deployer.testing.simulation", "--seeds", str(SEEDS), "--jobs", "1", "--first"]
        played = subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, text=True, check=False
        )
        if played.returncode not in (0, 1):
            raise RuntimeError(f"{mistake.rule if mistake else 'none'}: {played.stderr[-500:]}")
        return int(played.stdout) if played.returncode else None


def put_in(rule: str, path: Path, old: str, new: str) -> None:
    """Raises LookupError when the code has moved on and the mistake no longer fits."""
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise LookupError(f"{rule}: found {text.count(old)} times in {path.name}: {old!r}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def main() -> int:
    wanted = [each for each in MISTAKES if not sys.argv[1:] or each.rule in sys.argv[1:]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # what the tree as it is gets wrong would be counted as the mistake's
        found, *caught = pool.map(seeds_until_caught, (None, *wanted))
    if found:
        print(f"seed {found - 1} is broken without any mistake put back")  # noqa: T201
        return 2
    print("| rule | the mistake | seeds until noticed |\n|---|---|---|")  # noqa: T201
    for each, seeds in zip(wanted, caught, strict=True):
        print(f"| {each.rule} | {each.what} | {seeds or f'not in {SEEDS}'} |")  # noqa: T201
    took = [each for each in caught if each]
    middle = f"; median {statistics.median(took):.0f} seeds, worst {max(took)}" if took else ""
    print(f"\n{len(took)} of {len(wanted)} noticed{middle}")  # noqa: T201
    return 0 if len(took) == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
