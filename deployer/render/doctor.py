"""What doctor found, for a person and for a machine."""

from __future__ import annotations

import json
from collections.abc import Sequence

from deployer.core.checks import Check
from deployer.render.words import table


def doctor_text(checks: Sequence[Check]) -> str:
    """A row a finding; the way out stands behind an arrow."""
    return table([(each.subject, each.level.value, _found(each)) for each in checks])


def doctor_json(checks: Sequence[Check]) -> str:
    found = [
        {"check": each.subject, "level": each.level.value.lower(), "text": each.text, "try": each.hint or None}
        for each in checks
    ]
    return json.dumps({"v": 1, "checks": found}, indent=2)


def _found(check: Check) -> str:
    return f"{check.text} → {check.hint}" if check.hint else check.text
