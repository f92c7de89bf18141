"""Commands about the CLI itself and about racks (convox-facts 1.4, 2.11)."""

from __future__ import annotations

import json

from deployer.localrack.cli import settings, targets
from deployer.localrack.cli.commands import print_list
from deployer.localrack.cli.engine import VERSION
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import number, text
from deployer.localrack.cli.table import print_info, print_table
from deployer.localrack.cli.times import ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.client import Json
    from deployer.localrack.cli.context import Context


def commands(context: Context) -> None:
    print_list(context.writer)


def version(context: Context) -> None:
    """`server: none` and status 0 without a rack; an error when there is one that does not answer."""
    context.writer.writef("client: <info>%s</info>\n", VERSION)
    try:
        rack = context.rack
    except CommandError:
        return context.writer.writef("server: <info>none</info>\n")
    return context.writer.writef("server: <info>%s</info>\n", text(rack.system(), "version"))


def rack(context: Context) -> None:
    system = context.rack.system()
    pairs = [("Name", text(system, "name")), ("Provider", text(system, "provider"))]
    optional = (("Region", "region"), ("Router", "domain"), ("RouterInternal", "router-internal"))
    pairs += [(label, text(system, key)) for label, key in optional if text(system, key)]
    pairs += [("Status", text(system, "status")), ("Version", text(system, "version"))]
    print_info(context.writer, pairs)


def racks(context: Context) -> None:
    """Those that `--rack` can name; RACK_URL is none of them."""
    rows = [(target.name, target.provider, target.status) for target in targets.every()]
    print_table(context.writer, ("NAME", "PROVIDER", "STATUS"), rows)


def instances(context: Context) -> None:
    """What a machine is used is a share of what it has to give, or is one already (pkg/cli/instances.go)."""
    headers = ("ID", "STATUS", "STARTED", "PS", "CPU", "MEM", "PUBLIC", "PRIVATE")
    rows = [
        (
            *(text(each, "id"), text(each, "status"), ago(text(each, "started")), str(number(each, "processes"))),
            *(_share(each, "cpu"), _share(each, "memory"), text(each, "public-ip"), text(each, "private-ip")),
        )
        for each in context.rack.instances()
    ]
    print_table(context.writer, headers, rows)


def _share(instance: Json, what: str) -> str:
    is_known = all(instance[f"{each}-allocatable"] > 0 for each in ("cpu", "memory"))
    return f"{instance[what] / (instance[f'{what}-allocatable'] if is_known else 1) * 100:.2f}%"


def registries(context: Context) -> None:
    """Their passwords are not shown."""
    rows = [(text(each, "server"), text(each, "username")) for each in context.rack.registries()]
    print_table(context.writer, ("SERVER", "USERNAME"), rows)


def switch(context: Context) -> None:
    """
    Says which rack is current, or makes one so.

    For a rack in a file that breaks every later command, as in the real CLI (convox-facts 1.1).
    """
    name = context.arg(0)
    if not name:
        return context.writer.writef("%s\n", context.target.name)
    target = targets.match(name)
    settings.write("current", json.dumps(target.current(), separators=(",", ":")))
    return context.writer.writef("Switched to <rack>%s</rack>\n", target.name)
