"""
A secret's value goes to the rack, on a child's standard input, and nowhere else: however the story is told, and also
when the service itself blurts it out. The net that is cast for it is `tests/unit/convox/net.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scenario.practice import App, PracticeRack, seal
from tests.scenario.shell import Done
from tests.scenario.wrapped import wrapped_convox
from tests.unit.convox.net import Cmdlines, shapes

pytestmark = pytest.mark.rack

NEW, OLD = (f"canary-{secrets.token_urlsafe(24)}" for _ in range(2))
AWKWARD = f'%41::set-output name=x::"{secrets.token_urlsafe(24)}" $HOME #='
CANARIES = (NEW, OLD, AWKWARD)
# What each `convox` child was given, but for the rack's own URL, which is how it gets there.
RECORDED = """printf '%s\\n' "$@" >> "$0.argv"; env | grep -v '^RACK_URL=' >> "$0.env\""""


@dataclass(frozen=True, slots=True)
class Runs:
    """Three ways to tell a ship, at work side by side: plain and good; JSON and GitHub's, of services that blurt."""

    apps: Mapping[str, App]
    done: Mapping[str, Done]
    cmdlines: frozenset[str]
    folder: Path


@pytest.fixture(scope="module")
def runs(practice: PracticeRack, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder, inputs = tmp_path_factory.mktemp("recorded"), tmp_path_factory.mktemp("inputs")
    env_file = inputs / "prod.env"
    env_file.write_text(f"AWKWARD='{AWKWARD}'\n", encoding="utf-8")
    on_github = {"GITHUB_ACTIONS": "true"} | {
        key: str(folder / key) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
    }
    [serving] = practice.serving("json")
    serving.set_env(TOKEN=OLD)
    apps = {"plain": practice.app("plain"), "json": serving, "github": practice.app("github")}
    words = ("--verbose", "--convox", str(wrapped_convox(folder, RECORDED)))
    from_env, blurting = ("--env-from", "TOKEN"), ("--set", "MOOD=tell")
    with Cmdlines() as sampled:
        ships = {
            "plain": apps["plain"].start_ship(*words, *from_env, "--env-file", str(env_file), TOKEN=NEW),
            "json": apps["json"].start_ship(*words, *blurting, "--output", "json"),
            "github": apps["github"].start_ship(*words, *blurting, *from_env, TOKEN=NEW, **on_github),
        }
        done = {name: each.end() for name, each in ships.items()}
    return Runs(apps, done, frozenset(sampled.seen), folder)


def leaks(text: str) -> list[str]:
    """What of the canaries can be made out in it, in any shape."""
    return [shape for canary in CANARIES for shape in shapes(canary) if shape in text]


def files_of(home: Path) -> Iterator[Path]:
    """Everything that commands have left in a home, but what the rack keeps there: that is where the env belongs."""
    rack = home / "state" / "deployer" / "rack"
    return (each for each in home.rglob("*") if each.is_file() and not each.is_relative_to(rack))


def test_the_values_arrive(runs: Runs) -> None:
    """The net is cast around values that are really there: each arrives in the processes as it was given."""
    [token] = {each["seals"]["TOKEN"] for each in runs.apps["plain"].answers()}
    [awkward] = {each["seals"]["AWKWARD"] for each in runs.apps["plain"].answers()}

    assert (seal(NEW), seal(AWKWARD)) == (token, awkward)
    assert {"plain": 0, "json": 20, "github": 18} == {name: done.status for name, done in runs.done.items()}


@pytest.mark.parametrize("name", ["plain", "json", "github"])
def test_no_output_shows_them(name: str, runs: Runs) -> None:
    """Neither stream shows a value, however it is told and how verbosely; GitHub's own masks are the one exception."""
    done = runs.done[name]

    told = [line for line in (done.out + done.err).splitlines() if not (is_mask(line) and name == "github")]

    assert [] == leaks("\n".join(told))


def is_mask(line: str) -> bool:
    return line.startswith("::add-mask::")


def test_the_reason_is_told_without_the_value(runs: Runs) -> None:
    """A service that dies with its token in its last words is quoted, the token masked: given now or long ago."""
    assert "cannot log in with the token ••••" in runs.done["github"].err
    assert "cannot log in with the token \\u2022\\u2022\\u2022\\u2022" in runs.done["json"].out


def test_no_file_holds_them(practice: PracticeRack, runs: Runs) -> None:
    """The journal, the ledger, what GitHub is handed, temporary files and the checkout: no value in any of them."""
    streams = {each for each in practice.shell.home.iterdir() if each.suffix in (".out", ".err")}
    files = {*files_of(practice.shell.home), *runs.folder.iterdir(), *files_of(practice.checkout)} - streams

    found = {str(each): leaks(each.read_bytes().decode(errors="replace")) for each in files}

    assert {"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "convox.argv", "convox.env"} <= {each.name for each in files}
    assert [] == [name for name, leaked in found.items() if leaked]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc to sample")
def test_no_command_line_carries_them(runs: Runs) -> None:
    """Whoever looks at the machine's processes while a ship runs sees the children, and no value."""
    assert any("env\0set" in each for each in runs.cmdlines)
    assert [] == leaks("\n".join(runs.cmdlines))


def test_the_net_catches_a_leak(practice: PracticeRack, tmp_path: Path) -> None:
    """A `convox` that keeps a copy of what it is sent, spelled backwards, is caught by the same net."""
    copy = 'rev > "$HOME/copy"; echo "ERROR: app is locked" >&2; exit 1'
    leaky = wrapped_convox(tmp_path, f'if [ "$1 $2" = "env set" ]; then {copy}; fi')
    home = tmp_path / "home"
    home.mkdir()

    practice.app("leaky").ship("--convox", str(leaky), "--env-from", "TOKEN", TOKEN=NEW, HOME=str(home))

    assert any(leaks(each.read_text(encoding="utf-8")) for each in files_of(home))
