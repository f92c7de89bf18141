"""
What the credential may do, held against what a ship needs: known no is a problem, unknown is a warning.

Found before anything is written: a credential that cannot take a bad release back must not put one there
(design 2.1, faults C2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deployer.core.capabilities import BACK, READS, TOKEN_HINT, Capabilities, Kind
from deployer.core.errors import Denied, Problem, Refused
from deployer.core.policy import Policy
from deployer.core.summary import RUN
from deployer.core.verdict import Verdict
from deployer.engine.ports import Ports

PROMOTE = "releases promote"


@dataclass(frozen=True, slots=True)
class Need:
    """The commands that a run is going to give, and whether it must be able to take them back."""

    writes: tuple[str, ...]
    policy: Policy
    goes_back: bool

    @property
    def worst_s(self) -> float:
        build_s = self.policy.build_s if "build" in self.writes else 0.0
        command_s = self.policy.command_s if RUN in self.writes else 0.0
        return build_s + command_s + self.policy.roll_s

    @property
    def back_s(self) -> float:
        """To watch a release until it is given up, and to go back."""
        return self.policy.no_progress_s + self.policy.back_deadline_s


def credential_problems(capabilities: Capabilities, need: Need, now: datetime) -> tuple[Problem, ...]:
    problems = _denials(capabilities, (*READS, *need.writes))
    if need.goes_back:
        back = tuple(each for each in BACK if each not in need.writes)
        problems += _denials(capabilities, back, ", so a bad release could not be taken back")
        problems += _lacks(capabilities) + _too_short(capabilities, need, now)
    return problems


def credential_warnings(capabilities: Capabilities, need: Need, now: datetime) -> tuple[str, ...]:
    unknown = capabilities.unknown(dict.fromkeys((*need.writes, *(BACK if need.goes_back else ()))))
    left_s = capabilities.left_s(now)
    told = []
    if unknown:
        told.append(f"only trying tells whether {capabilities.credential} may run: {', '.join(unknown)}")
    if left_s is not None and left_s < need.worst_s:
        told.append(f"the token expires in {minutes(left_s)}; at worst the run takes {minutes(need.worst_s)}")
    return tuple(told)


def denied_in_full(error: Denied, ports: Ports) -> Refused:
    """One read was denied: find out what else is, so that all of it can be granted at once."""
    problems = _denials(ports.rack.capabilities(), READS)
    return Refused(problems or (Problem(str(error), hint=error.hint, verdict=Verdict.DENIED),))


def _denials(capabilities: Capabilities, needed: tuple[str, ...], so: str = "") -> tuple[Problem, ...]:
    denied = capabilities.denied(needed)
    if not denied:
        return ()
    quoted = ", ".join(f"`convox {each}`" for each in denied)
    ways = [TOKEN_HINT, *(["--no-rollback"] if so else [])]
    if capabilities.credential.kind is Kind.CONSOLE:
        ways.append(f"a console role with {', '.join(denied)}")
    what = f"{capabilities.credential} may not run {quoted}{so}"
    return (Problem(what, hint=", or ".join(ways), verdict=Verdict.DENIED),)


def _lacks(capabilities: Capabilities) -> tuple[Problem, ...]:
    so, hint = "so a bad release could not be taken back", "convox update, or --no-rollback"
    return tuple(Problem(f"this convox has no `{each}`, {so}", hint) for each in capabilities.lacks)


def _too_short(capabilities: Capabilities, need: Need, now: datetime) -> tuple[Problem, ...]:
    left_s = capabilities.left_s(now)
    if left_s is None or left_s >= need.back_s:
        return ()
    what = f"the token expires in {minutes(left_s)}; to watch a release and go back may take {minutes(need.back_s)}"
    return (Problem(what, hint=TOKEN_HINT, verdict=Verdict.DENIED),)


def minutes(seconds: float) -> str:
    return f"{max(0.0, seconds) / 60:.0f} min"
