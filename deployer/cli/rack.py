"""`deployer rack up|down|status`: a Convox rack on this machine, to practise on."""

from __future__ import annotations

import typer

EPILOG = """Examples:

\b
  deployer rack up --app myapi                    then: deployer ship --rack local --app myapi
  deployer rack up --app myapi --resync 30s       as slow as a real rack is to say running
  eval "$(deployer rack up --export)"             RACK_URL for a real convox
"""

app = typer.Typer(
    help="A Convox rack on this machine: real processes, the rack's own API, nothing to sign up for.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)
