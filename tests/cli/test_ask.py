"""The one question that is asked, at a real terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.cli.ask import always_yes, ask
from deployer.core.errors import Interrupted, Refused

QUESTION = "Go back to RABCDEFGHIJ now?"


def at_once(seconds: float, ready: Callable[[], bool]) -> bool:
    """A way to wait that looks once."""
    return ready()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Our standard input is a terminal; what is returned is the keyboard."""
    keyboard, screen = os.openpty()
    with os.fdopen(screen, "r", encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield keyboard
    os.close(keyboard)


@pytest.mark.parametrize(
    ("typed", "is_yes"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("yo\n", False)]
)
def test_only_a_yes_is_a_yes(typed: str, is_yes: bool, terminal: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Enter alone, or anything but yes, is a no."""
    os.write(terminal, typed.encode())

    answer = ask(QUESTION, at_once)

    assert is_yes is answer
    assert f"{QUESTION} [y/N] " == capsys.readouterr().err


def test_ctrl_d_is_a_no(terminal: int) -> None:
    """The end of input is no answer, so nothing is done."""
    os.write(terminal, b"\x04")

    assert ask(QUESTION, at_once) is False


def test_a_signal_is_heard_while_nobody_answers(terminal: int) -> None:
    """The question waits the way the engine waits: what ends a wait ends the question."""

    def interrupted(seconds: float, ready: Callable[[], bool]) -> bool:
        assert not ready()
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        ask(QUESTION, interrupted)


def test_nobody_there_is_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard input is no terminal the question is not put: the way on is --yes."""
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(Refused) as caught:
            ask(QUESTION, at_once)

    assert "--yes" in caught.value.hint


def test_yes_is_for_those_who_said_so() -> None:
    """`--yes` asks nothing."""
    assert always_yes(QUESTION, at_once)
