"""What apps of a simulated rack consist of: services that can be asked, and those that cannot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum

from deployer.testing.programs import Program


class Reach(Enum):
    """Who can ask a service for its health (design 2.1: the proof modes follow from it)."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PORTLESS = "portless"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Part:
    """One service. `most` is set where an autoscaler may move the count; `count` 0 is a service scaled to nothing."""

    name: str
    reach: Reach = Reach.PUBLIC
    count: int = 2
    most: int | None = None

    @property
    def has_port(self) -> bool:
        return self.reach in (Reach.PUBLIC, Reach.INTERNAL)


@dataclass(frozen=True, slots=True)
class Layout:
    """
    An app's services; the code of `subject` is what a release changes. Seconds, and percent of replicas kept.

    `jobs` are what its timers run, each minute, in processes that carry the name of the first service.
    """

    parts: tuple[Part, ...]
    subject: str = "api"
    interval_s: int = 2
    grace_s: int = 2
    minimum: int = 50
    jobs: tuple[str, ...] = ()

    def part(self, name: str) -> Part | None:
        return next((each for each in self.parts if each.name == name), None)

    @property
    def reach(self) -> Reach:
        """Of the service whose code changes."""
        return next(each.reach for each in self.parts if each.name == self.subject)

    def manifest(self, program: str, companion: str = "good") -> str:
        """A convox.yml (as JSON, which is YAML too): `program` in the subject, `companion` in the other services."""
        services = {each.name: self._service(each, program, companion) for each in self.parts}
        timers = {each: {"schedule": "* * * * *", "command": each, "service": self.host} for each in self.jobs}
        return json.dumps({"services": services, "timers": timers})

    @property
    def host(self) -> str:
        """The service whose name one-off processes carry. No agent: its replicas have names like theirs (faults 7)."""
        return self.parts[0].name

    def _service(self, part: Part, program: str, companion: str) -> dict[str, object]:
        spec: dict[str, object] = {"build": ".", "command": program if part.name == self.subject else companion}
        if part.has_port:
            health = {"path": "/health", "interval": self.interval_s, "grace": self.grace_s, "timeout": 1}
            spec |= {"port": 8000, "health": health}
        if part.reach is Reach.AGENT:
            return spec | {"agent": True}
        count: object = f"{part.count}-{part.most}" if part.most else part.count
        spec |= {"scale": {"count": count}, "deployment": {"minimum": self.minimum, "maximum": 200}}
        return spec | ({"internal": True} if part.reach is Reach.INTERNAL else {})


PROGRAMS: dict[str, Program] = {
    "good": Program(names_stamp=True),
    "unstamped": Program(),
    "slow": Program(ready_after_s=45.0, names_stamp=True),
    "stumbles": Program(exits_after_s=1.0, exits_on=2),
    "anonymous": Program(names_process=False),
    "nameless": Program(names_release=False),
    "crashes": Program(ready_after_s=60.0, exits_after_s=1.0, last_words="fatal"),
    "gasps": Program(ready_after_s=60.0, exits_after_s=2.0, last_words="fatal"),
    "crashes-late": Program(exits_after_s=20.0, names_stamp=True),
    "never-ready": Program(ready_after_s=1e9),
    "errors": Program(fails_from_s=8.0),
    "errors-at-once": Program(health_code=500),
    "lies": Program(says_release="ROTHERCODE"),
    "half-mute": Program(is_half_mute=True),
    "half-dead": Program(is_half_dead=True),
    "turned-bad": Program(fails_from_s=100.0),
    "before": Program(names_stamp=True),
    "console": Program(),
    "job": Program(exits_after_s=15.0, exit_code=0),
    "long-job": Program(exits_after_s=900.0, exit_code=0),
    "broken-job": Program(exits_after_s=3.0),
}
# Nothing is wrong with these, though some cannot be proven (no release in their answers, say).
GOOD = frozenset({"good", "unstamped", "slow", "stumbles", "anonymous", "nameless"})


def is_good(program: str, reach: Reach) -> bool:
    """Nothing is wrong with it that anybody could see: health answers matter only where there is a port."""
    if program in GOOD or (program == "half-mute" and reach is not Reach.PUBLIC):
        return True
    has_no_health = reach in (Reach.PORTLESS, Reach.AGENT)
    seen_by_health = {"never-ready", "errors", "errors-at-once", "lies", "half-dead", "turned-bad"}
    return (has_no_health and program in seen_by_health) or (program == "lies" and reach is Reach.INTERNAL)


def is_hopeless(program: str, reach: Reach) -> bool:
    """It can never be proven, however long anybody waits."""
    return program in {"crashes", "gasps", "never-ready", "errors-at-once", "lies"} and not is_good(program, reach)
