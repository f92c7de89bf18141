"""
Preflight: find everything that can be wrong, at once, or make the plan. Reads only.

Source: design 2.1 steps 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.core.environment import EnvDiff, Environment, diff, problems_of
from deployer.core.errors import Busy, Problem, Refused
from deployer.core.models import Manifest, ProofMode, Source
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import Baseline, Plan, Rehearsal, ServicePlan, mode_of
from deployer.core.policy import Policy
from deployer.core.verdict import Verdict
from deployer.engine.allowed import PROMOTE, Need, credential_problems, credential_warnings
from deployer.engine.observe import Seen, manifest_of, rehearse, stamp_of
from deployer.engine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipRequest:
    """What a person asked for. `problems` were found while the inputs were read; they are told with all the others."""

    ship: ShipId
    actor: str
    policy: Policy
    source: Source | None = None
    manifest: Manifest | None = None
    release: ReleaseId | None = None
    wanted: Environment
    env_exclusive: bool = False
    refuse_staged: bool = False
    accept_ps: bool = False
    no_rollback: bool = False
    problems: tuple[Problem, ...] = ()
    run_url: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan, with the values and rehearsals that it was made from and that are not for showing."""

    plan: Plan
    seen: Seen
    manifest: Manifest
    baseline_manifest: Manifest
    rehearsals: tuple[Rehearsal, ...]
    wanted_env: Environment


def make_plan(request: ShipRequest, seen: Seen, ports: Ports) -> Draft:
    """Preflight: find every problem at once, or make the plan. Raises Refused, Busy or Denied."""
    manifest = request.manifest or _manifest_of_release(request, ports)
    old = manifest_of(seen.app.release, manifest, ports) if seen.app.release else manifest
    rehearsals = rehearse(seen, old, request.policy, ports)
    wanted_env = request.wanted if request.env_exclusive else seen.newest_env.overlaid(request.wanted)
    staged = tuple(key for key in _staged(seen) if key not in request.wanted)
    problems = (
        *request.problems,
        *_rack_problems(seen),
        *_release_problems(request, seen, ports),
        *_env_problems(request, manifest, wanted_env, ports),
        *_proof_problems(request, rehearsals),
        *_lock_problems(ports),
        *_staged_problems(request, staged),
    )
    env = diff(seen.newest_env, wanted_env)
    need = Need(_writes(request, env), request.policy, goes_back=not request.no_rollback)
    capabilities, now = ports.rack.capabilities(), ports.clock.utc()
    problems += credential_problems(capabilities, need, now)
    if problems:
        raise _refusal(problems, seen)
    plan = _plan(request, seen, manifest, rehearsals, env, staged, ports)
    plan = replace(plan, warnings=(*plan.warnings, *credential_warnings(capabilities, need, now)))
    return Draft(plan, seen, manifest, old, rehearsals, wanted_env)


def _writes(request: ShipRequest, env: EnvDiff) -> tuple[str, ...]:
    """The commands that this ship is going to give."""
    if request.release:
        return (PROMOTE,)
    return (*(("env set",) if env else ()), "build", PROMOTE)


def _staged(seen: Seen) -> tuple[str, ...]:
    """Keys that somebody set and never promoted: the next release forks from the newest, so they ride along."""
    return diff(seen.active_env, seen.newest_env).keys if seen.app.release else ()


def _plan(
    request: ShipRequest,
    seen: Seen,
    manifest: Manifest,
    rehearsals: tuple[Rehearsal, ...],
    env: EnvDiff,
    staged: tuple[str, ...],
    ports: Ports,
) -> Plan:
    baseline = _baseline(seen, rehearsals, ports)
    return Plan(
        ship=request.ship,
        command="ship",
        app=ports.app,
        rack=seen.rack,
        actor=request.actor,
        baseline=baseline,
        services=service_plans(manifest, rehearsals, request.policy),
        policy=request.policy,
        env=env,
        staged=staged,
        source=request.source,
        release=request.release,
        no_way_back=_no_way_back(request, baseline),
        warnings=_warnings(staged),
    )


def _baseline(seen: Seen, rehearsals: tuple[Rehearsal, ...], ports: Ports) -> Baseline | None:
    if seen.app.release is None:
        return None
    active = seen.active
    asked = [each for each in rehearsals if each.url]
    return Baseline(
        seen.app.release,
        active.build if active else None,
        active.description if active else "",
        serves=all(each.serves for each in asked) if asked else bool(seen.processes),
        ship=stamp_of(active, ports),
    )


