"""Twenty and more ways to fail, and when the first evidence of each is there to be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

START_S, PENDING_S, NO_PROGRESS_S = 3.0, 10.0, 20.0
"""Budgets of the runs that they are the evidence of: short, as what is measured is what comes after their end."""
# the manifest's grace and three intervals
START_BUDGET_S = 3.0 + 3 * 2.0 + START_S


class Evidence(Enum):
    """What is there to be seen first."""

    CRASHED = "a row reads crashed"
    ANSWER = "a replica answers wrongly"
    STARTING = "the start budget is over"
    PENDING = "the pending budget is over"
    DEADLINE = "the deadline without progress is over"


SAYS_OK = "15 s, and says OK"
"""What `convox deploy` takes where the rack calls the release running: its own fixed wait (convox-facts 3.6)."""
TIMES_OUT = "35 min, then ERROR: timeout"
"""Where it never does: the CLI's own limit; the rack goes on for another 15 minutes (faults 0.3)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """
    `mood` as the ailing service has it, or a `fault` that is ordered; `says` is in what the judge says of it.

    `of` is the service that fails; one that is not `web` stands beside it.
    """

    name: str
    evidence: Evidence
    says: str
    convox: str
    mood: str = ""
    fault: dict[str, object] = field(default_factory=dict, hash=False)
    count: int = 2
    of: str = "web"

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("web", self.of)))

    @property
    def env(self) -> str:
        return f"MOOD={self.mood}\nMOOD_OF={self.of}"


def _crash(name: str, mood: str, convox: str = TIMES_OUT) -> Failure:
    return Failure(name, Evidence.CRASHED, "crash", convox, mood)


def _never_ready(name: str, mood: str) -> Failure:
    return Failure(name, Evidence.STARTING, "never ready", TIMES_OUT, mood)


def _answers(name: str, mood: str, says: str) -> Failure:
    return Failure(name, Evidence.ANSWER, says, SAYS_OK, mood)


def _one_of_four(name: str, fault: str, evidence: Evidence, says: str, convox: str = TIMES_OUT) -> Failure:
    return Failure(name, evidence, says, convox, fault={"fault": fault, "replicas": 1}, count=4)


FAILURES = (
    _crash("exits at once", "exits"),
    _crash("import error", "import-error"),
    _crash("a variable is missing", "missing-env"),
    _crash("a setting is wrong", "config-error"),
    _crash("no such command (127)", "no-such-command"),
    _crash("port already taken", "port-taken"),
    _crash("out of memory (137)", "out-of-memory"),
    _crash("crashes after 3 s", "crashes-after-3"),
    _crash("crashes after 10 s", "crashes-after-10", SAYS_OK),
    _one_of_four("one of four crashes", "crash", Evidence.CRASHED, "crash"),
    # ready after 3 s, and a few seconds later down again, at every restart
    _crash("all flap, in step", "crashes-after-6", SAYS_OK),
    Failure("all four flap, out of step", Evidence.CRASHED, "crash", SAYS_OK, "flaps", count=4),
    _one_of_four("one of four flaps", "crash=6s", Evidence.CRASHED, "crash", SAYS_OK),
    Failure("the second service crashes", Evidence.CRASHED, "of admin", TIMES_OUT, "exits", of="admin"),
    _never_ready("port never opened", "closed"),
    _never_ready("another port opened", "other-port"),
    _never_ready("workers die, master lives", "workers-die"),
    _never_ready("slow beyond its budget", "slow"),
    _never_ready("health path is 404", "moved"),
    _never_ready("500 to everybody", "errors-to-all"),
    _never_ready("hangs", "hangs"),
    _never_ready("deadlock after 10 requests", "deadlocks"),
    _one_of_four("one of four never ready", "unhealthy", Evidence.STARTING, "never ready"),
    Failure("no capacity", Evidence.PENDING, "pending", TIMES_OUT, fault={"fault": "pending"}),
    _one_of_four("image missing on one of four", "pending", Evidence.PENDING, "pending"),
    _answers("another release answers", "other-release", "wrong code"),
    _answers("another build answers", "other-build", "wrong code"),
    _answers("500 to users only", "errors", "are errors"),
    _answers("200 and 503 by turns", "alternates", "are errors"),
    _answers("404 to users only", "gone", "are errors"),
    Failure("redirects to a login", Evidence.DEADLINE, "redirects to", SAYS_OK, "redirects"),
    Failure("no JSON", Evidence.DEADLINE, "no release in its answers", SAYS_OK, "not-json"),
)
