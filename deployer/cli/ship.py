"""`deployer ship`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli import options

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
    verify: options.Verify = None,
    irreversible: options.Irreversible = None,
    rollback: options.Rollback = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Set env, build, promote, and watch until every replica has answered for the new release; go back if it fails."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.inputs import plan_in, ship_wish
    from deployer.cli.settings import ShipSettings, load

    settings = load(ShipSettings, flags)
    wish = ship_wish(settings, flags, plan_in(plan) if plan else None)
    raise typer.Exit(bootstrap.ship(settings.options(), wish))