def service_plans(manifest: Manifest, rehearsals: tuple[Rehearsal, ...], policy: Policy) -> tuple[ServicePlan, ...]:
    """How each service of `manifest` is going to be proven; one that is new has not been rehearsed."""
    rehearsed = {each.spec.name: each for each in rehearsals}
    plans = []
    for spec in manifest.services:
        each = rehearsed.get(spec.name) or Rehearsal(spec, "", spec.count, ())
        mode, note = mode_of(each, policy)
        plans.append(ServicePlan(spec.name, mode, each.url, each.desired, note))
    return tuple(plans)


def _no_way_back(request: ShipRequest, baseline: Baseline | None) -> str:
    if request.no_rollback:
        return "--no-rollback"
    if baseline is not None and not baseline.serves:
        return "the baseline does not serve"
    return ""


def _warnings(staged: tuple[str, ...]) -> tuple[str, ...]:
    return (f"staged by others, never promoted, ships along: {', '.join(staged)}",) if staged else ()


def _manifest_of_release(request: ShipRequest, ports: Ports) -> Manifest:
    if request.release is None:
        raise Refused(request.problems or (Problem("there is no convox.yml to build from"),))
    return ports.rack.manifest(request.release)


def _rack_problems(seen: Seen) -> tuple[Problem, ...]:
    if seen.app.generation == "3":
        return ()
    return (Problem(f"{seen.app.name} is of generation {seen.app.generation}; deployer knows Convox v3 only"),)


def _release_problems(request: ShipRequest, seen: Seen, ports: Ports) -> tuple[Problem, ...]:
    wanted, active = seen.release(request.release), seen.active
    if request.release and request.wanted:
        return (Problem("--release ships a release as it is, so it goes with no env", hint="leave --env-… away"),)
    if wanted is None or active is None or seen.releases.index(wanted) <= seen.releases.index(active):
        return ()
    hint = ports.command("rollback", wanted.id)
    return (Problem(f"{wanted.id} is older than {active.id}, which is active", hint=hint),)


def _env_problems(request: ShipRequest, manifest: Manifest, wanted: Environment, ports: Ports) -> tuple[Problem, ...]:
    refused = tuple(Problem(f"{each.key} {each.why}", hint=each.hint) for each in problems_of(request.wanted))
    missing = sorted(manifest.required - wanted.keys())
    return refused + tuple(
        Problem(
            f"{key} is required by convox.yml and set nowhere",
            hint=ports.command("ship", "--env-from", key),
        )
        for key in missing
    )


def _proof_problems(request: ShipRequest, rehearsals: tuple[Rehearsal, ...]) -> tuple[Problem, ...]:
    cached = tuple(
        Problem(f"{each.url} is answered from a cache, which proves nothing", hint="send Cache-Control: no-store there")
        for each in rehearsals
        if each.is_cached
    )
    modes = {mode_of(each, request.policy)[0] for each in rehearsals}
    if modes == {ProofMode.PS} and not request.accept_ps:
        text = "no service can be asked for its release, so nothing but the process list could be proven"
        return (*cached, Problem(text, hint=f"accept that with --identity {ProofMode.PS.value}"))
    return cached


def _lock_problems(ports: Ports) -> tuple[Problem, ...]:
    holder = ports.ledger.holder()
    if holder is None:
        return ()
    where = f", {holder.url}" if holder.url else ""
    text = f"{holder.by} is at work on {ports.app} ({holder.what} since {holder.since}{where})"
    return (Problem(text, hint=f"{ports.command('rollback')} goes ahead all the same", verdict=Verdict.BUSY),)


def _staged_problems(request: ShipRequest, staged: tuple[str, ...]) -> tuple[Problem, ...]:
    if not staged or not request.refuse_staged:
        return ()
    return (Problem(f"staged by others, never promoted: {', '.join(staged)}", hint="promote or undo them first"),)


def _refusal(problems: tuple[Problem, ...], seen: Seen) -> Refused | Busy:
    serving = seen.app.release
    if all(each.verdict is Verdict.BUSY for each in problems):
        return Busy(problems[0].what, serving=serving, hint=problems[0].hint)
    return Refused(problems, serving=serving)
