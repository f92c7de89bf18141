"""What a Dockerfile says about the process to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.localrack.command import Command
from deployer.localrack.dockerfile import read_dockerfile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('FROM a\nCMD ["gunicorn", "app:app"]', Command(("gunicorn", "app:app"))),
        ("FROM a\nCMD gunicorn app:app", Command(("/bin/sh", "-c", "gunicorn app:app"), through_shell=True)),
        ('FROM a\nENTRYPOINT ["python"]\nCMD ["app.py"]', Command(("python", "app.py"))),
        ('FROM a\nENTRYPOINT ["python", "app.py"]', Command(("python", "app.py"))),
        ('FROM a\nENTRYPOINT run me\nCMD ["ignored"]', Command(("/bin/sh", "-c", "run me"), through_shell=True)),
        ('FROM a\nCMD ["old"]\nENTRYPOINT ["new"]', Command(("new",))),
        ('FROM a\nCMD ["first"]\nCMD ["last"]', Command(("last",))),
        ('FROM a\ncmd [ "lower", \\\n  # a comment in between\n  "case" ]', Command(("lower", "case"))),
        ('FROM a AS base\nCMD ["inherited"]\nFROM base', Command(("inherited",))),
        ('FROM a AS one\nCMD ["one"]\nFROM b', None),
        ("FROM a\nRUN true", None),
        ("FROM a\nCMD []", None),
        ("", None),
    ],
)
def test_the_command_of_the_last_stage(text: str, expected: Command | None) -> None:
    """Exec form, shell form, and how the two words go together."""
    assert expected == read_dockerfile(text, {}).command


def test_env_of_the_last_stage() -> None:
    """Several pairs, quotes, the old form, and values made of earlier ones."""
    text = 'FROM a\nENV A=1 B="two words"\nENV C three and more\nENV D=$A-${B} E=${NONE:-default} F=${A:+set}'

    expected = {"A": "1", "B": "two words", "C": "three and more", "D": "1-two words", "E": "default", "F": "set"}
    assert expected == read_dockerfile(text, {}).env


def test_args_that_are_declared_take_what_the_build_passes() -> None:
    """Others do not exist, and one before the first FROM is for FROM lines only (convox-facts 2.5)."""
    text = "ARG BASE=x\nFROM $BASE\nARG STAMP=none\nARG PASSED\nENV S=$STAMP P=$PASSED Q=$SECRET"

    image = read_dockerfile(text, {"PASSED": "1", "SECRET": "hunter2"})

    assert {"S": "none", "P": "1", "Q": ""} == image.env


def test_an_arg_ends_with_its_stage() -> None:
    """ENV goes on into a stage built on it, ARG does not."""
    text = "FROM a AS base\nARG STAMP\nENV ONE=$STAMP\nFROM base\nENV TWO=$STAMP"

    assert {"ONE": "s", "TWO": ""} == read_dockerfile(text, {"STAMP": "s"}).env


def test_our_own_dockerfile() -> None:
    """The service that is shipped starts, and knows its build."""
    text = (Path(__file__).parents[3] / "Dockerfile").read_text()

    image = read_dockerfile(text, {"DEPLOYER_STAMP": "s123"})

    assert image.command is not None
    assert "gunicorn" == image.command.argv[0]
    assert "s123" == image.env["DEPLOYER_STAMP"]
