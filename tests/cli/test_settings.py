"""Settings: flag, then `DEPLOYER_*`, then default; all problems at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployer.cli.settings import ResumeSettings, RollbackSettings, Settings, ShipSettings, load, parse_duration
from deployer.core.errors import Usage
from deployer.render.choose import Output


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs these tests may have settings of their own."""
    for name in [each for each in os.environ if each.startswith("DEPLOYER_")]:
        monkeypatch.delenv(name)


def test_defaults() -> None:
    """With nothing but an app, nothing else is asked for: the rack is the CLI's choice, the soak the policy's."""
    options = load(ShipSettings, {"app": "myapi"}).options()

    assert "myapi" == options.app
    assert (None, None, None) == (options.rack, options.convox, options.soak_s)
    assert Output.AUTO is options.output


def test_the_environment_beats_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job sets once holds for every command in it."""
    monkeypatch.setenv("DEPLOYER_APP", "fromenv")
    monkeypatch.setenv("DEPLOYER_SOAK", "1m")
    monkeypatch.setenv("DEPLOYER_CONVOX", "/opt/convox")

    options = load(Settings, {}).options()

    assert ("fromenv", 60.0, Path("/opt/convox")) == (options.app, options.soak_s, options.convox)


def test_a_flag_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed wins."""
    monkeypatch.setenv("DEPLOYER_APP", "fromenv")
    monkeypatch.setenv("DEPLOYER_SOAK", "1m")

    options = load(Settings, {"app": "typed", "soak": "2s"}).options()

    assert ("typed", 2.0) == (options.app, options.soak_s)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that passes on a variable nobody has set passes on nothing."""
    monkeypatch.setenv("DEPLOYER_SOAK", "")
    monkeypatch.setenv("DEPLOYER_RACK", "")
    monkeypatch.setenv("DEPLOYER_VERBOSE", "")

    options = load(Settings, {"app": "myapi"}).options()

    assert (None, None, False) == (options.soak_s, options.rack, options.verbose)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15), ("2m", 120), ("1h", 3600), ("90", 90), ("0", 0), ("0.5s", 0.5), ("1.5m", 90), (" 3s ", 3)],
)
def test_a_duration_is_read_as_it_is_said(text: str, seconds: float) -> None:
    """A number and a unit; a number alone is seconds."""
    assert seconds == parse_duration(text)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1d", "15 s", "1m30s", "nan", "inf", "1e9"])
def test_what_is_no_duration_is_told_what_one_is(text: str) -> None:
    """Anything else is refused with examples of what would have been right."""
    with pytest.raises(ValueError, match="such as 15s, 2m or 1h"):
        parse_duration(text)


def test_all_problems_are_told_at_once() -> None:
    """Nobody types a command three times to learn of three mistakes."""
    wrong = {"app": "My_App", "soak": "soon", "output": "loud", "release": "latest", "staged": "maybe", "identity": "?"}

    with pytest.raises(Usage) as caught:
        load(ShipSettings, wrong)

    assert [] == [name for name in wrong if f"--{name} " not in caught.value.what]


@pytest.mark.parametrize("app", ["My-App", "1app", "-app", "app_1", "", "a" * 64, "app\n", "../app"])
def test_an_app_has_a_name_of_convox(app: str) -> None:
    """A name that Convox would not take, or that could lead a path astray, goes nowhere."""
    with pytest.raises(Usage, match="--app must be a Convox app name"):
        load(Settings, {"app": app})


def test_ids_have_the_shape_of_ids() -> None:
    """A release or a ship is named by its id."""
    with pytest.raises(Usage, match="RABCDEFGHIJ"):
        load(RollbackSettings, {"app": "myapi", "release": "v1.2"})
    with pytest.raises(Usage, match="20261124-120000-a1b2c3"):
        load(ResumeSettings, {"app": "myapi", "ship": "../../etc/passwd"})


def test_what_was_typed_is_not_repeated() -> None:
    """A value in the wrong place may be a secret: the message names the flag only."""
    with pytest.raises(Usage) as caught:
        load(Settings, {"app": "hunter2 hunter2", "output": "hunter2"})

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "hunter2" not in repr(vars(caught.value))
