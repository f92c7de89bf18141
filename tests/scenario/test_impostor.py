"""The program that stands for a real binary in a dry run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.scenario.impostor import make_impostor
from tests.scenario.practice import PracticeRack

pytestmark = pytest.mark.rack


def test_it_knows_nothing_of_us(tmp_path: Path) -> None:
    """Neither what we import nor what we say in our environment: it is another program."""
    program = make_impostor(tmp_path)
    broken = tmp_path / "deployer"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise SystemExit('the checkout was imported')")

    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "", "DEPLOYER_CONVOX": "no"}
    done = subprocess.run([program, "version"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert ("client: 3.24.9\nserver: none\n", "", 0) == (done.stdout, done.stderr, done.returncode)


def test_a_binary_that_is_named_is_the_one_that_is_used(practice: PracticeRack, tmp_path: Path) -> None:
    """`DEPLOYER_CONVOX` comes before what is on the PATH and before the stand-in, for `rack up --export` too."""
    program = make_impostor(tmp_path)
    [app] = practice.serving("named")
    assert [] == list(tmp_path.rglob("*.pyc"))

    shipped = app.ship("--set", "MOOD=calm", DEPLOYER_CONVOX=str(program), PATH=None)
    exported = practice.shell.with_env(DEPLOYER_CONVOX=str(program)).deployer("rack", "up", "--export")

    assert (0, f"{app.active}\n") == (shipped.status, shipped.out), shipped.err
    assert list(tmp_path.rglob("*.pyc")), "it was never started"
    assert f'convox() {{ {program} "$@"; }}\n' == exported.out.partition("\n")[2]
