"""
The net of `test_secrets.py`, cast around everything else (faults 4.3): every command, all loggers at DEBUG, told as
JSON with a `convox` that repeats what it was given at each call, and as GitHub with one that fails so at each call; a
ship that is killed as a step begins, and what takes it up.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.scenario.practice import App, PracticeRack
from tests.scenario.shell import DEPLOYER, Done, Running, Shell
from tests.scenario.test_secrets import files_of, is_mask
from tests.scenario.wrapped import wrapped_convox
from tests.unit.convox.net import shapes

pytestmark = pytest.mark.rack

NEW, OLD, CONSOLE = (f"canary-{secrets.token_urlsafe(24)}" for _ in range(3))
# What a careless CLI tells at each call: what it was given in its environment, and what the app has.
REPEATS = f'echo "debug: $RACK_URL $CONVOX_PASSWORD {NEW}" >&2'
REPEATS_ALL = f'{REPEATS}; echo "debug: {OLD}" >&2'
FAILS = 'echo "Doing... ERROR: no luck with $RACK_URL and $CONVOX_PASSWORD" >&2; exit 1'
# Where a ship is killed, and the mood of the service that brings it there.
KILLED_AT = {
    "env set": "well",
    "build": "well",
    "config set": "well",
    "releases promote": "well",
    "releases create-from": "ill",
    "apps cancel": "tell",
}
# In this order: what each does to the app is seen by the next.
COMMANDS = (
    *(
        "status",
        "doctor",
        "plan",
        "env list",
        "env plan",
        "env set",
        "env unset",
        "ship",
        "history",
        "lock status",
        "promote",
    ),
    *("verify", "rollback", "lock release", "resume"),
)
PROVING = ("ship", "promote", "verify", "rollback")
SILENT = ("history", "lock status", "lock release", "env list", "env plan", "env set", "env unset")
# Every logger of deployer's process at DEBUG, as nobody should have them.
SITE = "import logging; logging.basicConfig(level=logging.DEBUG)\n"


@dataclass(frozen=True, slots=True)
class Net:
    """All that was told, by what told it, and where else to look. `kept` are the files of the test itself."""

    told: Mapping[str, Done]
    folder: Path
    kept: frozenset[Path]


@pytest.fixture(scope="module")
def net(practice: PracticeRack, tmp_path_factory: pytest.TempPathFactory) -> Net:
    folder = tmp_path_factory.mktemp("everywhere")
    shell = loud(practice.shell, folder)
    repeating = wrapped_convox(_made(folder / "repeating"), REPEATS_ALL)
    failing = wrapped_convox(_made(folder / "failing"), FAILS)
    served = practice.serving("told", "killed")
    for each in served:
        each.set_env(TOKEN=OLD)
    killed = start_killed_ships(shell, folder, practice, served[1])
    told = {f"{each}, repeating": shell.deployer(*words_of(each, served[0], repeating)) for each in COMMANDS}
    told |= {f"ship, killed at {at}": ship.end() for at, ship in killed.items()}
    running = {
        f"resume after {at}": shell.start(DEPLOYER, *words_of("resume", app, folder / at / "convox"))
        for at, app in apps_of(practice, served[1]).items()
    }
    on_github = shell.with_env(GITHUB_ACTIONS="true")
    running |= {
        f"{each}, failing": on_github.start(DEPLOYER, *words_of(each, served[0], failing, told_as="github"))
        for each in COMMANDS
    }
    told |= {name: each.end() for name, each in running.items()}
    return Net(told, folder, frozenset((*folder.rglob("convox"), *folder.rglob("*.py"))))


def loud(shell: Shell, folder: Path) -> Shell:
    """A shell in which everything that Python can tell is told, and what GitHub hands out is there."""
    site = _made(folder / "site")
    (site / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    handed = {key: str(folder / key) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
    debug = dict.fromkeys(("PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONFAULTHANDLER"), "1")
    return shell.with_env(PYTHONPATH=str(site), TOKEN=NEW, CONVOX_PASSWORD=CONSOLE, **handed, **debug)


def words_of(command: str, app: App, convox: Path, told_as: str = "json") -> list[str]:
    """The command as it is typed: the app and the CLI it works on, and what it cannot do without."""
    own = {
        "doctor": [str(app.rack.checkout)],
        "plan": [str(app.rack.checkout), "--env-from", "TOKEN"],
        "env plan": ["--env-from", "TOKEN"],
        "env set": ["--env-from", "TOKEN", "--set", "SPARE=1"],
        "env unset": ["SPARE"],
        "ship": [str(app.rack.checkout), "--env-from", "TOKEN"],
        "promote": app.releases[:1],
        "rollback": ["--yes"],
        "resume": ["--yes"],
    }
    words = [*command.split(), *own.get(command, []), "--app", app.name, "--rack", "local"]
    words += ["--soak", "0.5s"] if command in PROVING else []
    words += ["--convox", str(convox)] if command != "history" else []
    words += ["--output", told_as] if not command.startswith("lock") else []
    return words if command in SILENT else [*words, "--verbose"]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def apps_of(practice: PracticeRack, served: App) -> dict[str, App]:
    """One for each step; to be taken back by a copy there must be something to go back to."""
    return {at: served if mood == "ill" else App(practice, at.replace(" ", "-")) for at, mood in KILLED_AT.items()}


def start_killed_ships(shell: Shell, folder: Path, practice: PracticeRack, served: App) -> dict[str, Running]:
    """A ship for each step, side by side, each killed as it begins it."""
    ships = {}
    for at, app in apps_of(practice, served).items():
        if app is not served:
            practice.app(app.name)
        repeats = REPEATS_ALL if app is served else REPEATS
        killer = wrapped_convox(_made(folder / at), f'{repeats}; case "$*" in "{at} "*) kill -9 $PPID; exit 1 ;; esac')
        words = words_of("ship", app, killer, told_as="plain")
        ships[at] = shell.start(DEPLOYER, *words, "--set", f"MOOD={KILLED_AT[at]}")
    return ships


def leaks(text: str, *more: str) -> list[str]:
    return [shape for canary in (NEW, OLD, CONSOLE, *more) for shape in shapes(canary) if shape in text]


def test_every_command_was_told(net: Net) -> None:
    """Well and ill: the net is cast around commands that did what they are for, and such as failed."""
    status = {name: done.status for name, done in net.told.items()}

    assert {"resume": 10} == {each: status[f"{each}, repeating"] for each in COMMANDS if status[f"{each}, repeating"]}
    assert ["history"] == [each for each in COMMANDS if not status[f"{each}, failing"]]


def test_every_ship_was_killed(net: Net) -> None:
    """By the step that it was meant for, and not by anything else."""
    assert {-9} == {done.status for name, done in net.told.items() if name.startswith("ship, killed")}, net.told


def test_no_output_shows_a_value(net: Net, practice: PracticeRack) -> None:
    """Neither stream of any of them; what GitHub is told to mask is the one exception."""
    password = urlsplit(practice.url).password or ""
    assert len(password) > 8

    told = [f"{name}: {line}" for name, done in net.told.items() for line in (done.out + done.err).splitlines()]

    assert [] == [line for line in told if leaks(line, password) and not is_mask(line.partition(": ")[2])]


def test_no_file_holds_a_value(net: Net, practice: PracticeRack) -> None:
    """Journals that were cut off, the ledger, temporary files, what GitHub is handed, the checkout."""
    streams = {each for each in practice.shell.home.iterdir() if each.suffix in (".out", ".err")}
    files = {*files_of(practice.shell.home), *files_of(net.folder), *files_of(practice.checkout)} - streams - net.kept

    lines = [
        f"{each.name}: {line}" for each in files for line in each.read_bytes().decode(errors="replace").splitlines()
    ]

    assert any(each.suffix == ".jsonl" for each in files)
    assert [] == [line for line in lines if leaks(line)]
