"""`docs/simulation.md`: what can happen in a simulated world, by rows of the fault matrix, and where the rest is."""

from __future__ import annotations

import re

from deployer.testing.simulation.schedule import Act, Errand
from deployer.testing.simulation.weather import Kind

ROW = re.compile(r"\bF(\d+)\b")
# Below the engine's ports, or beside them: nothing that virtual time could show.
ELSEWHERE = {
    4: "no CLI, or too old a one: the adapter and the start (`tests/matrix`, `tests/contract/test_start.py`)",
    19: "standard input: children are given their own (`tests/matrix`, `tests/unit/convox`)",
    20: "a closed pipe: renderers (`tests/matrix`)",
    21: "a full disk: the journal (`tests/matrix`, `tests/unit/ledger`)",
    47: "a notifier that hangs: there is none yet; a sink that fails (`tests/matrix`)",
    50: "an odd home, or none (`tests/matrix`)",
}
# The end of a process of ours, which `schedule.Kill` and `signals` draw.
ENDS = {
    22: "SIGINT, at any instant",
    23: "a second signal: the first one has ended the run by then; real processes (`tests/scenario`)",
    24: "SIGTERM, at any instant",
    25: "SIGHUP, at any instant",
    26: "SIGKILL, at any instant, or at a write: before it goes out, or after its effect",
    27: "GitHub's sequence: INT, 7.5 s, TERM, 2.5 s, KILL",
}
ROLLING = "- roll back a release of somebody's that is being rolled out, and is bad"
# What code a release has, and how the rack behaves, which `layout.PROGRAMS` and `Physics` draw.
WORLDS = {
    32: "an app that stays Pending for two minutes",
    33: "an empty process list",
    37: "timers that run jobs, short and long ones, and ones that fail",
    41: "releases whose health answers fail from the start, or after a while",
    46: "an old process that restarts with the env of the new release, and says so",
}


def page() -> str:
    head = """# What happens in the simulation

Each seed draws what is asked for, an app, a rack, its weather and the others who are at work on it; see
[reliability.md](reliability.md) for what came out. Rows are those of the [fault matrix](fault-matrix.md).

A second run of ours is the same engine, on the same rack, in the same virtual time; every invariant is held for both.

"""
    parts = (
        ("What is asked for", [f"- {each.value}" for each in Errand] + [ROLLING]),
        ("What goes wrong at the engine's ports", [_line(each.value) for each in Kind]),
        ("What others do, and what happens to the app", [_line(each.value) for each in Act]),
        ("How a run is ended, and taken up again", [f"- F{row}: {text}" for row, text in ENDS.items()]),
        ("What a release or a rack is like", [f"- F{row}: {text}" for row, text in WORLDS.items()]),
        ("What cannot happen there, and is tested elsewhere", [f"- F{row}: {text}" for row, text in ELSEWHERE.items()]),
    )
    return head + "\n".join(f"## {title}\n\n" + "\n".join(lines) + "\n" for title, lines in parts)


def rows() -> set[int]:
    """Every row that the page accounts for."""
    drawn = {int(row) for each in (*Kind, *Act) for row in ROW.findall(each.value)}
    return drawn | ENDS.keys() | WORLDS.keys() | ELSEWHERE.keys()


def _line(text: str) -> str:
    """`F1 F5 a read fails` with its rows set apart."""
    marks = re.match(r"(?:[A-Z]\d+ )+", text)
    return f"- {text[: marks.end()].strip().replace(' ', ', ')}: {text[marks.end() :]}" if marks else f"- {text}"
