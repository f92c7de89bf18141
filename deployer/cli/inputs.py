"""Read what a person wants the app's env to be: files, names in our own environment, and plain `K=V`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.core.encode import decode, encode
from deployer.core.environment import Environment
from deployer.core.errors import Problem, Usage
from deployer.core.events import Planned
from deployer.core.names import ReleaseId
from deployer.core.plan import Plan
from deployer.core.redact import Secret

if TYPE_CHECKING:
    from deployer.bootstrap import ShipWish
    from deployer.cli.settings import ShipSettings


def wanted_env(
    files: Sequence[Path], names: Sequence[str], pairs: Sequence[str]
) -> tuple[Environment, tuple[Problem, ...]]:
    """The env that was asked for, later sources winning, and every problem met in reading it. Shows no value."""
    from deployer.convox.envfile import read_env

    wanted, problems = Environment({}), []
    for path in files:
        try:
            text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            problems.append(Problem(f"{path} cannot be read: {reason}", hint=f"deployer ship --env-file {path}"))
            continue
        wanted = wanted.overlaid(read_env(text, str(path)))
    for name in names:
        if name not in os.environ:
            problems.append(Problem(f"{name} is not set in the environment deployer runs in", hint=f"export {name}=…"))
            continue
        wanted = wanted.overlaid(Environment({name: Secret(os.environ[name])}))
    return wanted.overlaid(_pairs(pairs)), tuple(problems)


def ship_wish(settings: ShipSettings, flags: dict[str, Any], planned: Plan | None = None) -> ShipWish:
    """What `ship` and `plan` were asked for; problems of reading it are part of it."""
    from deployer.bootstrap import ShipWish

    wanted, problems = wanted_env(flags["env_file"] or (), flags["env_from"] or (), flags["set_"] or ())
    return ShipWish(
        source=settings.source,
        release=ReleaseId(settings.release) if settings.release else None,
        wanted=wanted,
        env_exclusive=flags["env_exclusive"],
        refuse_staged=settings.staged == "refuse",
        accept_ps=settings.identity == "ps",
        release_command=settings.command,
        no_verify=not settings.verify,
        irreversible=settings.irreversible,
        no_rollback=not settings.rollback,
        planned=planned,
        problems=problems,
    )


def plan_in(path: Path) -> Plan:
    """What `deployer plan --out` has written. Raises Usage."""
    try:
        event = decode(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a plan of this version of deployer"
        raise Usage(f"{path} cannot be used", why=str(why), hint="deployer plan --out FILE") from None
    if not isinstance(event, Planned):
        raise Usage(f"{path} cannot be used", why="it is not a plan", hint="deployer plan --out FILE")
    return event.plan


def write_plan(path: Path, plan: Plan) -> None:
    """Names and ids, never a value. Raises Usage."""
    try:
        path.write_text(json.dumps(encode(Planned(plan)), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Usage(f"{path} cannot be written", why=error.strerror or "") from None


def _pairs(pairs: Sequence[str]) -> Environment:
    """Raises Usage for a `--set` without `=`; the text is not shown, since it may be a value."""
    if any("=" not in each for each in pairs):
        raise Usage("--set takes KEY=VALUE", hint="for a secret: --env-from KEY")
    split = (each.split("=", 1) for each in pairs)
    return Environment({key: Secret(value) for key, value in split})
