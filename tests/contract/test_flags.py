"""Flags are read as the CLI's own library reads them (convox-facts 2.0)."""

from __future__ import annotations

import pytest

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.flags import Flag, HelpWanted, parse

FLAGS = [
    Flag("app", "a"),
    Flag("promote", "p", "bool"),
    Flag("id", kind="bool"),
    Flag("limit", "l", "int"),
    Flag("since", kind="duration"),
    Flag("build-args", kind="strings"),
]


@pytest.mark.parametrize(
    ("args", "positional", "values"),
    [
        (["x", "-a", "demo", "y"], ["x", "y"], {"app": "demo"}),
        (["-ademo", "-a=other"], [], {"app": "other"}),
        (["--app=", "--", "--id"], ["--id"], {"app": ""}),
        (["-pl3"], [], {"promote": True, "limit": 3}),
        (["--promote=1", "--id=yes"], [], {"promote": False, "id": False}),
        (["--since", "90s"], [], {"since": "1m30s"}),
        (["--build-args", "A=1", "--build-args", "B=2,3"], [], {"build-args": ["A=1", "B=2,3"]}),
        (["-"], ["-"], {}),
    ],
)
def test_flags_stand_anywhere_after_the_command(args: list[str], positional: list[str], values: object) -> None:
    """Long or short, joined or apart; a bool is true when bare or exactly `true`."""
    found, flags = parse(args, FLAGS)

    assert (positional, values) == (found, flags.values)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--nope"], "unknown flag: --nope"),
        (["-pa"], "flag needs an argument: 'a' in -a"),
        (["-xy"], "unknown flag: -xy"),
        (["--app"], "flag needs an argument: --app"),
        (["--=x"], "bad flag syntax: --=x"),
        (["-l", "few"], 'invalid argument "few" for "-l, --limit" flag: strconv.Atoi: parsing "few": invalid syntax'),
        (["--since", "5"], 'invalid argument "5" for "--since" flag: time: missing unit in duration "5"'),
        (["--since", "5y"], 'invalid argument "5y" for "--since" flag: time: unknown unit "y" in duration "5y"'),
    ],
)
def test_wrong_flags_are_refused_in_the_words_of_the_library(args: list[str], complaint: str) -> None:
    """One line, before anything is asked of the rack."""
    with pytest.raises(CommandError) as caught:
        parse(args, FLAGS)

    assert complaint == str(caught.value)


@pytest.mark.parametrize("flag", ["--help", "-h", "-ph"])
def test_help_is_asked_for(flag: str) -> None:
    """Also among other short flags."""
    with pytest.raises(HelpWanted):
        parse([flag], FLAGS)
