"""
Settings: flag > `DEPLOYER_*` > default. The only settings code; all problems are told at once.

No secret is a setting: values of the app's env are read where they are sent (faults 4.1).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from deployer.bootstrap import Health, Options
from deployer.core.errors import Usage
from deployer.core.names import AppName, is_app_name, is_release_id, is_ship_id
from deployer.core.redact import Secret
from deployer.probe.answers import Fields
from deployer.render.choose import Output

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>s|m|h)?")
_UNIT_S = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: object) -> float:
    """`15s`, `2m`, `1h` or plain seconds, as seconds. Raises ValueError with what would have been right."""
    found = _DURATION.fullmatch(str(text).strip())
    if not found:
        raise ValueError("must be a duration such as 15s, 2m or 1h")
    return float(found["number"]) * _UNIT_S[found["unit"]]


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


Seconds = Annotated[float, BeforeValidator(parse_duration), Field(ge=0)]
App = Annotated[str, AfterValidator(_app_name)]
Release = Annotated[str, AfterValidator(_release_id)]
Ship = Annotated[str, AfterValidator(_ship_id)]


class Settings(BaseSettings):
    """
    What every command that talks to a rack needs.

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
    soak: Seconds | None = None
    health_release_field: str = ""
    health_process_field: str = ""
    health_stamp_field: str = ""
    health_header: str = ""
    health_header_from: str = ""

    def options(self) -> Options:
        """What the composition root needs of them."""
        return Options(
            app=AppName(self.app),
            rack=self.rack,
            convox=self.convox,
            is_insecure=self.insecure_rack,
            output=Output(self.output),
            verbose=self.verbose,
            soak_s=self.soak,
            health=self._health(),
        )

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
    rollback: bool = True


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
    """Settings from the flags that were given and the environment. Raises Usage that names every problem."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        problems = [_problem(each["loc"], each["type"], each["msg"]) for each in error.errors(include_input=False)]
        raise Usage("; ".join(problems), hint="deployer --help") from None


def _problem(where: tuple[int | str, ...], kind: str, message: str) -> str:
    name = "-".join(str(each) for each in where)
    if kind == "missing":
        return f"--{name} is missing (or DEPLOYER_{name.upper()})"
    own = message.removeprefix("Value error, ")
    return f"--{name} {own if own != message else message[:1].lower() + message[1:]}"
