"""`deployer rack up|down|status|access`: a Convox rack on this machine, to practise on. Its faults: `rack_fault`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import rack_fault
from deployer.core.errors import RackUnreachable, Usage

if TYPE_CHECKING:
    from deployer.localrack.lifecycle import RackInfo
    from deployer.localrack.report import RackReport

EPILOG = """Examples:

\b
  deployer rack up --app myapi               then: deployer ship --rack local --app myapi
  deployer rack up --time-scale 0.2          its graces, intervals and back-offs at a fifth of their time
  eval "$(deployer rack up --export)"        RACK_URL for this shell's convox; where none is installed, a stand-in
"""

DOWN_EPILOG = """Examples:

\b
  deployer rack down
  deployer rack down --name staging
"""

STATUS_EPILOG = """Examples:

\b
  deployer rack status
  deployer rack status --name staging
"""

ACCESS_EPILOG = """Examples:

\b
  export "$(deployer rack access --role deploy)"        what a console's deploy key may do
  export "$(deployer rack access --hours 0)"            a credential that has expired
"""

app = typer.Typer(
    help="A Convox rack on this machine: real processes behind the rack's own API, nothing to sign up for.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)
app.add_typer(rack_fault.app, name="fault", short_help="Let something go wrong on it.")

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which one, where there are several.")]


@app.command("up", short_help="Start it, or say that it is up.", epilog=EPILOG)
def up(
    name: Name = "local",
    apps: Annotated[
        list[str] | None, typer.Option("--app", "-a", metavar="NAME", help="Create this app if it is not there.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="The API's port on loopback. 0: any that is free.")] = 0,
    time_scale: Annotated[float, typer.Option("--time-scale", help="0.2: its times at a fifth.")] = 1.0,
    resync: Annotated[
        str, typer.Option("--resync", metavar="DURATION", help="How far `running` may lag. A real rack: up to 30s.")
    ] = "2s",
    export: Annotated[
        bool, typer.Option("--export", help="Print what this shell needs to use `convox` on it, to be evaluated.")
    ] = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay, and end it with Ctrl-C.")] = False,
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="What shall go wrong on it, as a JSON list.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Its API speaks https, with a certificate of its own.")] = False,
) -> None:
    """Start a rack in the background. What it knew before, it knows again."""
    from deployer.cli.settings import parse_duration
    from deployer.localrack import lifecycle
    from deployer.localrack.options import RackOptions

    with in_words():
        resync_s = parse_duration(resync)
        options = RackOptions(name, port, None, time_scale, resync_s, tuple(apps or ()), faults, tls)
        if foreground:
            lifecycle.serve(options)
            return
        running = lifecycle.up(options)
    typer.echo(_export_text(running) if export else _up_text(running, apps or []))


@app.command("down", short_help="Stop it, and every process it started.", epilog=DOWN_EPILOG)
def down(name: Name = "local") -> None:
    """Stop the rack and every process it started. Apps, releases and env stay for the next `rack up`."""
    from deployer.localrack import lifecycle
    from deployer.localrack.options import RackOptions

    with in_words():
        was_up = lifecycle.down(RackOptions(name))
    typer.echo(f"{name} is down" if was_up else f"{name} was not up")


@app.command("status", short_help="What runs on it, and where its logs are.", epilog=STATUS_EPILOG)
def status(name: Name = "local") -> None:
    """Say which apps it has, where their services answer, and where the log of each process is."""
    from deployer.localrack import lifecycle
    from deployer.localrack.options import RackOptions

    with in_words():
        report = lifecycle.status(RackOptions(name))
    if report is None:
        raise RackUnreachable(f"the rack {name} is not up", hint="deployer rack up")
    typer.echo(_status_text(report))


@app.command("access", short_help="Print a RACK_URL with fewer rights.", epilog=ACCESS_EPILOG)
def access(
    name: Name = "local",
    role: Annotated[
        str,
        typer.Option("--role", help="read: look. write: all that deploys. deploy: a console's deploy key. admin: all."),
    ] = "read",
    hours: Annotated[float, typer.Option("--hours", min=0, help="How long it is good for. 0: it has expired.")] = 1,
) -> None:
    """Print a RACK_URL of that role. Everything beyond its rights is a 401, as on a real rack."""
    from deployer.localrack import practice
    from deployer.localrack.access import Role
    from deployer.localrack.options import RackOptions

    with in_words():
        url = practice.access_url(RackOptions(name), Role(role), hours * 3600)
    typer.echo(f"RACK_URL={url}")


@contextmanager
def in_words() -> Iterator[None]:
    """The local rack's own errors, as ours."""
    from deployer.localrack.lifecycle import RackFailed

    try:
        yield
    except RackFailed as error:
        raise RackUnreachable(error.what, hint=error.hint) from None
    except (ValueError, OSError) as error:
        raise Usage(str(error), hint="deployer rack --help") from None


def _export_text(running: RackInfo) -> str:
    """For a shell to evaluate. The `convox` that deployer would take is defined where a shell would not find it."""
    import os
    import shlex
    import shutil

    from deployer.bootstrap.place import STAND_IN

    lines = [f"export RACK_URL='{running.url}'"]
    named = os.environ.get("DEPLOYER_CONVOX")
    if named or shutil.which("convox") is None:
        lines.append(f'convox() {{ {shlex.join([named] if named else STAND_IN)} "$@"; }}')
    return "\n".join(lines)


def _up_text(running: RackInfo, apps: list[str]) -> str:
    head = f"{running.name} is up at {running.scheme}://127.0.0.1:{running.port}"
    scale = f", its times at {running.time_scale:g} of the real ones" if running.time_scale != 1 else ""
    app_name = apps[0] if apps else "myapi"
    return f"{head}{scale}\n  next: deployer ship --rack {running.name} --app {app_name}"


def _status_text(report: RackReport) -> str:
    from deployer.render.words import table

    lines = [
        f"{report.info.name} is up at {report.info.scheme}://127.0.0.1:{report.info.port}, its log in {report.info.log}"
    ]
    for each in report.apps:
        lines += ["", f"{each.name} · {each.status} · {each.release or 'nothing promoted'}"]
        lines += [f"  {s.name} at http://127.0.0.1:{s.port} ({s.count} wanted)" for s in each.services if s.port]
        rows = [(row.id, row.status, row.release, str(row.log)) for row in each.processes]
        lines += [f"  {row}" for row in table(rows).splitlines()]
    return "\n".join(lines)
