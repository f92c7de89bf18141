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
  deployer resume --app myapi --abort           take back what it promoted, whatever becomes of it

The ship's journal says what was promoted over what; where it stands now is looked at afresh. A build that was left is
waited for and shipped. One that was left more than half an hour ago is judged and reported; --yes acts on it too. Exit
status as of `ship`; 10 where there is nothing to do.
"""


def resume(
    app: options.App = None,
    rack: options.Rack = None,
    ship: Annotated[
        str | None,
        typer.Option("--ship", metavar="ID", help="The ship to take up. Default: the app's newest on this machine."),
    ] = None,
    abort: Annotated[bool, typer.Option("--abort", help="Go back to what served before it, and prove that.")] = False,
    yes: options.Yes = False,
    soak: options.Soak = None,
    timeout: options.Timeout = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Take up a ship that was interrupted, and bring it to a verdict; or take it back."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import ResumeSettings, load

    settings = load(ResumeSettings, flags)
    wanted = ShipId(settings.ship) if settings.ship else None
    raise typer.Exit(bootstrap.resume(settings.options(), wanted, yes=yes, abort=abort))
