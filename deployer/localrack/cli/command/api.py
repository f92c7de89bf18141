"""`api get` (convox-facts 2.10)."""

from __future__ import annotations

from deployer.localrack.cli import gojson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.context import Context


def get(context: Context) -> None:
    """The rack's JSON, indented. A query in the path breaks, as the CLI adds a `?` to every URL."""
    context.writer.writef("%s\n", gojson.dumps(gojson.sort_keys(context.rack.get(context.arg(0)))))
