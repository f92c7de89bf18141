"""`deployer ship`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli import options
from deployer.core.names import ReleaseId

EPILOG = """Examples:

\b
  deployer ship --app myapi
  deployer ship --app myapi --env-from OPENAI_API_KEY --env-file prod.env
  deployer ship --app myapi --release-command "alembic upgrade head"
  deployer ship --app myapi --release RABCDEFGHIJ        an existing release, no build
  deployer ship --app myapi --plan plan.json             only what somebody has looked at: deployer plan --out

The release id alone goes to standard output, on success only. Exit status: 0 shipped, 1x nothing that serves changed,
2x the old release serves again, 3x page somebody, 4x look.
"""


def ship(
    source: options.Source = None,
    app: options.App = None,
    rack: options.Rack = None,
    env_file: options.EnvFile = None,
    env_from: options.EnvFrom = None,
    set_: options.SetPlain = None,
    env_exclusive: options.EnvExclusive = False,
    release: options.Release = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Only what `deployer plan --out FILE` has shown: refused if the world has moved.",
            rich_help_panel=options.SHIPPED,
        ),
    ] = None,
    release_command: options.ReleaseCommand = None,
    release_service: options.ReleaseService = None,
    soak: options.Soak = None,
    timeout: options.Timeout = None,
    start_timeout: options.StartTimeout = None,
    build_timeout: options.BuildTimeout = None,
    command_timeout: options.CommandTimeout = None,
    staged: options.Staged = None,
    identity: options.Identity = None,
    no_verify: options.NoVerify = False,
    irreversible: options.Irreversible = None,
    no_rollback: options.NoRollback = False,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Set env, build, promote, and watch until every replica has answered for the new release; go back if it fails."""
    from deployer import bootstrap
    from deployer.cli.inputs import plan_in, wanted_env
    from deployer.cli.settings import ShipSettings, load

    flags = {
        "source": source,
        "app": app,
        "rack": rack,
        "release": release,
        "release_command": release_command,
        "release_service": release_service,
        "soak": soak,
        "timeout": timeout,
        "start_timeout": start_timeout,
        "build_timeout": build_timeout,
        "staged": staged,
        "command_timeout": command_timeout,
        "identity": identity,
        "verify": False if no_verify else None,
        "irreversible": irreversible,
        "rollback": False if no_rollback else None,
        "convox": convox,
        "insecure_rack": insecure_rack,
        "output": output,
        "verbose": verbose,
    }
    settings = load(ShipSettings, flags)
    wanted, problems = wanted_env(env_file or (), env_from or (), set_ or ())
    wish = bootstrap.ShipWish(
        source=settings.source,
        release=ReleaseId(settings.release) if settings.release else None,
        wanted=wanted,
        env_exclusive=env_exclusive,
        refuse_staged=settings.staged == "refuse",
        accept_ps=settings.identity == "ps",
        release_command=settings.command,
        no_verify=not settings.verify,
        irreversible=settings.irreversible,
        no_rollback=not settings.rollback,
        planned=plan_in(plan) if plan else None,
        problems=problems,
    )
    raise typer.Exit(bootstrap.ship(settings.options(), wish))
