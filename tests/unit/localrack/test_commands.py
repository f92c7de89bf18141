"""What `deployer rack fault` and `deployer rack access` say when they cannot do what was asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployer.cli.app import app
from deployer.cli.rack_fault import _line
from deployer.core.errors import RackUnreachable, Usage
from deployer.localrack.faults import Faults, Order


@pytest.fixture(autouse=True)
def no_rack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def refusal_of(*words: str) -> BaseException | None:
    return CliRunner().invoke(app, ["rack", *words]).exception


@pytest.mark.parametrize("words", [("fault", "list"), ("fault", "clear"), ("fault", "add", "crash"), ("access",)])
def test_without_a_rack_the_next_command_is_named(words: tuple[str, ...]) -> None:
    """There is nothing to practise on yet."""
    refused = refusal_of(*words)

    assert isinstance(refused, RackUnreachable)
    assert "deployer rack up" == refused.hint


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("fault", "add", "bang"), "bang is no fault"),
        (("fault", "add", "crash", "--on", "/apps"), "happens to processes"),
        (("fault", "add", "hang", "--replicas", "1"), "happens to requests"),
        (("access", "--role", "king"), "king is no role"),
        (("up", "--faults", "/no/such/file"), "No such file"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: tuple[str, ...], why: str) -> None:
    """Said in the words of the rack, before anything is started."""
    refused = refusal_of(*words)

    assert isinstance(refused, Usage)
    assert why in str(refused)


def test_an_order_is_listed_as_it_would_be_ordered_again() -> None:
    """Quoted for a shell."""
    faults = Faults()
    standing = faults.add(Order("status=500", method="GET", path="/apps$", body="try later", times=2))
    faults.on_request("GET", "/apps")

    assert "1  status=500 --on 'GET /apps$' --body 'try later' --times 2  (met 1)" == _line(standing.describe())
