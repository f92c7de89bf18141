"""What was done to an app, for a person and for a machine: a line a run, newest first."""

from __future__ import annotations

import json
from collections.abc import Sequence

from deployer.core.redact import scrub
from deployer.core.runs import Run
from deployer.render.words import duration, table


def history_text(runs: Sequence[Run]) -> str:
    if not runs:
        return "no run of it is remembered on this machine"
    rows = [("WHEN", "WHAT", "BY", "RELEASE", "VERDICT", "TOOK", "SHIP")]
    return scrub(table([*rows, *(_row(each) for each in runs)]), limit=100_000)


def _row(run: Run) -> tuple[str, ...]:
    when = f"{run.began.astimezone():%Y-%m-%d %H:%M}" if run.began else "–"
    if run.trouble:
        return (when, "–", "–", "–", run.trouble, "–", run.ship)
    verdict = run.verdict.label if run.verdict else "none: cut short, or at work"
    took = duration(run.seconds) if run.verdict else "–"
    return (when, run.command, run.actor, run.promoted or "–", verdict, took, run.ship)


def history_json(runs: Sequence[Run]) -> str:
    return json.dumps({"v": 1, "runs": [_plain(each) for each in runs]}, indent=2)


def _plain(run: Run) -> dict[str, object]:
    return {
        "ship": run.ship,
        "began": run.began.isoformat() if run.began else None,
        "command": run.command,
        "by": run.actor,
        "over": run.over,
        "promoted": run.promoted,
        "verdict": run.verdict.label if run.verdict else None,
        "exit_status": run.verdict.status if run.verdict else None,
        "serving": run.serving,
        "seconds": run.seconds,
        "trouble": run.trouble,
    }
