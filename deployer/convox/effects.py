"""
Writes, each made once and each ending with a read: done, not done, or cannot tell.

What the CLI says of a write is a hint (faults 0.1): a reply can be lost after the effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from deployer.convox import parse
from deployer.convox.calls import Calls
from deployer.convox.failures import Unforeseen
from deployer.convox.request import Completed
from deployer.convox.rules import NoSuchConfig
from deployer.core.environment import Environment
from deployer.core.errors import (
    CannotTell,
    Denied,
    DeployerError,
    Garbled,
    NotFound,
    RackBusy,
    RackFailure,
    RackUnreachable,
    RefusedByRack,
    Unauthorised,
)
from deployer.core.models import App, Release
from deployer.core.names import ProcessId, ReleaseId

T = TypeVar("T")

# The rack said no, or was never reached. After anything else the write may have taken effect.
DEFINITE = (Unauthorised, Denied, NotFound, RackBusy, RefusedByRack, RackUnreachable)
# What `apps cancel` says between the cancel and the copy that it makes of the newest release (convox-facts 2.8).
_CANCELLED = "Rewriting last active release"


@dataclass(frozen=True, slots=True)
class Mark:
    """How to know the release that a write makes: by its name on stdout, or as new and of the right content."""

    before: tuple[Release, ...]
    named: Callable[[str], ReleaseId]
    is_it: Callable[[Release], bool]
    what: str


def is_definite(failure: DeployerError | None) -> bool:
    """Nothing was done, for certain: the rack was not reached, or refused in words that are known."""
    return isinstance(failure, DEFINITE) and not isinstance(failure, Unforeseen)


def copy(calls: Calls, build_from: ReleaseId, env_from: ReleaseId) -> ReleaseId:
    before = calls.releases()
    build = next((each.build for each in before if each.id == build_from), None)
    env = calls.environment(env_from)

    def is_it(release: Release) -> bool:
        return (build is None or release.build == build) and _holds(calls, release, env)

    mark = Mark(before, parse.created_release, is_it, "the copy was made")
    made = made_by(calls, calls.runner.run(calls.commands.copy(build_from, env_from)), mark)
    if not sure(lambda: is_it(made), mark.what):
        raise CannotTell(f"{made.id} is not a copy of {build_from}", why="its build or env differs")
    return made.id


def cancel(calls: Calls) -> None:
    """Raises RackBusy for `not currently updating`: the rack may say so for seconds after a promote (faults C3)."""
    before = _app(calls)
    completed = calls.runner.run(calls.commands.cancel())
    failure = calls.failure(completed)
    if failure is None and "OK" not in completed.stdout.split():
        failure = Garbled("convox apps cancel did not say OK")
    if failure is None or _CANCELLED in completed.stdout:
        return
    if is_definite(failure):
        raise failure
    after = sure(lambda: _app(calls), "the rollout was cancelled")
    if (after.status, after.release) == (before.status, before.release):
        raise failure


def stop(calls: Calls, process: ProcessId) -> None:
    """What comes of it is for `ps` to show: the process goes, and another takes its place."""
    completed = calls.runner.run(calls.commands.stop(process))
    failure = calls.failure(completed)
    if failure and is_definite(failure):
        raise failure
    if failure or "OK" not in completed.stdout.split():
        why = (failure.why or failure.what) if failure else ""
        raise CannotTell(f"cannot tell whether {process} was stopped", why=why)


def config_get(calls: Calls, name: str) -> str | None:
    """The text of an app config, or `None` when there is no such config."""
    try:
        return calls.ask(calls.commands.config_get(name), lambda text: text.removesuffix("\n"))
    except NoSuchConfig:
        return None


def config_set(calls: Calls, name: str, text: str) -> None:
    completed = calls.runner.run(calls.commands.config_set(name, text))
    failure = calls.failure(completed)
    if failure and is_definite(failure):
        raise failure
    if sure(lambda: config_get(calls, name), f"config {name} was set") != text:
        raise failure or CannotTell(f"config {name} is not what was set", why="somebody else may have set it meanwhile")


def made_by(calls: Calls, completed: Completed, mark: Mark) -> Release:
    """The release that a write made: by the name that was printed, else a new one with the content that was meant."""
    try:
        named = calls.answer(completed, mark.named)
    except RackFailure as error:
        if is_definite(error):
            raise
        failure = error
    else:
        return sure(lambda: calls.release(named), mark.what)
    found = sure(lambda: _appeared(calls, mark), mark.what)
    if found is None:
        raise failure
    return found


def _appeared(calls: Calls, mark: Mark) -> Release | None:
    """Look for it as long as the rack's mirror may lag. `None`: nothing came of the write."""
    known = {each.id for each in mark.before}
    deadline_s = calls.clock.now_s() + calls.policy.write_s
    while True:
        fresh = (each for each in calls.releases() if each.id not in known)
        found = next((each for each in fresh if mark.is_it(each)), None)
        if found or calls.clock.now_s() >= deadline_s:
            return found
        calls.clock.sleep(calls.policy.quiet_tick_s)


def sure(read: Callable[[], T], what: str) -> T:
    """A read that decides about a write: when it fails, nobody can tell."""
    try:
        return read()
    except CannotTell:
        raise
    except RackFailure as error:
        raise CannotTell(f"cannot tell whether {what}", why=error.what, hint=error.hint) from None


def _holds(calls: Calls, release: Release, env: Environment) -> bool:
    return calls.environment(release.id, is_fresh=True) == env


def _app(calls: Calls) -> App:
    return calls.ask(calls.commands.app(), parse.app)
