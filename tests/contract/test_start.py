"""The stand-in is started hundreds of times a minute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "pydantic", "rich", "typer", "websockets", "starlette", "ssl", "subprocess", "dataclasses", "yaml")


def test_a_plain_command_imports_nothing_heavy() -> None:
    """`ps` on a plain rack loads a few modules of the standard library and none of ours but the stand-in's own."""
    program = "import sys\nfrom deployer.localrack.cli.engine import run\nrun(['ps'])\nprint(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"RACK_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
    )

    modules = set(done.stdout.split())
    assert set() == modules & set(HEAVY)
    assert [] == [
        name for name in modules if name.startswith("deployer.") and not name.startswith("deployer.localrack")
    ]
    assert {"deployer.localrack", "deployer.localrack.cli"} == {
        name for name in modules if name.startswith("deployer.localrack") and name.count(".") < 3
    } - {name for name in modules if name.startswith("deployer.localrack.cli.")}
