"""
The env of an app in the hands of people: what is set, what would change, and changing it. Nothing is promoted.

What is changed here is staged: the next ship takes it along and says so, `promote` ships it alone. Source: design 2.1
step 3, 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from deployer.core.environment import EnvDiff, Environment, diff, problems_of
from deployer.core.errors import Busy, EnvFailed, Problem, RackFailure, Refused
from deployer.core.names import ReleaseId
from deployer.core.summary import ENV, UNSET
from deployer.engine.identity import meet_rack
from deployer.engine.observe import read_app
from deployer.engine.ports import Ports
from deployer.engine.run import rack_words
from deployer.engine.write import write


@dataclass(frozen=True, slots=True)
class EnvSeen:
    """Names only. `staged` is in what the newest release has and the active one has not, or has otherwise."""

    active: ReleaseId | None
    newest: ReleaseId | None
    keys: tuple[str, ...]
    staged: EnvDiff


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvWish:
    """What is to be set, or what is to go; `exclusive`: all that is not set here goes."""

    wanted: Environment = field(default_factory=lambda: Environment({}))
    unwanted: tuple[str, ...] = ()
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class EnvChange:
    """
    `release` holds it, never promoted; `None` where it is only planned, or where there is nothing to change.

    `others` is what somebody else has changed in the meantime, and `release` holds too.
    """

    changes: EnvDiff
    release: ReleaseId | None = None
    others: EnvDiff = field(default_factory=EnvDiff)


def look_at_env(ports: Ports) -> EnvSeen:
    """Raises Refused or RackFailure; writes nothing."""
    active, newest, env = _newest(ports)
    serving = env if active in (None, newest) else ports.rack.environment(ReleaseId(str(active)))
    return EnvSeen(active, newest, tuple(env), diff(serving, env))


def plan_env(wish: EnvWish, ports: Ports) -> EnvChange:
    """Raises Refused, which names every key that Convox would damage or does not have; writes nothing."""
    _, _, env = _newest(ports)
    return EnvChange(diff(env, _changed(env, wish)))


def change_env(wish: EnvWish, ports: Ports) -> EnvChange:
    """
    One `env set` or `env unset`, read back; equal creates no release. What others change meanwhile is kept.

    Raises Refused, Busy where somebody is at work on the app, or EnvFailed.
    """
    _, newest, env = _newest(ports)
    after = _changed(env, wish)
    changes = diff(env, after)
    if not changes:
        return EnvChange(changes)
    if holder := ports.ledger.holder():
        raise Busy(f"{holder.by} is at work on {ports.app} ({holder.what} since {holder.since})")
    is_whole = wish.exclusive and bool(changes.removed)
    if is_whole and (now := ports.rack.releases(1)) and now[0].id != newest:
        # what it holds would be gone, and nobody was told of that
        raise Busy(f"{now[0].id} was made meanwhile", hint=ports.command("env", "plan"))
    try:
        made = _write(wish, changes, ports, is_whole=is_whole)
    except RackFailure as error:
        raise EnvFailed("the env was not set", why=rack_words(error), hint=error.hint) from error
    others = diff(after, ports.rack.environment(made))
    if spoilt := {*others.keys} & {*changes.keys}:
        raise EnvFailed("the env did not arrive whole", why=f"{made} differs: {', '.join(sorted(spoilt))}")
    return EnvChange(changes, made, others)


def _write(wish: EnvWish, changes: EnvDiff, ports: Ports, *, is_whole: bool) -> ReleaseId:
    """Keys that go are named, not left out of a whole env that is sent: what others add meanwhile would go too."""
    words, do = ENV, partial(ports.rack.set_env, wish.wanted, replace=is_whole)
    if wish.unwanted:
        words, do = UNSET, partial(ports.rack.unset_env, wish.unwanted)
    return write(ports, words, do, about=str(changes), made=lambda release: release.id).id


def _newest(ports: Ports) -> tuple[ReleaseId | None, ReleaseId | None, Environment]:
    """The active release, the newest one, and the env of that: where `env set` begins."""
    meet_rack(ports)
    app, releases = read_app(ports), ports.rack.releases(1)
    newest = releases[0].id if releases else None
    return app.release, newest, ports.rack.environment(newest) if newest else Environment({})


def _changed(env: Environment, wish: EnvWish) -> Environment:
    unknown = tuple(Problem(f"{key} is not set") for key in wish.unwanted if key not in env)
    refused = tuple(Problem(f"{each.key} {each.why}", hint=each.hint) for each in problems_of(wish.wanted))
    if problems := (*refused, *unknown):
        raise Refused(problems)
    base = Environment({}) if wish.exclusive else env
    return Environment({key: value for key, value in base.overlaid(wish.wanted).items() if key not in wish.unwanted})
