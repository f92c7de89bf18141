"""
`env set`, so that nobody's update is lost.

The CLI reads the newest env, merges and posts the whole text; the rack keeps whatever was posted last. Two at once both
start from the same base, and the second silently undoes the first (faults C4). So what came out is compared with what
was meant, and with what others have made meanwhile.
"""

from __future__ import annotations

from deployer.convox import parse
from deployer.convox.calls import Calls
from deployer.convox.effects import Mark, made_by, sure
from deployer.core.environment import Environment, diff
from deployer.core.errors import EnvFailed
from deployer.core.models import Release

WHAT = "the env was set"


def set_env(calls: Calls, wanted: Environment, *, replace: bool) -> Release:
    """
    The release that holds `wanted` and what others set at the same time: set once more where one undid the other.

    Raises EnvFailed, which names keys, when both have set the same one, or it still holds another env than was meant.
    """
    if not wanted and not replace:
        raise ValueError("an `env set` of nothing makes a release all the same (convox-facts 2.3)")
    before = calls.releases()
    base = calls.environment(before[0].id) if before and not replace else Environment({})
    made = _set(calls, before, wanted, base.overlaid(wanted), replace=replace)
    return _with_theirs(calls, before, base, wanted, made) if not replace else _checked(calls, made, wanted)


def _with_theirs(
    calls: Calls, before: tuple[Release, ...], base: Environment, wanted: Environment, made: Release
) -> Release:
    """See whether somebody else's release came between, and bring the two together."""
    now = sure(calls.releases, WHAT)
    known = {each.id for each in before} | {made.id}
    theirs = next((each for each in now if each.id not in known), None)
    if theirs is None:
        return _checked(calls, made, base.overlaid(wanted))
    their_env = _read(calls, theirs)
    _refuse_clash(theirs, base, their_env, wanted)
    both = their_env.overlaid(wanted)
    if both in (_read(calls, made), their_env):
        return made
    return _checked(calls, _set(calls, now, both, both, replace=True), both)


def _set(
    calls: Calls, before: tuple[Release, ...], sent: Environment, expected: Environment, *, replace: bool
) -> Release:
    for secret in sent.values():
        calls.runner.redactor.learn(secret)
    mark = Mark(before, parse.release_id, lambda release: _read(calls, release) == expected, WHAT)
    return made_by(calls, calls.runner.run(calls.commands.set_env(sent, replace=replace)), mark)


def _checked(calls: Calls, made: Release, expected: Environment) -> Release:
    drift = diff(expected, sure(lambda: _read(calls, made), WHAT))
    if drift:
        why = f"{made.id} differs from what was meant ({drift}): somebody else may have set env at the same time"
        raise EnvFailed("the env did not arrive whole", why=why, hint=f"convox releases -a {calls.app}")
    return made


def _refuse_clash(theirs: Release, base: Environment, their_env: Environment, wanted: Environment) -> None:
    """A key that both have set, to different values, is for people to settle."""
    theirs_too = {*diff(base, their_env).keys}
    clash = [key for key in wanted if key in theirs_too and their_env.get(key) != wanted[key]]
    if clash:
        why = f"{theirs.id} has set {', '.join(clash)} at the same time, to another value"
        raise EnvFailed("somebody else set the same env", why=why, hint=f"convox releases info {theirs.id}")


def _read(calls: Calls, release: Release) -> Environment:
    return calls.environment(release.id, is_fresh=True)
