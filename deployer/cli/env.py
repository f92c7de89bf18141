"""`deployer env list|plan|set|unset`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli import options

if TYPE_CHECKING:
    from deployer.bootstrap import Options
    from deployer.engine.env import EnvChange, EnvWish

EPILOG = """Examples:

\b
  deployer env list --app myapi
  deployer env plan --app myapi --env-file prod.env
  deployer env set --app myapi --env-from OPENAI_API_KEY
  deployer env unset OLD_KEY --app myapi

Names are shown, values never. What is set is not promoted: the next ship takes it along, `deployer promote` ships it
alone.
"""

LIST_EPILOG = """Examples:

\b
  deployer env list --app myapi
  deployer env list --app myapi --output json | jq -r .keys[]

Writes nothing. `+`, `~` and `-` mark what is staged: in the newest release, and not promoted.
"""

PLAN_EPILOG = """Examples:

\b
  deployer env plan --app myapi --env-file prod.env
  deployer env plan --app myapi --env-file prod.env --env-exclusive

Writes nothing. Exit status: 0, 10 where a key would be damaged by Convox or break the proof.
"""

SET_EPILOG = """Examples:

\b
  deployer env set --app myapi --env-from OPENAI_API_KEY
  deployer promote "$(deployer env set --app myapi --env-file prod.env)" --app myapi

The release that holds it goes to standard output, nothing where nothing changes. Exit status: 0, 10 refused, 11
somebody is at work on the app, 13 it did not arrive whole.
"""

UNSET_EPILOG = """Examples:

\b
  deployer env unset OLD_KEY --app myapi
  deployer env unset OLD_KEY OLDER_KEY --app myapi

The release without them goes to standard output. Exit status as of `set`.
"""

app = typer.Typer(
    help="The env of an app, by names: what is set, what would change, and changing it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)


@app.command("list", short_help="Say which keys are set.", epilog=LIST_EPILOG)
def list_(
    app: options.App = None,
    rack: options.Rack = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
) -> None:
    """Say which keys the newest release has, and which of them are not promoted."""
    flags = locals()
    from deployer import bootstrap
    from deployer.render.env import env_json, env_text

    target, is_json = _target(flags)
    seen = bootstrap.env(target)
    typer.echo((env_json if is_json else env_text)(seen))


@app.command("plan", short_help="Say what would change.", epilog=PLAN_EPILOG)
def plan(
    app: options.App = None,
    rack: options.Rack = None,
    env_file: options.EnvFile = None,
    env_from: options.EnvFrom = None,
    set_: options.SetPlain = None,
    env_exclusive: options.EnvExclusive = False,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
) -> None:
    """Say which keys would be added, changed and removed."""
    flags = locals()
    from deployer import bootstrap
    from deployer.render.env import change_json, change_text

    target, is_json = _target(flags)
    change = bootstrap.plan_env(target, _wish(env_file, env_from, set_, exclusive=env_exclusive))
    typer.echo((change_json if is_json else change_text)(change))


@app.command("set", short_help="Set keys, without a promote.", epilog=SET_EPILOG)
def set_keys(
    app: options.App = None,
    rack: options.Rack = None,
    env_file: options.EnvFile = None,
    env_from: options.EnvFrom = None,
    set_: options.SetPlain = None,
    env_exclusive: options.EnvExclusive = False,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
) -> None:
    """Set keys in one release, values on the child's standard input, and read it back."""
    flags = locals()
    from deployer import bootstrap

    target, is_json = _target(flags)
    _tell(bootstrap.change_env(target, _wish(env_file, env_from, set_, exclusive=env_exclusive)), is_json=is_json)


@app.command("unset", short_help="Remove keys, without a promote.", epilog=UNSET_EPILOG)
def unset(
    keys: Annotated[list[str], typer.Argument(metavar="KEY…", help="The keys that are to go.")],
    app: options.App = None,
    rack: options.Rack = None,
    convox: options.Convox = None,
    insecure_rack: options.InsecureRack = None,
    output: options.Output = None,
) -> None:
    """Remove keys in one release, and read it back."""
    flags = locals()
    from deployer import bootstrap
    from deployer.engine.env import EnvWish

    target, is_json = _target(flags)
    _tell(bootstrap.change_env(target, EnvWish(unwanted=tuple(keys))), is_json=is_json)


def _target(flags: dict[str, Any]) -> tuple[Options, bool]:
    from deployer.cli.settings import Settings, load

    settings = load(Settings, flags)
    return settings.options(), settings.output == "json"


def _wish(
    files: Sequence[Path] | None, names: Sequence[str] | None, pairs: Sequence[str] | None, *, exclusive: bool
) -> EnvWish:
    """Raises Refused with every input that could not be read, Usage where nothing is to be set."""
    from deployer.cli.inputs import wanted_env
    from deployer.core.errors import Refused, Usage
    from deployer.engine.env import EnvWish

    wanted, problems = wanted_env(files or (), names or (), pairs or ())
    if problems:
        raise Refused(problems)
    if not wanted:
        raise Usage("there is nothing to set", hint="--env-file FILE, --env-from NAME or --set KEY=VALUE")
    return EnvWish(wanted=wanted, exclusive=exclusive)


def _tell(change: EnvChange, *, is_json: bool) -> None:
    """The release alone goes to standard output, so that a script can promote it."""
    from deployer.render.env import change_json, change_text

    if is_json:
        typer.echo(change_json(change))
        return
    typer.echo(change_text(change), err=True)
    if change.release:
        typer.echo(change.release)
