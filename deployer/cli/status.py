"""`deployer status`"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import options
from deployer.core.errors import RackFailure

if TYPE_CHECKING:
    from deployer.engine.status import Status

EPILOG = """Examples:

\b
  deployer status --app myapi
  deployer status --app myapi --output json | jq .release
  deployer status --app myapi --watch           again and again, until Ctrl-C

Writes nothing. Exit status: 0 every service answers for the active release, 31 one does not, 41 the rack is at work.
"""


def status(
    app: options.App = None,
    rack: options.Rack = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking, and say it again when it changes.")] = False,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
    verbose: options.Verbose = None,
) -> None:
    """Say what serves now, which processes answer for it, and who holds the lock."""
    flags = locals()
    from deployer import bootstrap
    from deployer.cli.settings import Settings, load
    from deployer.render.status import status_json, status_text

    settings = load(Settings, flags)
    words = status_json if settings.output == "json" else status_text
    if watch:
        _go_on(bootstrap.statuses(settings.options()), words)
    seen = bootstrap.status(settings.options())
    typer.echo(words(seen))
    raise typer.Exit(seen.verdict.status)


def _go_on(looks: Iterable[Status | RackFailure], words: Callable[[Status], str]) -> None:
    """Until a signal. What the rack does not answer goes to standard error."""
    told = ""
    for seen in looks:
        text = str(seen) if isinstance(seen, RackFailure) else words(seen)
        if text != told:
            typer.echo(text, err=isinstance(seen, RackFailure))
            told = text
