"""The real script: it starts fast, and an error leaves it as words and a status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOYER = Path(sys.executable).with_name("deployer")
# What costs time to import, and what nobody needs who asks for help.
HEAVY = ("asyncio", "httpx", "pydantic", "pydantic_settings", "rich", "sh", "starlette", "tenacity", "uvicorn", "yaml")


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`deployer` with these words, and nothing of our own environment but the path."""
    given = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([DEPLOYER, *words], env=given, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("words", "all_but"),
    # typer itself loads pydantic, where it is there, to read the words of a command
    [("--help", ()), ("--version", ()), ("ship --help", ("pydantic",)), ("rack up --help", ("pydantic",))],
)
def test_help_waits_for_no_package(words: str, all_but: tuple[str, ...]) -> None:
    """Whoever asks for help does not wait for a package that only a ship needs."""
    code = "import sys; from deployer.cli.app import app; app(standalone_mode=False); print(*sys.modules)"
    argv = [sys.executable, "-c", code, *words.split()]

    loaded = set(subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout.split())

    assert "typer" in loaded
    assert set(all_but) >= loaded & set(HEAVY)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script(shell: str) -> None:
    """The completion that a shell loads is printed for it."""
    done = run(_DEPLOYER_COMPLETE=f"source_{shell}")

    assert 0 == done.returncode
    assert "_DEPLOYER_COMPLETE" in done.stdout


def test_completion_knows_the_commands() -> None:
    """Completing `deployer r` offers the commands that begin so."""
    done = run(_DEPLOYER_COMPLETE="complete_bash", COMP_WORDS="deployer r", COMP_CWORD="1")

    assert {"rack", "resume", "rollback"} == set(done.stdout.split())


@pytest.mark.parametrize("command", ["ship", "rollback", "resume", "status", "doctor"])
def test_an_app_is_asked_for(command: str) -> None:
    """Without an app a command is a usage error, and both ways to name it are told."""
    done = run(command)

    assert (2, "") == (done.returncode, done.stdout)
    assert "usage: --app is missing (or DEPLOYER_APP, or app in deployer.toml)\n" in done.stderr
    assert "try: " in done.stderr


def test_a_setting_of_the_environment_is_checked_like_a_flag() -> None:
    """A wrong DEPLOYER_… is told together with the wrong flags."""
    done = run("status", "--output", "loud", DEPLOYER_APP="Not_An_App")

    assert 2 == done.returncode
    assert "--app must be a Convox app name" in done.stderr
    assert "--output" in done.stderr


def test_nothing_to_resume(tmp_path: Path) -> None:
    """`resume` where no ship was ever made says so; it goes to no rack."""
    done = run("resume", "--app", "myapi", XDG_STATE_HOME=str(tmp_path), RACK_URL="http://convox:x@127.0.0.1:9")

    assert (10, "") == (done.returncode, done.stdout)
    assert "refused: no ship of myapi is remembered on this machine" in done.stderr
