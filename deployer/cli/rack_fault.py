"""`deployer rack fault add|list|clear`: let something go wrong on the local rack, so that it can be practised."""

from __future__ import annotations

from shlex import quote
from typing import Annotated, Any

import typer

EPILOG = """Faults of requests (--on 'METHOD PATTERN', --times, --skip):

\b
  status=503     answer with it; --body is the text
  delay=5s       answer late
  hang           never answer
  drop, reset    close the connection, politely or not
  truncate=20    cut the answer after so many bytes; a socket's text too
  lost-reply     do it, and lose the answer

Faults of replicas (--app, --service, --release, --replicas, --times):

\b
  pending        find no room for it, or no image
  crash=5s       end it, at once or after so long
  slow-start=30s let it listen so much later
  unhealthy      fail its readiness probe
  flap=3         let three probes be, fail three, and so on
  freeze=5s      stop it in its tracks; it takes connections and never answers
  wrong-release=RNOTTHISONE  what it is told, and so tells, as its release

Of apps, until they are cleared:

\b
  load=8         so many replicas would be just right: a service with a range scales (--app, --service)
  at-cap=50      the budget of 50 USD is used up: promotes are refused (--app)

Without --release those of replicas wait for the next release that starts. Those for running ones want --release ID
or any.

Examples:

\b
  deployer rack fault add crash                                 the next release crash-loops
  deployer rack fault add unhealthy --replicas 1                one of its replicas never gets ready
  deployer rack fault add status=500 --on 'GET /apps/[^/]+$' --times 2
  deployer rack fault add lost-reply --on 'POST /promote$' --times 1
"""

LIST_EPILOG = """Examples:

\b
  deployer rack fault list
"""

CLEAR_EPILOG = """Examples:

\b
  deployer rack fault clear        all of them
  deployer rack fault clear 2      the second of `list`
"""

app = typer.Typer(
    help="Let something go wrong on a rack that is up.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which rack, where there are several.")]
Bound = Annotated[int | None, typer.Option("--times", min=1, help="So many requests, or starts. Default: all.")]


@app.command("add", short_help="Order a fault.", epilog=EPILOG)
def add(
    fault: Annotated[str, typer.Argument(metavar="FAULT[=VALUE]", help="What goes wrong.")],
    name: Name = "local",
    on: Annotated[
        str, typer.Option("--on", metavar="'[METHOD] PATTERN'", help="Requests: the pattern is looked for in the path.")
    ] = "",
    times: Bound = None,
    skip: Annotated[int, typer.Option("--skip", min=0, help="Let so many requests go by first.")] = 0,
    body: Annotated[str, typer.Option("--body", metavar="TEXT", help="What `status` answers with.")] = "",
    app_name: Annotated[str, typer.Option("--app", "-a", metavar="NAME", help="Replicas of this app.")] = "",
    service: Annotated[str, typer.Option("--service", "-s", metavar="NAME", help="Replicas of this service.")] = "",
    release: Annotated[
        str, typer.Option("--release", metavar="ID|any", help="Replicas of this release. Default: the next one.")
    ] = "",
    replicas: Annotated[int | None, typer.Option("--replicas", min=1, help="So many replicas. Default: all.")] = None,
) -> None:
    """Let something go wrong from now on."""
    from deployer.cli.rack import in_words
    from deployer.localrack import practice
    from deployer.localrack.faults import Order
    from deployer.localrack.options import RackOptions

    method, path = _split(on)
    with in_words():
        order = Order(fault, method, path, skip, body, app_name, service, release, replicas, times)
        standing = practice.order_fault(RackOptions(name), order)
    typer.echo(_line(standing))


@app.command("list", short_help="What is ordered, and what came of it.", epilog=LIST_EPILOG)
def list_faults(name: Name = "local") -> None:
    """One line for each order, with how many requests or starts it has met."""
    from deployer.cli.rack import in_words
    from deployer.localrack import practice
    from deployer.localrack.options import RackOptions

    with in_words():
        standing = practice.list_faults(RackOptions(name))
    typer.echo("\n".join(map(_line, standing)) or "no faults are ordered")


@app.command("clear", short_help="Take faults back.", epilog=CLEAR_EPILOG)
def clear(
    number: Annotated[int | None, typer.Argument(metavar="[NUMBER]", help="As `list` has it. Default: all.")] = None,
    name: Name = "local",
) -> None:
    """Take back one order, or all. A replica that has crashed has crashed: the rack restarts it in its own time."""
    from deployer.cli.rack import in_words
    from deployer.localrack import practice
    from deployer.localrack.options import RackOptions

    with in_words():
        practice.clear_faults(RackOptions(name), number)
    typer.echo("no faults are ordered" if number is None else f"{number} is taken back")


def _split(on: str) -> tuple[str, str]:
    """`GET /apps` is a method and a pattern, `/apps` a pattern, `GET` a method."""
    from deployer.localrack.faults import METHODS

    method, space, path = on.strip().partition(" ")
    return (method.upper(), path.strip()) if space or method.upper() in METHODS else ("", on.strip())


def _line(standing: dict[str, Any]) -> str:
    """`1  crash --app myapi --replicas 1  (met 3, release RNEW)`: as it would be ordered again."""
    words = [str(standing["fault"])]
    if where := f"{standing['method']} {standing['path']}".strip():
        words += ["--on", quote(where)]
    asked = ("skip", "body", "app", "service", "replicas", "times")
    words += [f"--{key} {quote(str(standing[key]))}" for key in asked if standing[key]]
    of_release = f", release {standing['release']}" if standing["release"] else ""
    return f"{standing['id']}  {' '.join(words)}  (met {standing['met']}{of_release})"
