"""`deployer plan`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli import options
from deployer.core.names import ReleaseId

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
    no_verify: options.NoVerify = False,
    irreversible: options.Irreversible = None,
    no_rollback: options.NoRollback = False,
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
    from deployer import bootstrap
    from deployer.cli.inputs import wanted_env, write_plan
    from deployer.cli.settings import ShipSettings, load
    from deployer.render.plan import plan_json, plan_text

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
        "command_timeout": command_timeout,
        "staged": staged,
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
        problems=problems,
    )
    made = bootstrap.plan(settings.options(), wish)
    if out:
        write_plan(out, made)
    typer.echo(plan_json(made) if settings.output == "json" else plan_text(made))
    raise typer.Exit(CHANGES if exit_code and made.changes else 0)
