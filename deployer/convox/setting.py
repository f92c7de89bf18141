"""
`env set` and `env unset`, so that nobody's update is lost.

The CLI reads the newest env, merges and posts the whole text; the rack keeps whatever was posted last. Two at once both
start from the same base, and the second silently undoes the first (faults C4). So what came out is compared with what
was meant, and with what others have made meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.convox import parse
from deployer.convox.calls import Calls
from deployer.convox.effects import Mark, made_by, sure
from deployer.convox.request import Request
from deployer.core.environment import Environment, diff
from deployer.core.errors import EnvFailed
from deployer.core.models import Release

WHAT = "the env was set"
NOTHING = Environment({})


@dataclass(frozen=True, slots=True)
class _Update:
    """What is to be done to an env, whatever else is in it."""

    wanted: Environment = NOTHING
    unwanted: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.wanted, *self.unwanted)

    def of(self, env: Environment) -> Environment:
        after = env.overlaid(self.wanted)
        return Environment({key: after[key] for key in after if key not in self.unwanted})


def set_env(calls: Calls, wanted: Environment, *, replace: bool) -> Release:
    """
    The release that holds `wanted` and what others set at the same time: set once more where one undid the other.

    Raises EnvFailed, which names keys, when both have set the same one, or it still holds another env than was meant.
    """
    if not wanted and not replace:
        raise ValueError("an `env set` of nothing makes a release all the same (convox-facts 2.3)")
    before = calls.releases()
    request = _setting(calls, wanted, replace=replace)
    if replace:
        return _checked(calls, _made(calls, before, request, wanted), wanted)
    return _updated(calls, before, request, _Update(wanted))


def unset_env(calls: Calls, keys: Sequence[str]) -> Release:
    """The same for a release without `keys`."""
    return _updated(calls, calls.releases(), calls.commands.unset_env(keys), _Update(unwanted=tuple(keys)))


def _updated(calls: Calls, before: tuple[Release, ...], request: Request, update: _Update) -> Release:
    """Make it, then see whether somebody else's release came between, and bring the two together."""
    base = calls.environment(before[0].id) if before else NOTHING
    made = _made(calls, before, request, update.of(base))
    now = sure(calls.releases, WHAT)
    known = {each.id for each in before} | {made.id}
    theirs = next((each for each in now if each.id not in known), None)
    if theirs is None:
        return _checked(calls, made, update.of(base))
    their_env = _read(calls, theirs)
    _refuse_clash(theirs, base, their_env, update)
    both = update.of(their_env)
    if both in (_read(calls, made), their_env):
        return made
    return _checked(calls, _made(calls, now, _setting(calls, both, replace=True), both), both)


def _setting(calls: Calls, sent: Environment, *, replace: bool) -> Request:
    for secret in sent.values():
        calls.runner.redactor.learn(secret)
    return calls.commands.set_env(sent, replace=replace)


def _made(calls: Calls, before: tuple[Release, ...], request: Request, expected: Environment) -> Release:
    mark = Mark(before, parse.release_id, lambda release: _read(calls, release) == expected, WHAT)
    return made_by(calls, calls.runner.run(request), mark)


def _checked(calls: Calls, made: Release, expected: Environment) -> Release:
    drift = diff(expected, sure(lambda: _read(calls, made), WHAT))
    if drift:
        why = f"{made.id} differs from what was meant ({drift}): somebody else may have set env at the same time"
        raise EnvFailed("the env did not arrive whole", why=why, hint=f"convox releases -a {calls.app}")
    return made


def _refuse_clash(theirs: Release, base: Environment, their_env: Environment, update: _Update) -> None:
    """A key that both have changed, and not to the same, is for people to settle."""
    theirs_too, meant = {*diff(base, their_env).keys}, update.of(their_env)
    clash = [key for key in update.keys if key in theirs_too and their_env.get(key) != meant.get(key)]
    if clash:
        why = f"{theirs.id} has set {', '.join(clash)} at the same time, to another value"
        raise EnvFailed("somebody else set the same env", why=why, hint=f"convox releases info {theirs.id}")


def _read(calls: Calls, release: Release) -> Environment:
    return calls.environment(release.id, is_fresh=True)
