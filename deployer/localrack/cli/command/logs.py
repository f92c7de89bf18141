"""`logs` (convox-facts 2.9)."""

from __future__ import annotations

from deployer.localrack.cli.streams import copy_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.context import Context


def logs(context: Context) -> None:
    """
    Follows unless told not to. However the stream ends, the status is 0.

    That includes the rack's in-band `ERROR: …` and, off a terminal, the first coloured text (convox-facts 8.1).
    """
    flags = context.flags
    headers = {
        "Filter": flags.option("filter"),
        "Follow": "false" if flags.is_set("no-follow") else None,
        "Maxlogrequests": flags.option("max-log-requests"),
        "Prefix": "true",
        "Since": flags.option("since"),
        "Previous": flags.option("allow-previous"),
        "Tail": flags.option("tail"),
    }
    service = flags.text("service")
    if service:
        stream = context.rack.service_logs(context.app, service, headers)
    else:
        stream = context.rack.app_logs(context.app, headers)
    copy_text(context.writer, stream.chunks())
