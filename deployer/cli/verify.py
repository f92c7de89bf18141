"""`deployer verify`"""

from __future__ import annotations

import typer

from deployer.cli import options

EPILOG = """Examples:

\b
  deployer verify --app myapi
  deployer verify --app myapi --soak 2m         after a night that nobody trusts
  deployer verify --app myapi --output json

Writes nothing. Exit status: 0 every process has answered and kept doing so, 31 it fails, 40 somebody promoted
meanwhile, 41 it could not be seen.
"""


def verify(
    app: options.App = None,
    rack: options.Rack = None,
    soak: options.Soak = None,
    timeout: options.Timeout = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Prove what serves now as a ship would: every process, for the whole soak. Promotes nothing."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import Settings, load

    raise typer.Exit(bootstrap.verify(load(Settings, flags).options()))
