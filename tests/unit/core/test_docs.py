"""The tables in docs/ are made from the code that they describe. `DEPLOYER_WRITE_DOCS=1 pytest …` writes them anew."""

from __future__ import annotations

import os
from dataclasses import Field
from pathlib import Path
from typing import Any

import pytest

from deployer.core.policy import Policy, numbers, setting_of
from deployer.core.verdict import Verdict
from deployer.core.world import WAYS, World
from deployer.render.words import span

DOCS = Path(__file__).parents[3] / "docs"


def verdicts() -> str:
    rows = sorted(Verdict, key=lambda each: each.status)
    lines = [f"| {each.status} | `{each.label}` | {each.serves} |" for each in rows]
    head = """# Verdicts and exit statuses

The tens digit says what a person must do; the name says what happened. Every run ends with exactly one.

- **0** done and proven · **1x** nothing that serves changed: fix it and run again
- **2x** the old release serves, proven again: look into it in your own time
- **3x** page somebody now · **4x** look: not ours, or not known
- **70** a bug of deployer, before anything was promoted · **129, 130, 143** a signal, before anything was promoted

| status | verdict | what serves on exit |
|---|---|---|
"""
    return head + "\n".join(lines) + "\n"


def ways_back() -> str:
    head = """# The way back

When a release is doomed, two looks at the rack must agree on the state of the world. This table says what may be done
about each state, and nothing else may be. After each write the world is looked at again.

| what is seen | what is done |
|---|---|
"""
    lines = [f"| {world.value} | {move.value} |" for world, move in WAYS.items()]
    edges = [f"    {world.name} --> {move.name}" for world, move in WAYS.items()]
    diagram = "\n```mermaid\nflowchart LR\n" + "\n".join(edges) + "\n```\n"
    return head + "\n".join(lines) + "\n" + diagram


def policy() -> str:
    head = """# Policy

Every number that deployer waits or counts by. Each is set in the environment: a duration as `90s`, `10m` or `1h`, a
share as `0.1`. `--soak`, `--timeout`, `--start-timeout`, `--build-timeout` and `--command-timeout` are options too.

| setting | default | what it is | in the code |
|---|---|---|---|
"""
    lines = [
        f"| `DEPLOYER_{setting_of(each).upper()}` | {_value(each)} | {each.metadata['meaning']} | `{each.name}` |"
        for each in numbers()
    ]
    then = """
## How long it can take

What follows from the defaults, at worst. The plan says it for the numbers that were set.

| | at most |
|---|---|
"""
    worst = [f"| {what} | {span(seconds)} |" for what, seconds in Policy().worst_cases]
    return head + "\n".join(lines) + "\n" + then + "\n".join(worst) + "\n"


def _value(number: Field[Any]) -> str:
    """As it would be set."""
    default: float = getattr(Policy(), number.name)
    if not number.name.endswith("_s"):
        return f"{default:g}"
    return f"{default:g}s" if default < 120 else f"{default / 60:g}m"


PAGES = {"verdicts.md": verdicts, "way-back.md": ways_back, "policy.md": policy}


@pytest.mark.parametrize("name", PAGES)
def test_page_says_what_the_code_does(name: str) -> None:
    """A table in docs/ that was made from the code is up to date."""
    path, text = DOCS / name, PAGES[name]()
    if os.environ.get("DEPLOYER_WRITE_DOCS"):
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


def test_every_state_of_the_world_has_a_move() -> None:
    """No state is left to a guess."""
    assert set(World) == set(WAYS)


def test_no_status_means_two_things() -> None:
    """Statuses that two verdicts share are the successes and the cancellations only."""
    by_status: dict[int, set[str]] = {}
    for each in Verdict:
        by_status.setdefault(each.status, set()).add(each.label)

    assert {0} == {status for status, labels in by_status.items() if len(labels) > 1}
