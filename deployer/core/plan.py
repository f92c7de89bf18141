"""
What a ship is going to do, decided before anything is written and shown before anything is done.

A plan is data: the engine carries it out, renderers show it, the journal keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from deployer.core.environment import EnvDiff
from deployer.core.models import Answer, Process, ProofMode, RackInfo, ReleaseCommand, Service, ServiceSpec, Source
from deployer.core.names import AppName, BuildId, ReleaseId, ServiceName, ShipId, is_ship_id
from deployer.core.policy import Policy

# Why there is no way back to it.
BASELINE_IS_DOWN = "the baseline does not serve"
NO_VERIFY, NO_ROLLBACK = "--no-verify", "--no-rollback"
IS_ROLLBACK = "a rollback is not rolled back"
# These were somebody's wish, and a person may wish otherwise later.
ASKED_NOT_TO = frozenset({NO_VERIFY, NO_ROLLBACK, IS_ROLLBACK})


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    What serves when we start, and so the only automatic target of a way back. `serves`: it answered for itself.

    `note` says since when and by whom it was proven, in words: "2 days, proven".
    """

    release: ReleaseId
    build: BuildId | None
    description: str = ""
    serves: bool = False
    ship: ShipId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """How one service is going to be proven, and why so. `url` is "" where it cannot be asked, or not yet."""

    name: ServiceName
    mode: ProofMode | None
    url: str
    desired: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    One ship or rollback, before it starts. Env is named by key, never by value.

    `release` is set where it exists already, `release_note` says what is known of it: its description, when proven.
    `no_way_back` says why a bad release is going to be left, "" if it is taken back. `no_verify`: the rack's word is
    taken for all of it.
    """

    ship: ShipId
    command: str
    app: AppName
    rack: RackInfo
    actor: str
    baseline: Baseline | None
    services: tuple[ServicePlan, ...]
    policy: Policy
    env: EnvDiff = field(default_factory=EnvDiff)
    staged: tuple[str, ...] = ()
    source: Source | None = None
    release: ReleaseId | None = None
    release_note: str = ""
    no_way_back: str = ""
    no_verify: bool = False
    is_irreversible: bool = False
    release_command: ReleaseCommand | None = None
    warnings: tuple[str, ...] = ()

    @property
    def goes_back(self) -> bool:
        return not self.no_way_back

    @property
    def changes(self) -> bool:
        """There is something to ship; what is active already is only proven."""
        return self.release is None or self.baseline is None or self.release != self.baseline.release

    @property
    def worst_case_s(self) -> float:
        return self.policy.roll_s + (self.policy.command_s if self.release_command else 0.0)

    @property
    def cannot_undo(self) -> str:
        """What going back from this release leaves as it is, "" if nothing is known of."""
        if self.release_command:
            return f"its release command ({self.release_command.line})"
        return "what makes it irreversible" if self.is_irreversible else ""


def keys_of(plan: Plan) -> tuple[str, ...]:
    """The keys of the env in which the release differs from what served before it."""
    return tuple(dict.fromkeys((*plan.env.keys, *plan.staged)))


def moved_since(planned: Plan, now: Plan) -> tuple[str, ...]:
    """What is not as it was when `planned` was made and shown, in words; a `now` of the same wishes is compared."""

    def served(plan: Plan) -> str:
        return plan.baseline.release if plan.baseline else "nothing"

    def built(plan: Plan) -> str:
        return (
            f"{plan.source.commit or 'no commit'}{' with changes' if plan.source.is_dirty else ''}"
            if plan.source
            else ""
        )

    said: tuple[tuple[str, Callable[[Plan], str]], ...] = (
        ("the app", lambda plan: f"{plan.app} on {plan.rack.name}"),
        ("what serves", served),
        ("the release", lambda plan: plan.release or ""),
        ("the source", built),
        ("the env", lambda plan: str(plan.env)),
        ("what others have staged", lambda plan: ", ".join(plan.staged)),
        ("the release command", lambda plan: plan.release_command.line if plan.release_command else ""),
        ("the proof", lambda plan: ", ".join(f"{s.name} {s.mode.value if s.mode else 'open'}" for s in plan.services)),
        ("the way back", lambda plan: plan.no_way_back or "on"),
    )
    return tuple(
        f"{what}: {of(planned) or 'none'} was planned, it is {of(now) or 'none'}"
        for what, of in said
        if of(planned) != of(now)
    )


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The proof, tried on what serves now with the same probe: what one round showed of one service."""

    spec: ServiceSpec
    url: str
    desired: int
    rows: tuple[Process, ...]
    answers: tuple[Answer, ...] = ()
    active: ReleaseId | None = None

    @property
    def has_release(self) -> bool:
        return any(each.is_ok and each.release for each in self.answers)

    @property
    def is_cached(self) -> bool:
        return any(each.is_cached for each in self.answers)

    @property
    def serves(self) -> bool:
        """It answers with the active release: something worth going back to."""
        return any(each.is_ok and each.release == self.active for each in self.answers)

    @property
    def failing_share(self) -> float:
        heard = [each for each in self.answers if not each.error]
        return sum(each.is_failure for each in heard) / len(heard) if heard else 0.0


def mode_of(rehearsal: Rehearsal, policy: Policy) -> tuple[ProofMode | None, str]:
    """
    Pick the proof mode of a service, and say why where it is not the strongest (design 2.1).

    `None` where the baseline is bad, silent or without a release field: then the release's own first rounds decide,
    and a bad baseline never refuses a ship, since people must be able to fix forward.
    """
    if not rehearsal.url:
        return (
            (None, "its address is not known yet") if _is_askable(rehearsal.spec) else (ProofMode.PS, "not reachable")
        )
    if not rehearsal.has_release:
        return None, _why_silent(rehearsal)
    ids = {row.id for row in rehearsal.rows}
    if not any(each.process in ids for each in rehearsal.answers):
        return ProofMode.SAMPLED, "its answers do not name a process that `ps` lists"
    if len(ids) > policy.sampled_over:
        return ProofMode.SAMPLED, f"more than {policy.sampled_over} processes"
    return ProofMode.IDS, ""


def _is_askable(spec: ServiceSpec) -> bool:
    return spec.port is not None and not spec.is_internal and not spec.is_agent


def _why_silent(rehearsal: Rehearsal) -> str:
    errors = [each.error for each in rehearsal.answers if each.error]
    codes = [f"HTTP {each.status_code}" for each in rehearsal.answers if not each.error and not each.is_ok]
    return next(iter(errors + codes), "no release in its answers")


def expected_address(service: Service | None, spec: ServiceSpec) -> str:
    """
    Where the service answers for its health: port 443 means https, anything else http (design 4, "The local rack").

    "" where nobody outside the rack can ask: no port, internal, an agent, or not known to the rack yet.
    """
    if service is None or not service.domain or not service.ports or not _is_askable(spec):
        return ""
    port = service.ports[0].balancer
    scheme, suffix = ("https", "") if port == 443 else ("http", "" if port == 80 else f":{port}")
    return f"{scheme}://{service.domain}{suffix}{spec.health_path}"


def commit_in(description: str) -> str:
    """The commit that a build of ours was made of, as `describe_build` wrote it down; "" in any other description."""
    found = re.match(r"build ([0-9a-f]{7,40}) .*\[ship ", description)
    return found[1] if found else ""


def describe_build(source: Source, ship: ShipId) -> str:
    """The build's description: found again by its end after any way of losing the stream (design 2.1 step 4)."""
    if not is_ship_id(ship):
        raise ValueError(f"not a ship id: {ship}")
    return f"build {source.title} [ship {ship}]"
