"""What the face hands to the composition root: plain data, no concrete class of any port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from deployer.core.environment import Environment
from deployer.core.errors import Problem
from deployer.core.models import ReleaseCommand
from deployer.core.names import AppName, ReleaseId
from deployer.core.plan import Plan
from deployer.core.redact import Secret
from deployer.probe.answers import Fields
from deployer.render.choose import Output


@dataclass(frozen=True, slots=True)
class Health:
    """How a service's health answers are asked for and read."""

    fields: Fields = field(default_factory=Fields)
    headers: Mapping[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What every run is told by its face. `rack` and `convox` are `None` where nothing was said; `is_insecure` accepts a
    rack whose certificate cannot be verified. `numbers` of the policy are as they were set, by its names.
    """

    app: AppName
    rack: str | None = None
    convox: Path | None = None
    is_insecure: bool = False
    output: Output = Output.AUTO
    verbose: bool = False
    numbers: Mapping[str, Any] = field(default_factory=dict)
    health: Health = field(default_factory=Health)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipWish:
    """What a person wants shipped, by which command, and what went wrong while it was read."""

    command: str = "ship"
    source: Path = Path()
    release: ReleaseId | None = None
    wanted: Environment = field(default_factory=lambda: Environment({}))
    env_exclusive: bool = False
    refuse_staged: bool = False
    accept_ps: bool = False
    no_rollback: bool = False
    no_verify: bool = False
    irreversible: bool = False
    release_command: ReleaseCommand | None = None
    planned: Plan | None = None
    problems: tuple[Problem, ...] = ()


class Ask(Protocol):
    """Puts a question to a person. `wait` is how it may wait for the answer, so that a signal is heard."""

    def __call__(self, question: str, wait: Callable[[float, Callable[[], bool]], bool]) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackWish:
    """
    Where a person wants to go back to, `None` for the last proven release that differs, and who is asked first.

    `now`: one round of answers proves it.
    """

    release: ReleaseId | None = None
    keep_env: bool = False
    now: bool = False
    ask: Ask
