"""`deployer resume`"""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli import options
from deployer.core.names import ShipId

EPILOG = """Examples:

\b
  deployer resume --app myapi
  deployer resume --app myapi --ship 20261124-120000-a1b2c3

The ship's journal says what was promoted over what; where it stands now is looked at afresh. Exit status as of `ship`.
"""


def resume(
    app: options.App = None,
    rack: options.Rack = None,
    ship: Annotated[
        str | None,
        typer.Option("--ship", metavar="ID", help="The ship to take up. Default: the app's newest on this machine."),
    ] = None,
    yes: options.Yes = False,
    soak: options.Soak = None,
    timeout: options.Timeout = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Take up a ship that was interrupted after its promote, and bring it to a verdict."""
    from deployer import bootstrap
    from deployer.cli.settings import ResumeSettings, load

    flags = {
        "app": app,
        "rack": rack,
        "ship": ship,
        "soak": soak,
        "timeout": timeout,
        "convox": convox,
        "insecure_rack": insecure_rack,
        "output": output,
        "verbose": verbose,
    }
    settings = load(ResumeSettings, flags)
    raise typer.Exit(bootstrap.resume(settings.options(), ShipId(settings.ship) if settings.ship else None, yes=yes))
