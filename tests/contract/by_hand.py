"""One command line against a scripted rack, for what no recording shows. The fixtures stand in `conftest`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.replay import ROOT, cli_command
from tests.contract.scripted_rack import ScriptedRack


@dataclass(frozen=True, slots=True)
class Done:
    """What one command line did."""

    stdout: str
    stderr: str
    status: int
    asked: list[str] = field(default_factory=list)


Run = Callable[..., Done]


def run_against(
    rack: ScriptedRack, folder: Path, argv: tuple[str, ...], stdin: str | None = None, env: dict[str, str] | None = None
) -> Done:
    """Run the CLI in an empty folder; `PORT` in the environment is the rack's, and stands for it in stderr."""
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    url = {"RACK_URL": f"http://convox:secret@127.0.0.1:{rack.port}", "CONVOX_CONFIG": str(folder / "config")}
    given: dict[str, Any] = {name: value.replace("PORT", str(rack.port)) for name, value in (env or {}).items()}
    done = subprocess.run(
        [*cli_command(), *argv],
        cwd=folder,
        env={**base, **url, **given},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    asked = [f"{entry['method']} {entry['path']}" for entry in rack.requests]
    return Done(done.stdout, done.stderr.replace(str(rack.port), "PORT"), done.returncode, asked)
