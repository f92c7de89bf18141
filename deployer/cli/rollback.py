"""`deployer rollback`"""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli import options
from deployer.core.names import ReleaseId

EPILOG = """Examples:

\b
  deployer rollback --app myapi                 to the last proven release that differs
  deployer rollback RABCDEFGHIJ --app myapi     to this one
  deployer rollback --app myapi --keep-env      the code only: keys rotated since then stay
  deployer rollback --app myapi --now --yes     at once, without a question and without a soak

What changes back is shown first. Exit status: 0 restored, 10 nothing to go back to, 30 not proven: page somebody.
"""


def rollback(
    release: Annotated[
        str | None, typer.Argument(metavar="[RELEASE]", help="Where to go back to.", show_default="last proven")
    ] = None,
    app: options.App = None,
    rack: options.Rack = None,
    keep_env: Annotated[bool, typer.Option("--keep-env", help="Take back the code only; the env stays.")] = False,
    now: Annotated[bool, typer.Option("--now", help="No soak: one round of answers is enough.")] = False,
    yes: options.Yes = False,
    soak: options.Soak = None,
    timeout: options.Timeout = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Go back to a release that was proven before; rolled and proven like a ship. A lock never stops it."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.ask import always_yes, ask
    from deployer.cli.settings import RollbackSettings, load

    settings = load(RollbackSettings, flags)
    wanted = ReleaseId(settings.release) if settings.release else None
    wish = bootstrap.RollbackWish(release=wanted, keep_env=keep_env, now=now, ask=always_yes if yes else ask)
    raise typer.Exit(bootstrap.rollback(settings.options(), wish))
