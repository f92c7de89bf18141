"""
The release command, a migration say: run once, in a process of the release, before anything serves it.

It succeeded only if it says so itself: the CLI's status is 0 when the socket drops (convox-facts 2.9). Source: design
2.1 step 5.
"""

from __future__ import annotations

from deployer.core.errors import CannotTell, CommandFailed, RackFailure
from deployer.core.events import CommandLine, Said
from deployer.core.models import ReleaseCommand
from deployer.core.summary import RUN
from deployer.engine.ports import CommandEnd, Ports
from deployer.engine.roll import Order, pass_gate
from deployer.engine.run import rack_words
from deployer.engine.write import write


def run_command(command: ReleaseCommand, order: Order, ports: Ports) -> None:
    """Raises CommandFailed, or Busy where somebody has moved the app since the plan was made."""
    pass_gate(order, ports)
    ports.sink.record(Said("command", f"{command.line}, in {command.service} of {order.aim.release}"))
    end = _run(command, order, ports)
    if end.status:
        what = f"the release command ended with status {end.status}"
        raise CommandFailed(what, why=end.last_line, serving=order.serving, hint=f"convox logs -a {ports.app}")
    ports.sink.record(Said("command", "done"))


def _run(command: ReleaseCommand, order: Order, ports: Ports) -> CommandEnd:
    release = order.aim.release

    def tell(line: str) -> None:
        ports.sink.record(CommandLine(line))

    try:
        return write(
            ports,
            RUN,
            lambda: ports.rack.run(command, release, order.ship, tell),
            about=f"{command.service} of {release}: {command.line}",
        )
    except CannotTell as error:
        raise CommandFailed(error.what, why=error.why, serving=order.serving, hint=error.hint) from error
    except RackFailure as error:
        what = "the release command was not started"
        raise CommandFailed(what, why=rack_words(error), serving=order.serving, hint=error.hint) from error
