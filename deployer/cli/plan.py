"""`deployer plan`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli import options

EPILOG = """Examples:

\b
  deployer plan --app myapi --env-file prod.env
  deployer plan --app myapi --out plan.json && deployer ship --app myapi --plan plan.json
  deployer plan --app myapi --release RABCDEFGHIJ --exit-code

Writes nothing on the rack. What a ship would be refused for is told here, all at once. `ship --plan` wants the same
options again: a plan holds no values. Exit status: 0; with --exit-code 3 where there is something to ship; 10 refused,
11 busy, 12 denied.
"""

CHANGES = 3


def plan(
    source: options.Source = None,
    app: options.App = None,
    rack: options.Rack = None,
    env_file: options.EnvFile = None,
    env_from: options.EnvFrom = None,
    set_: options.SetPlain = None,
    env_exclusive: options.EnvExclusive = False,
    release: options.Release = None,
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
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Keep it for `ship --plan`.", rich_help_panel=options.TELLING),
    ] = None,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="End with 3 where something would change.", rich_help_panel=options.TELLING),
    ] = False,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Say what a ship would do, and what it would be refused for."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.inputs import ship_wish, write_plan
    from deployer.cli.settings import ShipSettings, load
    from deployer.render.plan import plan_json, plan_text

    settings = load(ShipSettings, flags)
    made = bootstrap.plan(settings.options(), ship_wish(settings, flags))
    if out:
        write_plan(out, made)
    typer.echo(plan_json(made) if settings.output == "json" else plan_text(made))
    raise typer.Exit(CHANGES if exit_code and made.changes else 0)
