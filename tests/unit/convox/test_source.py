"""What git knows of the checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from deployer.convox.runner import Runner
from deployer.convox.source import declares_stamp, source_of
from deployer.core.models import Source
from deployer.core.redact import Redactor
from deployer.engine.clock import SystemClock


@pytest.fixture
def git_runner(clock: SystemClock) -> Runner:
    return Runner(clock, {"PATH": os.environ["PATH"]}, Redactor())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "Say\x1b[31m it")
    return tmp_path


def test_clean_checkout_is_its_commit(git_runner: Runner, checkout: Path) -> None:
    """The commit and its subject, which is foreign text."""
    source = source_of(checkout, git_runner)

    assert (str(checkout), 40, "Say it", False) == (source.path, len(source.commit), source.subject, source.is_dirty)


@pytest.mark.parametrize("name", ["a", "new"])
def test_changed_or_new_file_is_dirt(git_runner: Runner, checkout: Path, name: str) -> None:
    """What is uploaded is then not what the commit says."""
    (checkout / name).write_text("2")

    assert source_of(checkout, git_runner).is_dirty


def test_folder_without_git_is_a_source(git_runner: Runner, tmp_path: Path) -> None:
    """No repository: nothing is known, nothing is wrong."""
    assert Source(str(tmp_path)) == source_of(tmp_path, git_runner)


def test_missing_git_is_fine(clock: SystemClock, checkout: Path) -> None:
    """A container may have none."""
    gitless = Runner(clock, {"PATH": str(checkout)}, Redactor())

    assert Source(str(checkout)) == source_of(checkout, gitless)


def test_git_gets_no_credentials(clock: SystemClock, tmp_path: Path) -> None:
    """It has no business with the rack, and a checkout may configure what git runs."""
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    git.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RACK_URL": "http://u:p@h", "CONVOX_PASSWORD": "p", "LANG": "C"}

    source_of(tmp_path, Runner(clock, environment, Redactor()))

    seen = (tmp_path / "seen").read_text()
    assert "LANG=C" in seen
    assert "RACK_URL" not in seen
    assert "CONVOX" not in seen


@pytest.mark.parametrize(
    ("text", "declares"),
    [
        ("FROM x\nARG DEPLOYER_STAMP\n", True),
        ("from x\narg DEPLOYER_STAMP=none\n", True),
        ("# ARG DEPLOYER_STAMP\n", False),
        ("ARG DEPLOYER_STAMPS\nARG\n", False),
    ],
)
def test_dockerfile_that_takes_the_stamp_is_known(tmp_path: Path, text: str, declares: bool) -> None:
    """Passing it to one that does not would only make the builder warn."""
    (tmp_path / "Dockerfile").write_text(text)

    assert declares is declares_stamp(str(tmp_path))


def test_no_dockerfile_takes_no_stamp(tmp_path: Path) -> None:
    """A service may run an image."""
    assert not declares_stamp(str(tmp_path))
