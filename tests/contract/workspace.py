"""The folders the recorded commands were run in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MANIFEST = "services:\n  web:\n    build: .\n    port: 3000\n"
COMMIT = ("-c", "user.name=tests", "-c", "user.email=tests@example.org", "commit", "-q", "-m", "first commit")


class Workspace:
    """Made once for all cases: they only read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "config"
        self.config.mkdir()
        self._checkout("clean", {"convox.yml": MANIFEST, "Dockerfile": "FROM scratch\n"})
        self._checkout("dirty", {"convox.yml": MANIFEST, "Dockerfile": "FROM scratch\n"})
        (root / "dirty" / "myapp" / "Dockerfile").write_text("FROM scratch\n# not committed\n")
        self._checkout("bare", {"Dockerfile": "FROM scratch\n"})
        (root / "clean" / "myapp" / "payload.json").write_text('{"b":2}\n')

    def folder(self, case: str, name: str) -> Path:
        """Where the case is run: two builds had another checkout than the others."""
        kind = {"build-id-dirty-git": "dirty", "build-id-no-convox-yml": "bare"}.get(case, "clean")
        folder = self.root / kind / name
        folder.mkdir(exist_ok=True)
        return folder

    def _checkout(self, kind: str, files: dict[str, str]) -> None:
        folder = self.root / kind / "myapp"
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        for args in (("init", "-q"), ("add", "."), COMMIT):
            subprocess.run(["git", *args], cwd=folder, check=True, env={**os.environ, "HOME": str(self.root)})
