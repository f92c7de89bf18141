"""`.env` files as their writers meant them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox.envfile import read_env
from deployer.core.environment import problems_of
from deployer.core.errors import Usage


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("export A=1\n", {"A": "1"}),
        ("A=\"a b\"\nB='c # d'\n", {"A": "a b", "B": "c # d"}),
        ("# comment\n\nA=1 # why\n", {"A": "1"}),
        ("A=x#y\n", {"A": "x#y"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("A=a=b==\n", {"A": "a=b=="}),
        ("A=\n", {"A": ""}),
        ("A=${HOME}/x\n", {"A": "${HOME}/x"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("", {}),
    ],
)
def test_text_is_read_as_it_was_meant(text: str, values: dict[str, str]) -> None:
    """Quotes, `export`, comments, CRLF and a BOM are not part of a value; nothing is interpolated."""
    environment = read_env(text)

    assert values == {key: secret.reveal() for key, secret in environment.items()}


def test_quoted_line_breaks_are_read_and_refused_by_name_later() -> None:
    """A PEM is a value of several lines, which Convox would cut off (faults C8)."""
    environment = read_env('PEM="-----BEGIN\nabc==\n-----END"\n')

    (problem,) = problems_of(environment)

    assert "PEM" == problem.key


@pytest.mark.parametrize(
    ("text", "line"), [("A=1\ns3cret word\n", 2), ("A=1\n\n\ns3cret\n", 4), ('A="s3cret\n', 1), ("=s3cret\n", 1)]
)
def test_line_that_is_no_pair_is_named_and_not_shown(text: str, line: int) -> None:
    """It may be a value."""
    with pytest.raises(Usage) as caught:
        read_env(text, "prod.env")

    assert ("prod.env is not readable", f"line {line} is not KEY=value") == (caught.value.what, caught.value.why)
    assert caught.value.__cause__ is None


@given(text=st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Read, or Usage that holds nothing of the text's lines."""
    try:
        read_env(text)
    except Usage as error:
        assert "the env file is not readable" == error.what  # noqa: PT017
