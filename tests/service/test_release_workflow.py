"""The release job: pinned, careful with secrets, and its own shell does what it says."""

from __future__ import annotations

import hashlib
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.service.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
JOB: dict[str, Any] = WORKFLOW["jobs"]["ship"]
STEPS: list[dict[str, Any]] = JOB["steps"]


def _step(name: str) -> dict[str, Any]:
    [step] = [step for step in STEPS if name == step.get("name")]
    return step


def test_actions_are_pinned_by_commit() -> None:
    """A tag can be moved to other code, a commit cannot."""
    used = [step["uses"] for step in STEPS if "uses" in step]

    assert 3 == len(used)
    assert [] == [action for action in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action)]


def test_no_expression_reaches_a_shell() -> None:
    """What comes from outside goes through the environment, where the shell does not read it as code."""
    assert [] == [step["run"] for step in STEPS if "${{" in step.get("run", "")]


def test_job_gets_the_least_it_needs() -> None:
    """It reads the repository, leaves no credential behind, and its secrets are behind a protected environment."""
    assert {} == WORKFLOW["permissions"]
    assert {"contents": "read"} == JOB["permissions"]
    assert STEPS[0]["with"]["persist-credentials"] is False
    assert "production" == JOB["environment"]


def test_ships_of_an_app_wait_for_each_other() -> None:
    """One at a time, none is cancelled by the next, and none lasts for ever."""
    assert {"group": "ship-myapi", "cancel-in-progress": False} == JOB["concurrency"]
    assert _step("Ship")["timeout-minutes"] < JOB["timeout-minutes"]


def test_ship_is_the_steps_own_process_and_gets_secrets_by_name() -> None:
    """GitHub signals only the first process of a step, and a value on its command line could be read by anybody."""
    ship = _step("Ship")

    assert ship["run"].startswith("exec deployer ship --app myapi ")
    assert {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} == set(re.findall(r"--env-from (\w+)", ship["run"]))
    assert {"RACK_URL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"} == {
        name for name, value in ship["env"].items() if "secrets." in value
    }


def test_journal_is_kept_whatever_happens() -> None:
    """The step after the ship runs always, and takes the folder that deployer wrote to."""
    journal = _step("Keep the journal")

    assert "always()" == journal["if"]
    assert f"{_step('Ship')['env']['XDG_STATE_HOME']}/deployer" == journal["with"]["path"]


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """Give a folder whose `curl` writes "a convox" instead of fetching one."""
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done\nprintf "a convox" > "$2"\n')
    curl.chmod(0o755)
    return tmp_path


def _install(folder: Path, version: str, sha256: str) -> subprocess.CompletedProcess[str]:
    """Run the step's own script as GitHub does."""
    return subprocess.run(
        ["bash", "-e", "-c", _step("Install the Convox CLI")["run"]],
        env={
            "PATH": f"{folder}:/usr/bin:/bin",
            "CONVOX": str(folder / "convox"),
            "CONVOX_VERSION": version,
            "CONVOX_SHA256": sha256,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_unset_variables_are_named(download: Path) -> None:
    """Without a version or a checksum nothing is fetched and the message says what to set."""
    step = _install(download, "3.24.9", "")

    assert 1 == step.returncode
    assert "::error::set the repository variables CONVOX_VERSION and CONVOX_SHA256\n" == step.stdout
    assert not (download / "convox").exists()


def test_wrong_checksum_is_never_made_executable(download: Path) -> None:
    """A file that is not the one expected stops the job before it can run."""
    step = _install(download, "3.24.9", "0" * 64)

    assert 0 != step.returncode
    assert 0 == (download / "convox").stat().st_mode & 0o111


def test_right_checksum_makes_a_command(download: Path) -> None:
    """The expected file becomes executable."""
    step = _install(download, "3.24.9", hashlib.sha256(b"a convox").hexdigest())

    assert 0 == step.returncode
    assert 0o755 == (download / "convox").stat().st_mode & 0o777
