"""`deployer lock status|hold|release`"""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli import options

EPILOG = """Examples:

\b
  deployer lock status --app myapi
  deployer lock hold --app myapi --for 30m --reason "moving the database"
  deployer lock release --app myapi

A ship takes the lock and gives it back at its end; one that was killed leaves it, until it expires. A rollback is never
stopped by it.
"""

STATUS_EPILOG = """Examples:

\b
  deployer lock status --app myapi
  deployer lock status --app myapi --output json | jq .holder.by

Exit status: 0, held or not.
"""

HOLD_EPILOG = """Examples:

\b
  deployer lock hold --app myapi --reason "moving the database"
  deployer lock hold --app myapi --for 2h --reason freeze

Ships are refused (`busy`) until then, or until `deployer lock release`; a rollback is not. Exit status: 0 held, 11
somebody else holds it.
"""

RELEASE_EPILOG = """Examples:

\b
  deployer lock release --app myapi
  deployer lock release --app myapi --yes       in a script

Better than this for a ship that was interrupted: deployer resume. Exit status: 0 nobody holds it now, 10 not released.
"""

app = typer.Typer(
    help="Who is at work on an app: an advisory lock, kept on the rack.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)


@app.command("status", short_help="Say who holds it.", epilog=STATUS_EPILOG)
def status(
    app: options.App = None,
    rack: options.Rack = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
) -> None:
    """Say who holds the lock, for what, since when and until when at most."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import Settings, load
    from deployer.render.lock import lock_json, lock_text

    settings = load(Settings, flags)
    target = settings.options()
    holder = bootstrap.lock_holder(target)
    typer.echo((lock_json if settings.output == "json" else lock_text)(target.app, holder))


@app.command("hold", short_help="Keep ships away for a while.", epilog=HOLD_EPILOG)
def hold(
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why, for whoever is kept away.")],
    app: options.App = None,
    rack: options.Rack = None,
    for_: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long at most.")] = "1h",
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
) -> None:
    """Take the lock by hand, so that no ship starts while you are at work on the app."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import Settings, duration_of, load
    from deployer.render.lock import lock_json, lock_text

    settings = load(Settings, flags)
    target = settings.options()
    held = bootstrap.hold_lock(target, duration_of("--for", for_), reason)
    typer.echo((lock_json if settings.output == "json" else lock_text)(target.app, held))


@app.command("release", short_help="Take it from whoever holds it.", epilog=RELEASE_EPILOG)
def release(
    app: options.App = None,
    rack: options.Rack = None,
    yes: options.Yes = False,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
) -> None:
    """Take the lock from whoever holds it: for one that a dead run has left behind."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.ask import always_yes, ask
    from deployer.cli.settings import Settings, load

    target = load(Settings, flags).options()
    holder = bootstrap.release_lock(target, always_yes if yes else ask)
    typer.echo(f"released: it was {holder.by}'s" if holder else f"nobody held the lock of {target.app}")
