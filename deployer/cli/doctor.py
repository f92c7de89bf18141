"""`deployer doctor`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli import options

EPILOG = """Examples:

\b
  deployer doctor --app myapi
  deployer doctor --app myapi --output json | jq '.checks[] | select(.level == "fail")'

Writes nothing. Exit status: 0 a ship could go ahead, 10 something is in its way.
"""


def doctor(
    source: Annotated[Path | None, typer.Argument(help="The checkout.", show_default="this folder")] = None,
    app: options.App = None,
    rack: options.Rack = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Look at everything a ship needs, from the CLI to the way back, and say what is in its way."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import Settings, load
    from deployer.core.checks import Level
    from deployer.core.verdict import Verdict
    from deployer.render.doctor import doctor_json, doctor_text

    settings = load(Settings, flags)
    checks = bootstrap.doctor(settings.options(), source or Path())
    typer.echo(doctor_json(checks) if settings.output == "json" else doctor_text(checks))
    failed = any(each.level is Level.FAIL for each in checks)
    raise typer.Exit(Verdict.REFUSED.status if failed else 0)
