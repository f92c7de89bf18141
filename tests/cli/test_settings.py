"""Settings: flag, then `DEPLOYER_*`, then default; all problems at once."""

from __future__ import annotations

import os
from dataclasses import Field
from pathlib import Path

import pytest

from deployer.cli.settings import (
    PromoteSettings,
    ResumeSettings,
    RollbackSettings,
    Settings,
    ShipSettings,
    load,
    parse_duration,
)
from deployer.core.errors import Usage
from deployer.core.models import ReleaseCommand
from deployer.core.names import ServiceName
from deployer.core.policy import numbers, setting_of
from deployer.render.choose import Output

PROMOTE = {"app": "myapi", "release": "RABCDEFGHIJ"}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs these tests may have settings of their own."""
    for name in [each for each in os.environ if each.startswith("DEPLOYER_")]:
        monkeypatch.delenv(name)


def test_defaults() -> None:
    """With nothing but an app, nothing else is asked for: the rack is the CLI's choice, the soak the policy's."""
    options = load(ShipSettings, {"app": "myapi"}).options()

    assert "myapi" == options.app
    assert (None, None, {}) == (options.rack, options.convox, options.numbers)
    assert Output.AUTO is options.output


def test_the_environment_beats_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job sets once holds for every command in it."""
    monkeypatch.setenv("DEPLOYER_APP", "fromenv")
    monkeypatch.setenv("DEPLOYER_SOAK", "1m")
    monkeypatch.setenv("DEPLOYER_CONVOX", "/opt/convox")

    options = load(Settings, {}).options()

    assert ("fromenv", {"soak_s": 60.0}, Path("/opt/convox")) == (options.app, options.numbers, options.convox)


def test_a_flag_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed wins."""
    monkeypatch.setenv("DEPLOYER_APP", "fromenv")
    monkeypatch.setenv("DEPLOYER_SOAK", "1m")

    options = load(Settings, {"app": "typed", "soak": "2s"}).options()

    assert ("typed", {"soak_s": 2.0}) == (options.app, options.numbers)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that passes on a variable nobody has set passes on nothing."""
    monkeypatch.setenv("DEPLOYER_SOAK", "")
    monkeypatch.setenv("DEPLOYER_RACK", "")
    monkeypatch.setenv("DEPLOYER_VERBOSE", "")

    options = load(Settings, {"app": "myapi"}).options()

    assert ({}, None, False) == (options.numbers, options.rack, options.verbose)


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


@pytest.mark.parametrize("number", numbers(), ids=lambda number: number.name)
def test_every_number_of_the_policy_is_a_setting(number: Field[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by a variable of its own, a duration with its unit; nothing else is changed by it."""
    plain = ("7", 7) if type(number.default) is int else ("0.5", 0.5)
    text, value = ("20s", 20) if number.name.endswith("_s") else plain
    monkeypatch.setenv(f"DEPLOYER_{setting_of(number).upper()}", text)

    assert {number.name: value} == load(Settings, {"app": "myapi"}).options().numbers


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BLIND", "0"),
        ("READ_TIMEOUT", "soon"),
        ("WRONG_ROUNDS", "0"),
        ("PROBES_AT_ONCE", "2.5"),
        ("STALE_CHANCE", "0"),
        ("STALE_CHANCE", "1"),
        ("JITTER", "nan"),
    ],
)
def test_a_number_out_of_bounds_is_named_by_its_variable(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait is endless, no count is nothing, no chance is none."""
    monkeypatch.setenv(f"DEPLOYER_{name}", text)

    with pytest.raises(Usage, match=f"DEPLOYER_{name} "):
        load(Settings, {"app": "myapi"})


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"soak": "1h"}, "--soak of 3600 s .* less than --timeout"),
        ({"timeout": "10s"}, "--soak of 15 s .* less than --timeout"),
    ],
)
def test_numbers_that_cannot_go_together_are_refused(flags: dict[str, str], named: str) -> None:
    """A soak that would never be over is a mistake; both settings are named."""
    with pytest.raises(Usage, match=named):
        load(ShipSettings, {"app": "myapi", **flags}).options()


def test_a_short_timeout_needs_no_other_number() -> None:
    """Of two deadlines the shorter one counts."""
    assert {"cap_s": 120.0} == load(ShipSettings, {"app": "myapi", "timeout": "2m"}).options().numbers


def test_a_release_command_has_a_service_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but blanks is no command; without a service the only one is meant."""
    monkeypatch.setenv("DEPLOYER_RELEASE_COMMAND", "alembic upgrade head")

    assert ReleaseCommand(ServiceName(""), "alembic upgrade head") == load(PromoteSettings, PROMOTE).command
    assert ServiceName("web") == load(PromoteSettings, {**PROMOTE, "release_service": "web"}).command.service  # type: ignore[union-attr]
    assert load(PromoteSettings, {**PROMOTE, "release_command": " "}).command is None


def test_what_was_typed_is_not_repeated() -> None:
    """A value in the wrong place may be a secret: the message names the flag only."""
    with pytest.raises(Usage) as caught:
        load(Settings, {"app": "hunter2 hunter2", "output": "hunter2"})

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "hunter2" not in repr(vars(caught.value))
