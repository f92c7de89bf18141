"""`deployer history`"""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli import options

EPILOG = """Examples:

\b
  deployer history --app myapi
  deployer history --app myapi --output json | jq '.runs[] | select(.verdict == "rolled-back")'

Reads the journals on this machine, and nothing else; what others did elsewhere is not in them. Exit status: 0.
"""


def history(
    app: options.App = None,
    rack: options.Rack = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many, newest first.")] = 20,
    output: options.Output = None,
) -> None:
    """Say what was done to an app from this machine: each run, by whom, what it promoted, and how it ended."""
    from deployer import bootstrap
    from deployer.cli.settings import Settings, load
    from deployer.render.history import history_json, history_text

    settings = load(Settings, {"app": app, "rack": rack, "output": output})
    runs = bootstrap.history(settings.options(), limit)
    typer.echo(history_json(runs) if settings.output == "json" else history_text(runs))
