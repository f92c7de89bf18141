"""
A build, and finding it again.

The CLI can lose a build that goes on without it: one failed poll, a refused log socket, a signal (convox-facts 2.5). So
every end but a clean one is settled by looking for our own description among the builds, never for "the newest".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from deployer.convox import parse
from deployer.convox.calls import Calls
from deployer.convox.effects import is_definite
from deployer.convox.failures import Unforeseen
from deployer.convox.request import Completed
from deployer.convox.source import declares_stamp
from deployer.core.errors import BuildFailed, BuildUnknown, DeployerError, NotFound, RackFailure
from deployer.core.models import Build, Release, Source, stamp_in
from deployer.core.names import ShipId
from deployer.core.plan import describe_build
from deployer.core.redact import first_line

# Builds looked through: more than anybody starts while one is made.
LISTED = 30
# What the CLI prints around the request that starts a build (convox-facts 2.5).
_ASKED = "Starting build..."
_STARTED = "Starting build... OK"


def build(calls: Calls, source: Source, ship: ShipId, on_line: Callable[[str], None]) -> Release:
    """Raises BuildFailed, BuildUnknown, or the RackFailure that kept the build from starting."""
    began_s = calls.clock.now_s()
    stamp = ship if declares_stamp(source.path) else ""
    request = calls.commands.build(source.path, describe_build(source, ship), stamp)
    completed = calls.runner.run(request, on_line)
    failure = _failure(calls, completed)
    if failure and _never_began(completed, failure):
        raise failure
    if isinstance(failure, BuildFailed):
        raise _failed(calls, completed, _find(calls, ship))
    if failure:
        on_line(f"the build's log was lost ({failure.why or failure.what}): looking for the build on the rack")
    built = _settle(calls, ship, failure, began_s + calls.policy.build_s)
    if built.status == "failed":
        raise _failed(calls, completed, built)
    return _release_of(calls, built)


def find(calls: Calls, ship: ShipId) -> Release:
    """What came of a build that was left. Raises NotFound where it never began, BuildFailed, BuildUnknown."""
    found = _find(calls, ship)
    if found is None:
        raise NotFound(f"no build is described with ship {ship}", hint=f"convox builds -a {calls.app}")
    built = _settle(calls, ship, None, calls.clock.now_s() + calls.policy.build_s)
    if built.status == "failed":
        raise BuildFailed(f"build {built.id} failed", hint=f"convox builds logs {built.id} -a {calls.app}")
    return _release_of(calls, built)


def _release_of(calls: Calls, built: Build) -> Release:
    if built.release is None:
        raise BuildUnknown(f"build {built.id} is complete and has no release", hint=f"convox releases -a {calls.app}")
    return calls.release(built.release)


def builders_error(log: str) -> str:
    """The builder's own last error in a build's log; without one, its last line. "" for an empty log."""
    lines = [line.strip() for line in log.splitlines() if line.strip() not in ("", "ERROR: build failed")]
    for index in range(len(lines) - 1, -1, -1):
        found = re.search(r"(?:^|\s)error:\s*(?P<text>.*)", lines[index], re.IGNORECASE)
        if found:
            # `ERROR: validation errors:` goes on in the next line (convox-facts 10.1)
            goes_on = found["text"].endswith(":") and index + 1 < len(lines)
            return f"{found['text']} {lines[index + 1]}" if goes_on else found["text"]
    told = [line for line in lines if not line.startswith(("Packaging source", "Uploading source", _ASKED))]
    return first_line(told[-1]) if told else ""


def _failed(calls: Calls, completed: Completed, found: Build | RackFailure | None) -> BuildFailed:
    why = calls.runner.harmless(builders_error(completed.stderr)) or "its log says no more"
    if not isinstance(found, Build):
        return BuildFailed("the build failed", why=why, hint=f"convox builds -a {calls.app}")
    return BuildFailed(f"build {found.id} failed", why=why, hint=f"convox builds logs {found.id} -a {calls.app}")


def _failure(calls: Calls, completed: Completed) -> DeployerError | None:
    try:
        calls.answer(completed, parse.release_id)
    except DeployerError as failure:
        return failure
    return None


def _never_began(completed: Completed, failure: DeployerError) -> bool:
    """It broke before the rack was asked, or the rack said no to that request."""
    said = completed.stderr
    return _ASKED not in said or (_STARTED not in said and is_definite(failure))


def _settle(calls: Calls, ship: ShipId, failure: DeployerError | None, deadline_s: float) -> Build:
    """Watch our build until it is complete or failed. Raises BuildUnknown where nobody can tell what became of it."""
    missing_until_s = calls.clock.now_s() + calls.policy.write_s
    blind_until_s = calls.clock.now_s() + calls.policy.blind_s
    while True:
        found = _find(calls, ship)
        now_s = calls.clock.now_s()
        if isinstance(found, Build):
            if found.status in ("complete", "failed"):
                return found
            missing_until_s, blind_until_s = deadline_s, now_s + calls.policy.blind_s
        is_lost = now_s > (blind_until_s if isinstance(found, RackFailure) else missing_until_s)
        if is_lost or now_s > deadline_s:
            raise _unknown(calls, ship, found, failure)
        calls.clock.sleep(calls.policy.tick_s)


def _find(calls: Calls, ship: ShipId) -> Build | RackFailure | None:
    """Our build, `None` when the list does not have it, or why the list cannot be read."""
    try:
        builds = calls.ask(calls.commands.builds(LISTED), parse.builds)
    except RackFailure as error:
        return error
    return next((each for each in builds if stamp_in(each.description) == ship), None)


def _unknown(
    calls: Calls, ship: ShipId, found: Build | RackFailure | None, failure: DeployerError | None
) -> DeployerError:
    hint = f"convox builds -a {calls.app}"
    match found:
        case Build():
            return BuildUnknown(f"build {found.id} is still {found.status}", hint=f"convox builds logs {found.id}")
        case RackFailure():
            return BuildUnknown("the build cannot be looked for", why=found.what, hint=hint)
        case None if isinstance(failure, Unforeseen):
            return failure
        case None:
            why = failure.what if failure else f"no build is described with ship {ship}"
            return BuildUnknown("the build cannot be found again", why=why, hint=hint)
