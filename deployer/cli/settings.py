"""
Settings: flag > `DEPLOYER_*` > the checkout's file > default. All problems are told at once.

No secret is a setting: values of the app's env are read where they are sent (faults 4.1).
"""

from __future__ import annotations

import os
import re
from dataclasses import Field as Number
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, create_model
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from deployer.bootstrap import Health, Options
from deployer.cli.settings_file import settings_in_file
from deployer.core.errors import Usage
from deployer.core.models import ReleaseCommand
from deployer.core.names import AppName, ServiceName, is_app_name, is_release_id, is_ship_id
from deployer.core.policy import Policy, contradictions, numbers, setting_of
from deployer.core.redact import Secret
from deployer.probe.answers import Fields
from deployer.render.choose import Output

# The numbers of the policy that are options too.
WITH_OPTION = ("soak", "timeout", "start_timeout", "build_timeout", "command_timeout")

# What a checkout may not choose: what runs on this machine, whom it trusts, and what is typed anew each time.
NOT_IN_FILE = frozenset({"convox", "insecure_rack", "source", "release"})

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>s|m|h)?")
_UNIT_S = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: object) -> float:
    """`15s`, `2m`, `1h` or plain seconds, as seconds. Raises ValueError with what would have been right."""
    found = _DURATION.fullmatch(str(text).strip())
    if not found:
        raise ValueError("must be a duration such as 15s, 2m or 1h")
    return float(found["number"]) * _UNIT_S[found["unit"]]


def duration_of(option: str, text: str) -> float:
    """Of an option that is no setting, more than nothing. Raises Usage."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise Usage(f"{option} {error}") from None
    if not seconds:
        raise Usage(f"{option} must be more than nothing")
    return seconds


def _app_name(name: str) -> str:
    if not is_app_name(name):
        raise ValueError("must be a Convox app name: lower case letters, digits and dashes, beginning with a letter")
    return name


def _release_id(text: str) -> str:
    if not is_release_id(text):
        raise ValueError("must be a release id such as RABCDEFGHIJ")
    return text


def _ship_id(text: str) -> str:
    if not is_ship_id(text):
        raise ValueError("must be a ship id such as 20261124-120000-a1b2c3")
    return text


App = Annotated[str, AfterValidator(_app_name)]
Release = Annotated[str, AfterValidator(_release_id)]
Ship = Annotated[str, AfterValidator(_ship_id)]


def _kind(number: Number[Any]) -> Any:
    """What may be said for a number of the policy: a duration, a count or a share."""
    if isinstance(number.default, int):
        return Annotated[int, Field(ge=1)]
    above = Field(ge=0) if number.metadata["may_be_zero"] else Field(gt=0)
    if number.name.endswith("_s"):
        return Annotated[float, BeforeValidator(parse_duration), above]
    return Annotated[float, above, Field(lt=1)]


if TYPE_CHECKING:
    _Numbers = BaseSettings
else:
    _Numbers = create_model(
        "_Numbers", __base__=BaseSettings, **{setting_of(each): (_kind(each) | None, None) for each in numbers()}
    )


class Settings(_Numbers):
    """
    What every command that talks to a rack needs. Every number of the policy is a setting, `None` where it is not set.

    `health_…` say where a service's `/health` answer names its release, process and build stamp, and which request
    header it wants: the header's value comes from the variable that `health_header_from` names.
    """

    # a job that passes on a variable nobody has set passes on an empty one
    model_config = SettingsConfigDict(
        env_prefix="DEPLOYER_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    app: App
    rack: str | None = None
    convox: Path | None = None
    insecure_rack: bool = False
    output: Literal["auto", "live", "plain", "json", "github"] = "auto"
    verbose: bool = False
    health_release_field: str = ""
    health_process_field: str = ""
    health_stamp_field: str = ""
    health_header: str = ""
    health_header_from: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        known = set(ShipSettings.model_fields) - NOT_IN_FILE
        return init_settings, env_settings, InitSettingsSource(settings_cls, settings_in_file(known))

    def options(self) -> Options:
        """What the composition root needs of them."""
        return Options(
            app=AppName(self.app),
            rack=self.rack,
            convox=self.convox,
            is_insecure=self.insecure_rack,
            output=Output(self.output),
            verbose=self.verbose,
            numbers=self._numbers(),
            health=self._health(),
        )

    def _numbers(self) -> dict[str, Any]:
        """Those of the policy that were set, by its own names. Raises Usage where they cannot go together."""
        given = {each.name: getattr(self, setting_of(each)) for each in numbers()}
        given = {name: value for name, value in given.items() if value is not None}
        if found := contradictions(replace(Policy(), **given)):
            words = (f"{_label(small)} {what}: it must be less than {_label(large)}" for small, what, large in found)
            raise Usage("; ".join(words), hint="docs/policy.md names every number")
        return given

    def _health(self) -> Health:
        """Raises Usage where the header's value is to come from a variable that is not set."""
        fields = Fields()
        headers = {}
        if self.health_header:
            value = os.environ.get(self.health_header_from)
            if value is None:
                name = self.health_header_from or "DEPLOYER_HEALTH_HEADER_FROM"
                raise Usage(f"the value of the health header {self.health_header} is missing", hint=f"export {name}=…")
            headers[self.health_header] = Secret(value)
        return Health(
            Fields(
                release=(self.health_release_field,) if self.health_release_field else fields.release,
                process=self.health_process_field or fields.process,
                stamp=self.health_stamp_field or fields.stamp,
            ),
            headers,
        )


class RollSettings(Settings):
    """How a release is proven, and what happens when it is not."""

    identity: Literal["health", "ps"] = "health"
    verify: bool = True
    irreversible: bool = False
    release_command: str = ""
    release_service: str = ""
    rollback: bool = True

    @property
    def command(self) -> ReleaseCommand | None:
        line = self.release_command.strip()
        return ReleaseCommand(ServiceName(self.release_service), line) if line else None


class ShipSettings(RollSettings):
    source: Path = Path()
    release: Release | None = None
    staged: Literal["allow", "refuse"] = "allow"


class PromoteSettings(RollSettings):
    release: Release


class RollbackSettings(Settings):
    release: Release | None = None


class ResumeSettings(Settings):
    ship: Ship | None = None


S = TypeVar("S", bound=Settings)


def load(kind: type[S], flags: dict[str, Any]) -> S:
    """
    Settings from the flags that were given and the environment; a flag that is no setting is not for us.

    Raises Usage that names every problem.
    """
    given = {name: value for name, value in flags.items() if name in kind.model_fields and value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        problems = [_problem(each["loc"], each["type"], each["msg"]) for each in error.errors(include_input=False)]
        raise Usage("; ".join(problems), hint="deployer --help") from None


def _problem(where: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(where[0])
    if kind == "missing":
        return f"--{name} is missing (or {_variable(name)}, or {name} in deployer.toml)"
    own = message.removeprefix("Value error, ")
    return f"{_label(name)} {own if own != message else message[:1].lower() + message[1:]}"


def _label(name: str) -> str:
    """How a person sets it: numbers of the policy are variables, but for those that have an option."""
    is_variable = name in {setting_of(each) for each in numbers()} - set(WITH_OPTION)
    return _variable(name) if is_variable else f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return f"DEPLOYER_{name.upper()}"
