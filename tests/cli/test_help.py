"""The face of every command: help that helps, and a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deployer import __version__
from deployer.cli.app import app

TREE = typer.main.get_command(app)


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that are typed for it, the groups included."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


COMMANDS = dict(commands(TREE))
every_command = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


@every_command
def test_help_ends_with_examples(words: tuple[str, ...]) -> None:
    """`--help` of every command shows how it is typed, with the command's own words."""
    told = CliRunner().invoke(app, [*words, "--help"])

    _, _, examples = told.output.partition("Examples:")
    assert 0 == told.exit_code
    assert " ".join(("deployer", *words)) in examples


@every_command
def test_every_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    """No option or argument of any command is without a word of help."""
    silent = [each.name for each in COMMANDS[words].params if not getattr(each, "help", None)]

    assert [] == silent


@pytest.mark.parametrize("words", [each for each, it in COMMANDS.items() if len(it.params) > 15], ids=" ".join)
def test_many_options_stand_under_headings(words: tuple[str, ...]) -> None:
    """Where there are many, what belongs together stands together; `--help` alone has no other place."""
    told = CliRunner().invoke(app, [*words, "--help"]).output

    _, _, rest = told.partition("\nOptions:\n")
    assert ["-h, --help"] == [line.strip()[:10] for line in rest.splitlines() if line.strip().startswith("-")]


@pytest.mark.parametrize(
    "group", [words for words, each in COMMANDS.items() if hasattr(each, "commands")], ids=" ".join
)
def test_a_group_alone_shows_its_help(group: tuple[str, ...]) -> None:
    """Typing no command shows which there are."""
    told = CliRunner().invoke(app, list(group))

    assert "Commands:" in told.output


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str) -> None:
    """The version is one line that a script can read."""
    told = CliRunner().invoke(app, [flag])

    assert (0, f"deployer {__version__}\n") == (told.exit_code, told.output)


@pytest.mark.parametrize("words", [["shipp"], ["ship", "--ap", "x", "--no-such-flag"], ["rack", "sideways"]])
def test_what_does_not_exist_is_a_usage_error(words: list[str]) -> None:
    """An unknown command or flag ends with 2 and the way to help."""
    told = CliRunner().invoke(app, words)

    assert 2 == told.exit_code
    assert "Try 'deployer" in told.output
