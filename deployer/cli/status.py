"""`deployer status`"""

from __future__ import annotations

import typer

from deployer.cli import options

EPILOG = """Examples:

\b
  deployer status --app myapi
  deployer status --app myapi --output json | jq .release

Writes nothing. Exit status: 0 every service answers for the active release, 31 one does not, 41 the rack is at work.
"""


def status(
    app: options.App = None,
    rack: options.Rack = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Say what serves now, which processes answer for it, and who holds the lock."""
    from deployer import bootstrap
    from deployer.cli.settings import Settings, load
    from deployer.render.status import status_json, status_text

    flags = {
        "app": app,
        "rack": rack,
        "convox": convox,
        "insecure_rack": insecure_rack,
        "output": output,
        "verbose": verbose,
    }
    settings = load(Settings, flags)
    seen = bootstrap.status(settings.options())
    typer.echo(status_json(seen) if settings.output == "json" else status_text(seen))
    raise typer.Exit(seen.verdict.status)
