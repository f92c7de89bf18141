"""`deployer promote`"""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli import options
from deployer.core.names import ReleaseId

EPILOG = """Examples:

\b
  deployer promote RABCDEFGHIJ --app myapi
  deployer promote "$(convox env set MODE=fast --id -a myapi)" --app myapi

The same as `ship --release`: looked at, promoted once, watched, proven, and taken back if it fails. One that is active
already is proven, not promoted; one that is older than it is for `rollback`. Exit status as of `ship`.
"""


def promote(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="A release with a build.", show_default=False)],
    app: options.App = None,
    rack: options.Rack = None,
    release_command: options.ReleaseCommand = None,
    release_service: options.ReleaseService = None,
    soak: options.Soak = None,
    timeout: options.Timeout = None,
    start_timeout: options.StartTimeout = None,
    command_timeout: options.CommandTimeout = None,
    identity: options.Identity = None,
    verify: options.Verify = None,
    irreversible: options.Irreversible = None,
    rollback: options.Rollback = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Promote a release that exists, and watch until every replica has answered for it; go back if it fails."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import PromoteSettings, load

    settings = load(PromoteSettings, flags)
    wish = bootstrap.ShipWish(
        command="promote",
        release=ReleaseId(settings.release),
        accept_ps=settings.identity == "ps",
        release_command=settings.command,
        no_verify=not settings.verify,
        irreversible=settings.irreversible,
        no_rollback=not settings.rollback,
    )
    raise typer.Exit(bootstrap.ship(settings.options(), wish))
