"""What Convox takes without a word, and a person did not mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox.remarks import remarks
from deployer.core.errors import Problem

GOOD = """
services:
  api:
    build: .
    port: 8000
    health: {path: /health, interval: 10}
    environment: [LOG_LEVEL=info, OPENAI_API_KEY]
"""


def test_good_manifest_is_not_remarked_on() -> None:
    """Nothing is odd, nothing is said."""
    assert () == remarks(GOOD)


def test_port_in_environment_is_told_with_its_line() -> None:
    """It lets `env set PORT` move the app off the port that is probed."""
    text = "environment:\n  - PORT=8000\nservices:\n  api:\n    environment:\n      - A=1\n      - RELEASE\n"

    assert (
        Problem("convox.yml:2 PORT in environment lets `env set PORT` move the app off its probes", "delete the line"),
        Problem("convox.yml:7 RELEASE in environment lets `env set RELEASE` break the proof", "delete the line"),
    ) == remarks(text)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("service: {}\n", 1, "convox.yml has no key 'service'"),
        ("services:\n  api:\n    healthcheck: /h\n", 3, "service api has no key 'healthcheck'"),
        (
            "services:\n  api:\n    health:\n      path: /h\n      intervall: 3\n",
            5,
            "health of api has no key 'intervall'",
        ),
    ],
)
def test_slip_of_the_pen_is_told(text: str, line: int, key: str) -> None:
    """Convox passes over a key that it does not know."""
    [found] = remarks(text)

    assert f"convox.yml:{line} {key}: Convox passes over it" == found.what


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from([*GOOD.splitlines(keepends=True), "? [", "- ", ": ", "&a *a\n"])).map("".join),
    )
)
def test_anything_can_be_read(text: str) -> None:
    """`read_manifest` says what is no manifest; here it is passed over."""
    assert all(each.what.startswith("convox.yml:") for each in remarks(text))
