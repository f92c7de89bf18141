"""`deployer`: the commands, and the one place where an error becomes words and an exit status."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from deployer import __version__
from deployer.cli import doctor, env, history, lock, plan, promote, rack, resume, rollback, ship, status, verify
from deployer.cli.grouped import Grouped
from deployer.core.errors import DeployerError

EPILOG = """Examples:

\b
  deployer rack up --app myapi            a rack on this machine, to practise on
  deployer ship --rack local --app myapi  build, promote and prove this checkout
  deployer rollback --app myapi           back to the last release that was proven
"""

app = typer.Typer(
    name="deployer",
    help="Take a checkout to proven in production on a Convox rack, and take it back when anything is wrong.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts in half the time
    # A traceback with local variables would print secrets (faults 4.1).
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ship", cls=Grouped, epilog=ship.EPILOG, short_help="Build, promote and prove; go back if it fails.")(
    ship.ship
)
app.command("plan", cls=Grouped, epilog=plan.EPILOG, short_help="Say what a ship would do.")(plan.plan)
app.command("promote", cls=Grouped, epilog=promote.EPILOG, short_help="Promote and prove a release that exists.")(
    promote.promote
)
app.command("rollback", epilog=rollback.EPILOG, short_help="Go back to a release that was proven.")(rollback.rollback)
app.command("resume", epilog=resume.EPILOG, short_help="Take up an interrupted ship.")(resume.resume)
app.command("status", epilog=status.EPILOG, short_help="Say what serves now.")(status.status)
app.command("verify", epilog=verify.EPILOG, short_help="Prove what serves, all of it.")(verify.verify)
app.command("history", epilog=history.EPILOG, short_help="Say what was done from this machine.")(history.history)
app.command("doctor", epilog=doctor.EPILOG, short_help="Say what is in the way of a ship.")(doctor.doctor)
app.add_typer(env.app, name="env", short_help="The env of an app, by names.")
app.add_typer(lock.app, name="lock", short_help="Who is at work on an app.")
app.add_typer(rack.app, name="rack", short_help="A Convox rack on this machine.")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deployer {__version__}")
        raise typer.Exit


@app.callback()
def deployer(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """The console script. Anything that reaches this point and is not ours to explain is a bug, and is shown as one."""
    try:
        app()
    except DeployerError as error:
        from deployer.render import error_text

        print(error_text(error), file=sys.stderr)  # noqa: T201
        sys.exit(error.verdict.status)
    except KeyboardInterrupt:
        sys.exit(130)
