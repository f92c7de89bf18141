"""
What the credential may do, held against what a ship needs: known no is a problem, unknown is a warning.

Found before anything is written: a credential that cannot take a bad release back must not put one there
(design 2.1, faults C2).
"""

from __future__ import annotations

from datetime import datetime

from deployer.core.capabilities import BACK, READS, TOKEN_HINT, Capabilities
from deployer.core.errors import Denied, Problem, Refused
from deployer.core.policy import Policy
from deployer.core.verdict import Verdict
from deployer.engine.ports import Ports


def denied_problems(
    capabilities: Capabilities, writes: tuple[str, ...] = (), *, goes_back: bool = False
) -> tuple[Problem, ...]:
    """What the run is going to do (`writes`), and what it would need to go back."""
    denied = capabilities.denied((*READS, *writes))
    problems = [_denied(capabilities, denied)] if denied else []
    back = tuple(each for each in capabilities.denied(BACK) if each not in denied) if goes_back else ()
    if back:
        problems.append(_denied(capabilities, back, ", so a bad release could not be taken back"))
    if goes_back and capabilities.lacks:
        what = f"this convox has no `{capabilities.lacks[0]}`, so a bad release could not be taken back"
        problems.append(Problem(what, hint="convox update, or --no-rollback"))
    return tuple(problems)


def denied_in_full(error: Denied, ports: Ports) -> Refused:
    """One read was denied: find out what else is, so that all of it can be granted at once."""
    problems = denied_problems(ports.rack.capabilities())
    return Refused(problems or (Problem(str(error), hint=error.hint, verdict=Verdict.DENIED),))


def expiry_problems(capabilities: Capabilities, now: datetime, policy: Policy) -> tuple[Problem, ...]:
    """A token that ends before a rollout could be watched and taken back."""
    left_s = capabilities.left_s(now)
    needed_s = policy.no_progress_s + policy.back_deadline_s
    if left_s is None or left_s >= needed_s:
        return ()
    what = f"the token expires in {_minutes(left_s)}; watching a release and going back may take {_minutes(needed_s)}"
    return (Problem(what, hint=TOKEN_HINT, verdict=Verdict.DENIED),)


def warnings_of(
    capabilities: Capabilities, writes: tuple[str, ...], now: datetime, worst_s: float
) -> tuple[str, ...]:
    unknown = capabilities.unknown(writes)
    told = []
    if unknown:
        named = ", ".join(unknown)
        told.append(f"only trying tells whether {capabilities.credential} may run: {named}")
    left_s = capabilities.left_s(now)
    if left_s is not None and left_s < worst_s:
        told.append(f"the token expires in {_minutes(left_s)}; at worst the run takes {_minutes(worst_s)}")
    return tuple(told)


def _denied(capabilities: Capabilities, commands: tuple[str, ...], so: str = "") -> Problem:
    named = ", ".join(f"`{each}`" for each in commands)
    hint = f"{TOKEN_HINT}; at the console a role with {', '.join(commands)}"
    if so:
        hint += "; or --no-rollback"
    return Problem(f"{capabilities.credential} may not run {named}{so}", hint=hint, verdict=Verdict.DENIED)


def _minutes(seconds: float) -> str:
    return f"{max(0.0, seconds) / 60:.0f} min"
