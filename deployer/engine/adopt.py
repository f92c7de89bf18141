"""
Adopt a build that a ship has left: it goes on without its ship, and what it makes is shipped like any other release.

Everything is looked at and planned anew; what was promised by the ship holds: its release command is run at most once,
and no env that was not in its plan rides along. Source: design 2.1 steps 4 and 5, 2.4 (`build-unknown`), faults F26.
"""

from __future__ import annotations

from dataclasses import replace

from deployer.core.environment import Environment, diff
from deployer.core.errors import Busy, CommandFailed, NotFound, Problem, Refused
from deployer.core.events import Ended, Said
from deployer.core.models import ProofMode
from deployer.core.names import ReleaseId
from deployer.core.plan import NO_ROLLBACK, Plan
from deployer.core.summary import CANNOT_TELL, Summary
from deployer.engine.draft import ShipRequest
from deployer.engine.ports import Ports
from deployer.engine.ship import ship


def adopt(wish: ShipRequest, past: Summary, plan: Plan, refuse: str, ports: Ports) -> Ended:
    """
    Ship what the build of `past` made, as `plan` said. `wish` says by whom; `refuse` why it is only told, "" to do it.

    Raises what a ship raises before its promote, and Refused where the build never began.
    """
    built = _built(past, ports)
    ports.sink.record(Said("build", f"that of ship {past.ship} is complete → {built}"))
    promote = ports.command("promote", built)
    if past.command == CANNOT_TELL:
        raise CommandFailed(f"{past.command_told}; {built} was not promoted", hint=promote)
    if refuse:
        what = f"ship {past.ship} {refuse}; its build made {built}, which was not promoted"
        raise Refused((Problem(what, hint=f"{promote}, or say --yes"),))
    _check_env(built, plan, past, ports)
    return ship(_as_planned(wish, built, plan, past), ports)


def _built(past: Summary, ports: Ports) -> ReleaseId:
    if past.built:
        return past.built
    if past.owner is None:
        raise ValueError("a run that has built has a ship")
    ports.sink.record(Said("build", f"looking for that of ship {past.owner}"))
    try:
        return ports.rack.find_build(past.owner).id
    except NotFound as error:
        what = f"ship {past.ship} had promoted nothing, and its build never began: there is nothing to finish"
        raise Refused((Problem(what, hint=ports.command("ship")),)) from error


def _check_env(built: ReleaseId, plan: Plan, past: Summary, ports: Ports) -> None:
    """A build takes the newest env when it *finishes* (convox-facts 3.1). Raises Busy for what was not in the plan."""
    env, active = ports.rack.environment(built), plan.baseline.release if plan.baseline else None
    if past.env_release:
        strange = diff(ports.rack.environment(past.env_release), env).keys
    else:
        serving = ports.rack.environment(active) if active else Environment({})
        strange = tuple(key for key in diff(serving, env).keys if key not in (*plan.env.keys, *plan.staged))
    if strange:
        what = f"the env changed during the build ({', '.join(strange)}): {built} was not promoted"
        raise Busy(what, serving=active, hint=ports.command("ship"))


def _as_planned(wish: ShipRequest, built: ReleaseId, plan: Plan, past: Summary) -> ShipRequest:
    """The wishes of the ship that was left, for a release that exists."""
    return replace(
        wish,
        release=built,
        accept_ps=all(each.mode is ProofMode.PS for each in plan.services),
        no_rollback=plan.no_way_back == NO_ROLLBACK,
        no_verify=plan.no_verify,
        irreversible=plan.is_irreversible,
        release_command=None if past.command else plan.release_command,
        takes_up=past.owner,
    )
