"""docs/local-rack.md, typed by hand: each command of it, in its order."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployer.cli.app import app
from deployer.localrack import lifecycle
from deployer.localrack.faults import Fault, read_orders
from deployer.localrack.options import RackOptions

pytestmark = pytest.mark.rack

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "local-rack.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^\$ (?P<words>.+?)(?:\s+# exit (?P<status>\d+))?$", re.MULTILINE)
CHECKOUT = ROOT / "tests" / "scenario" / "tiny"


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A shell with a home of its own; its rack is down when the test ends."""
    bin_folder = str(Path(sys.executable).parent)
    path = os.pathsep.join([bin_folder, "/usr/local/bin", "/usr/bin", "/bin"])
    env = {"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8", "CONVOX_CONFIG": str(tmp_path / "convox")}
    if named := os.environ.get("DEPLOYER_CONVOX"):
        env["DEPLOYER_CONVOX"] = named
    for name in [name for name in os.environ if name.startswith(("CONVOX", "XDG_", "RACK"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield env
    lifecycle.down(RackOptions())


def order(words: list[str]) -> tuple[int, str]:
    """In this process: most commands of the guide order a fault, and half a second each is too long."""
    done = CliRunner().invoke(app, words[1:])
    return done.exit_code, done.output


def in_shell(words: list[str], checkout: Path, env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        words, cwd=checkout, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_every_command_of_the_guide_does_what_it_says(env: dict[str, str], tmp_path: Path) -> None:
    """Release, failure, rollback, all faults, credentials: with the exit status that the guide names."""
    shutil.copytree(CHECKOUT, tmp_path / "checkout")

    for typed in COMMAND.finditer(GUIDE):
        words = shlex.split(typed["words"])
        status, said = order(words) if "rack" == words[1] else in_shell(words, tmp_path / "checkout", env)
        assert int(typed["status"] or 0) == status, f"{typed['words']}\n{said}"


def test_the_guide_has_an_example_of_every_fault() -> None:
    """A fault that nobody can find is not practised."""
    ordered = {word.partition("=")[0] for word in re.findall(r"^\$ deployer rack fault add (\S+)", GUIDE, re.MULTILINE)}

    assert set(Fault) == ordered


def test_the_file_of_the_guide_can_be_read(tmp_path: Path) -> None:
    """As `rack up --faults` reads it."""
    example = GUIDE.partition("```json\n")[2].partition("```")[0]
    (tmp_path / "faults.json").write_text(example)

    assert ["status=500", "crash=2s"] == [order.fault for order in read_orders(tmp_path / "faults.json")]
