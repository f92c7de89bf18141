"""What doctor found, as a person and as a script reads it."""

from __future__ import annotations

import json

from deployer.core.checks import Check, Level
from deployer.render.doctor import doctor_json, doctor_text

CHECKS = (
    Check("rack", Level.OK, "acme/production (3.24.9), TLS verified"),
    Check("credential", Level.FAIL, "may not\x1b[2J run `ps`", "a role with ps"),
)


def test_way_out_stands_behind_an_arrow() -> None:
    """Columns aligned, and nothing in it that acts on a terminal."""
    assert (
        "rack        ok    acme/production (3.24.9), TLS verified\ncredential  FAIL  may not run `ps` → a role with ps"
    ) == doctor_text(CHECKS)


def test_script_reads_the_level() -> None:
    """One object, versioned; no way out is null."""
    assert [("rack", "ok", None), ("credential", "fail", "a role with ps")] == [
        (each["check"], each["level"], each["try"]) for each in json.loads(doctor_json(CHECKS))["checks"]
    ]
