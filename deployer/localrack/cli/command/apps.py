"""`apps` and what can be done to one (convox-facts 2.8, 2.11)."""

from __future__ import annotations

from deployer.localrack.cli import waits
from deployer.localrack.cli.errors import CommandError, Panic
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.table import print_info, print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.context import Context


def listing(context: Context) -> None:
    rows = [(text(app, "name"), text(app, "status"), text(app, "release")) for app in context.rack.apps()]
    print_table(context.writer, ("APP", "STATUS", "RELEASE"), rows)


def info(context: Context) -> None:
    app = context.rack.app(context.named_app)
    pairs = [
        ("Name", text(app, "name")),
        ("Status", text(app, "status")),
        ("Generation", text(app, "generation")),
        ("Locked", "true" if app["locked"] else "false"),
        ("Release", text(app, "release")),
    ]
    if text(app, "router"):
        pairs.append(("Router", text(app, "router")))
    print_info(context.writer, pairs)


def create(context: Context) -> None:
    name = context.named_app
    context.writer.start("Creating <app>%s</app>", name)
    options = {"generation": context.flags.option("generation"), "timeout": context.flags.option("timeout")}
    context.rack.create_app(name, options)
    waits.app_running(context.rack, name)
    context.writer.ok()


def delete(context: Context) -> None:
    """Waits until the rack says that there is no such app, as long as for a promote (convox-facts 2.11, 5.1)."""
    name = context.arg(0)
    context.writer.start("Deleting <app>%s</app>", name)
    context.rack.delete_app(name)
    waits.app_gone(context.rack, name)
    context.writer.ok()


def lock(context: Context) -> None:
    """Does not wait, although the rack promotes the active release again (convox-facts 2.11)."""
    _lock(context, "Locking", "true")


def unlock(context: Context) -> None:
    _lock(context, "Unlocking", "false")


def params(context: Context) -> None:
    """The rack is asked for its version first, to tell racks that want another call."""
    context.rack.system()
    found = context.rack.app(context.named_app)["parameters"] or {}
    print_info(context.writer, sorted(found.items()))


def cancel(context: Context) -> None:
    """
    Cancel, and copy the newest release: normally the very one that was cancelled (convox-facts 2.8).

    Does not wait. Without any release the CLI panics.
    """
    name = context.named_app
    context.writer.writef("Cancelling deployment of <app>%s</app>...\n", name)
    context.rack.cancel(name)
    context.writer.writef("Rewriting last active release...\n")
    try:
        newest = context.rack.newest_release(name)
    except CommandError as exc:
        raise CommandError(f"failed to fetch last active release - {exc}") from exc
    if newest is None:
        raise Panic
    context.rack.create_release(name, {field: text(newest, field) for field in ("build", "description", "env")})
    context.writer.ok()


def _lock(context: Context, verb: str, locked: str) -> None:
    name = context.named_app
    context.writer.start(f"{verb} <app>%s</app>", name)
    context.rack.update_app(name, {"lock": locked})
    context.writer.ok()
