"""
The summary that GitHub shows under a job: Markdown, with everything that came from outside inside code.

In code nothing is interpreted: no HTML, no mention, no link (faults 6.2, "Untrusted text").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deployer.core.events import Ended
from deployer.core.plan import Plan
from deployer.render.heard import heard_words
from deployer.render.verdict import ended_line
from deployer.render.words import duration

CELL_LIMIT = 500
STORY_LIMIT = 30_000  # of the 1 MiB that one step may write


def code(text: str) -> str:
    """`text` as code that fits a table's cell: one line, at most `CELL_LIMIT` characters; "" stays empty."""
    bare = " ".join(text.split())[:CELL_LIMIT]
    if not bare:
        return ""
    fence = _longer_than_any("`", bare)
    # GitHub reads a cell's pipes before it reads its code
    return f"{fence} {bare.replace('|', chr(92) + '|')} {fence}"


def summary(ended: Ended, plan: Plan | None, story: Iterable[str]) -> str:
    """What a run came to, for people who open the job and not its log."""
    last = ended_line(ended)
    where = f": {code(f'{plan.app} on {plan.rack.name}')}" if plan else ""
    rows = [(label, code(text)) for label, text in _facts(ended, plan) if text]
    parts = [
        f"### {ended.verdict.label}{where}",
        block("\n".join([last.text, *last.more])),
        "\n".join(["| | |", "|---|---|", *(f"| {label} | {text} |" for label, text in rows)]),
        f"<details><summary>What happened</summary>\n\n{block(chr(10).join(story))}\n\n</details>",
    ]
    return "\n\n".join(parts) + "\n\n"


def _facts(ended: Ended, plan: Plan | None) -> list[tuple[str, str]]:
    facts = [
        ("exit status", str(ended.verdict.status)),
        ("release", ended.release or ""),
        ("serves", ended.serving),
        ("since the promote", heard_words(ended.heard) if ended.heard else ""),
        ("took", duration(ended.seconds) if ended.seconds else ""),
    ]
    if plan:
        before = plan.baseline
        facts += [
            ("served before", f"{before.release} {before.description}" if before else "nothing"),
            ("build", plan.source.title if plan.source else ""),
            ("env", str(plan.env)),
            ("as", plan.actor),
        ]
    return facts


def block(text: str) -> str:
    """`text` as a block of code, of which the end is kept where it is too long."""
    text = text if len(text) <= STORY_LIMIT else "…" + text[-STORY_LIMIT:]
    fence = max("```", _longer_than_any("`", text), key=len)
    return f"{fence}text\n{text}\n{fence}"


def _longer_than_any(mark: str, text: str) -> str:
    runs = (len(found) for found in re.findall(f"{mark}+", text))
    return mark * (max(runs, default=0) + 1)
