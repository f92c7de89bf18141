"""Apps on a rack at a real rack's times, for timings."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.scenario.practice import App, PracticeRack

AILING = Path(__file__).with_name("ailing")
SERVICE = """
  {name}:
    build: .
    command: python -S app.py
    port: 8000
    health: {{path: /health, interval: 2, grace: 3, timeout: 2}}
    scale: {count}
    deployment: {{minimum: 100, maximum: 200}}
    termination: {{grace: 1}}"""


def checkout(folder: Path, services: Sequence[str] = ("web",), count: int = 2) -> Path:
    """The source of a service that fails when it is told to (`ailing/app.py`)."""
    shutil.copytree(AILING, folder)
    text = "".join(SERVICE.format(name=name, count=count) for name in services)
    (folder / "convox.yml").write_text(f"services:{text}\n", encoding="utf-8")
    return folder


def serving(rack: PracticeRack, source: Path, name: str) -> App:
    """A new app, built and promoted by hand; its build bears the stamp of a ship."""
    app, what = rack.app(name), "build it [ship 20260101-000000-aaaaaa]"
    built = rack.start_convox("build", str(source), "--app", name, "--id", "--description", what).end()
    assert 0 == built.status, built.err
    rack.promote(app, built.out.strip())
    return app
