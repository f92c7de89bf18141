"""
The release command: a process of the release's own, run to its end before anything serves it.

The CLI's status is no proof: it is 0 when the socket drops, and when the rack's own error stands in place of an output
(convox-facts 2.9). So we print the command's status behind it ourselves; without that mark nobody can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from deployer.convox.calls import Calls
from deployer.convox.effects import DEFINITE
from deployer.convox.request import Completed
from deployer.core.errors import CannotTell
from deployer.core.models import ReleaseCommand
from deployer.core.names import ReleaseId, ShipId
from deployer.core.redact import first_line
from deployer.engine.ports import CommandEnd


def run(
    calls: Calls, command: ReleaseCommand, release: ReleaseId, ship: ShipId, on_line: Callable[[str], None]
) -> CommandEnd:
    """Run it, once, lines as they come. Raises CannotTell, or the RackFailure that kept it from starting."""
    mark = f"release command of ship {ship}: exit"
    ended = re.compile(rf"\[{mark} (?P<status>[0-9]{{1,3}})\]")

    def tell(line: str) -> None:
        told = ended.sub("", line)
        if told or told == line:
            on_line(told)

    completed = calls.runner.run(calls.commands.run(command, release, mark), tell)
    marks = list(ended.finditer(completed.stdout))
    if not marks:
        raise _unproven(calls, completed)
    said = calls.runner.redactor.redact(completed.stdout[: marks[-1].start()])
    lines = [each for each in said.splitlines() if each.strip()]
    return CommandEnd(int(marks[-1]["status"]), first_line(lines[-1]) if lines else "")


def _unproven(calls: Calls, completed: Completed) -> Exception:
    """Only a refusal that the CLI itself tells, before there was a word of output, is certain to come before it ran."""
    failure = calls.failure(completed)
    if isinstance(failure, DEFINITE) and completed.status and not completed.stdout:
        return failure
    why = (failure.why or failure.what) if failure else f"convox run ended with status {completed.status}"
    return CannotTell("the release command may still be running", why=why, hint=f"convox ps -a {calls.app}")
