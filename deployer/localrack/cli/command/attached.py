"""What apps are given beside their processes: resources, balancers, certificates (convox-facts 2.11)."""

from __future__ import annotations

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.table import print_info, print_table
from deployer.localrack.cli.times import ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.client import Json
    from deployer.localrack.cli.context import Context


def balancers(context: Context) -> None:
    rows = [[text(b, key) for key in ("name", "service", "endpoint")] for b in context.rack.balancers(context.app)]
    print_table(context.writer, ("BALANCER", "SERVICE", "ENDPOINT"), rows)


def resources(context: Context) -> None:
    """The URL has the password in it (convox-facts 8.3)."""
    context.rack.system()  # asked for the version, to refuse racks that are too old
    rows = [[text(r, key) for key in ("name", "type", "url")] for r in context.rack.resources(context.app)]
    print_table(context.writer, ("NAME", "TYPE", "URL"), rows)


def resource(context: Context) -> None:
    found = _resource(context)
    pairs = [("Name", text(found, "name")), ("Type", text(found, "type"))]
    print_info(context.writer, [*pairs, *([("URL", text(found, "url"))] if text(found, "url") else [])])


def resource_url(context: Context) -> None:
    found = _resource(context)
    if not text(found, "url"):
        raise CommandError(f"no url for resource: {text(found, 'name')}")
    context.writer.stream(f"{text(found, 'url')}\n".encode())


def certificates(context: Context) -> None:
    rows = [
        (text(c, "id"), text(c, "domain"), ago(text(c, "expiration")), text(c, "status") or "Ready")
        for c in context.rack.certificates({"generated": context.flags.option("generated")})
    ]
    print_table(context.writer, ("ID", "DOMAIN", "EXPIRES", "Status"), rows)


def _resource(context: Context) -> Json:
    context.rack.system()
    return context.rack.resource(context.app, context.arg(0))
