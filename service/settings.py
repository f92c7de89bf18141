"""What the environment may set, checked in the Gunicorn master before a worker is forked."""

from __future__ import annotations

import os
import sys
from ipaddress import IPv4Address
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

BAD_SETTING_STATUS = 3  # what Gunicorn itself exits with when a worker cannot boot


def workers_for(cpus: int) -> int:
    """How many workers keep `cpus` processors busy: Gunicorn's own rule, (2 x CPU) + 1."""
    return 2 * cpus + 1


def _default_workers() -> int:
    return workers_for(os.cpu_count() or 1)


class Settings(BaseSettings):
    """
    Read from the environment once; an empty value counts as unset.

    A description finishes the sentence that refuses a value: "PORT must be …".
    There is no prefix: Kubernetes gives every container `API_PORT=tcp://…` for
    a service called `api`, and a prefix `API_` would take that for ours
    (convox-facts 10.1).
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    port: int = Field(8000, ge=1, le=65535, description="a number from 1 to 65535")
    # every interface, because the balancer comes from outside the container; a laptop sets 127.0.0.1
    bind_host: IPv4Address = Field(IPv4Address("0.0.0.0"), description="an IPv4 address")  # noqa: S104
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="one of debug, info, warning, error"
    )
    gunicorn_workers: int = Field(default_factory=_default_workers, ge=1, le=256, description="a number from 1 to 256")
    openai_api_key: SecretStr | None = None
    anthropic_api_key: SecretStr | None = None


def load_or_exit() -> Settings:
    """
    Return the settings, or end the process: one line on stderr, status 3.

    For the Gunicorn master. Were a worker to refuse instead, the master would
    fork the next one for ever, and the rack would read `starting` for ever
    (convox-facts 10.1).
    """
    try:
        return Settings()
    except ValidationError as error:
        sys.stderr.write(f"service cannot start: {'; '.join(problems(error))}\n")
        sys.exit(BAD_SETTING_STATUS)


def problems(error: ValidationError) -> list[str]:
    """Say which names broke which rule; never a value, which may be a secret under the wrong name."""
    names = [str(problem["loc"][0]) for problem in error.errors(include_input=False, include_context=False)]
    return [f"{name.upper()} must be {Settings.model_fields[name].description}" for name in names]
