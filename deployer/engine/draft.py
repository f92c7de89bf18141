"""
Draft what a ship is going to do, from what was asked for and what is there. Reads only, decides nothing.

Source: design 2.1 step 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.core.capabilities import Capabilities
from deployer.core.environment import RESERVED, EnvDiff, Environment, diff
from deployer.core.errors import NotFound, Problem, Refused
from deployer.core.models import Manifest, ReleaseCommand, Source
from deployer.core.names import ReleaseId, ShipId
from deployer.core.plan import BASELINE_IS_DOWN, NO_ROLLBACK, NO_VERIFY, Baseline, Plan, Rehearsal, ServicePlan, mode_of
from deployer.core.policy import Policy
from deployer.core.summary import RUN
from deployer.engine.allowed import PROMOTE, Need, credential_warnings
from deployer.engine.observe import Seen, expect, manifest_of, rehearse, stamp_of
from deployer.engine.ports import Ports
from deployer.engine.roll import Aim


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipRequest:
    """
    What a person asked for. `release` ships that one as it is, where it is `None` `source` is built.

    `no_verify` takes the rack's word; `irreversible` says that the old release may not serve again once this one has.
    `problems` were found while the inputs were read; they are told with all the others. `takes_up` is a ship that was
    left, whose lock is in nobody's way. `planned` is what a person has looked at: nothing else is to be done.
    """

    ship: ShipId
    actor: str
    policy: Policy
    command: str = "ship"
    source: Source | None = None
    manifest: Manifest | None = None
    release: ReleaseId | None = None
    wanted: Environment
    env_exclusive: bool = False
    refuse_staged: bool = False
    accept_ps: bool = False
    no_rollback: bool = False
    no_verify: bool = False
    irreversible: bool = False
    release_command: ReleaseCommand | None = None
    problems: tuple[Problem, ...] = ()
    run_url: str = ""
    takes_up: ShipId | None = None
    planned: Plan | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan, with what it was made from and is not for showing. `old_manifest` is that of what serves."""

    plan: Plan
    seen: Seen
    manifest: Manifest
    old_manifest: Manifest
    rehearsals: tuple[Rehearsal, ...]
    wanted_env: Environment
    need: Need
    capabilities: Capabilities


def make_draft(request: ShipRequest, seen: Seen, ports: Ports) -> Draft:
    """Raises Refused where there is nothing to ship, or RackFailure."""
    manifest = _manifest(request, ports)
    old = manifest_of(seen.app.release, manifest, ports) if seen.app.release else manifest
    rehearsals = rehearse(seen, old, request.policy, ports)
    wanted = _wanted_env(request, seen, ports)
    env = diff(seen.active_env if request.release else seen.newest_env, wanted)
    baseline = _baseline(seen, rehearsals, ports)
    no_way_back = _no_way_back(request, baseline)
    command = _release_command(request, manifest)
    need = Need(_writes(request, seen, env), request.policy, goes_back=not no_way_back)
    capabilities = ports.rack.capabilities()
    staged = _staged(request, seen, env)
    release = seen.release(request.release)
    plan = Plan(
        ship=request.ship,
        command=request.command,
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
        release_note=release.description if release else "",
        no_way_back=no_way_back,
        no_verify=request.no_verify,
        is_irreversible=request.irreversible,
        release_command=command,
        warnings=(*_warnings(request, staged, wanted), *credential_warnings(capabilities, need, ports.clock.utc())),
    )
    return Draft(plan, seen, manifest, old, rehearsals, wanted, need, capabilities)


def aim_at(release: ReleaseId, seen: Seen, policy: Policy, ports: Ports) -> tuple[Aim, tuple[ServicePlan, ...]]:
    """What must be seen of a release that exists, and how, with the proof rehearsed on what serves."""
    manifest = manifest_of(release, None, ports)
    rehearsals = rehearse(seen, manifest, policy, ports)
    services = service_plans(manifest, rehearsals, policy)
    modes = {each.name: each.mode for each in services}
    expected = tuple(expect(each, modes[each.spec.name], policy) for each in rehearsals)
    return Aim(release, manifest, expected, stamp_of(seen.release(release), ports)), services


def service_plans(manifest: Manifest, rehearsals: tuple[Rehearsal, ...], policy: Policy) -> tuple[ServicePlan, ...]:
    """How each service of `manifest` is going to be proven; one that is new has not been rehearsed."""
    rehearsed = {each.spec.name: each for each in rehearsals}
    plans = []
    for spec in manifest.services:
        each = rehearsed.get(spec.name) or Rehearsal(spec, "", spec.count, ())
        mode, note = mode_of(each, policy)
        plans.append(ServicePlan(spec.name, mode, each.url, each.desired, note))
    return tuple(plans)


def _manifest(request: ShipRequest, ports: Ports) -> Manifest:
    if request.manifest:
        return request.manifest
    if request.release is None:
        raise Refused(request.problems or (Problem("there is no convox.yml to build from"),))
    try:
        return ports.rack.manifest(request.release)
    except NotFound as error:
        problem = Problem(
            f"{request.release} is no release of {ports.app} with a build", f"convox releases -a {ports.app}"
        )
        raise Refused((problem, *request.problems)) from error


def _wanted_env(request: ShipRequest, seen: Seen, ports: Ports) -> Environment:
    """The env that the release must have: its own where it exists already."""
    if request.release:
        return ports.rack.environment(request.release)
    return request.wanted if request.env_exclusive else seen.newest_env.overlaid(request.wanted)


def _writes(request: ShipRequest, seen: Seen, env: EnvDiff) -> tuple[str, ...]:
    """The commands that this ship is going to give."""
    if request.release and request.release == seen.app.release:
        return ()
    made = () if request.release else (*(("env set",) if env else ()), "build")
    return (*made, *((RUN,) if request.release_command else ()), PROMOTE)


def _release_command(request: ShipRequest, manifest: Manifest) -> ReleaseCommand | None:
    """The only service is the one that is meant."""
    command = request.release_command
    if command is None or command.service or len(manifest.services) != 1:
        return command
    return replace(command, service=manifest.services[0].name)


def _staged(request: ShipRequest, seen: Seen, env: EnvDiff) -> tuple[str, ...]:
    """Keys that others set and never promoted, on top of what serves; a build forks from there and takes them along."""
    if not seen.app.release:
        return ()
    ours = env.keys if request.release else request.wanted.keys()
    return tuple(key for key in diff(seen.active_env, seen.newest_env).keys if key not in ours)


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


def _no_way_back(request: ShipRequest, baseline: Baseline | None) -> str:
    """What makes it impossible comes before what was asked for: the verdict names another way then."""
    if baseline is not None and baseline.release == request.release:
        return f"{baseline.release} was active before this run"
    if baseline is not None and not baseline.serves:
        return BASELINE_IS_DOWN
    asked = {
        NO_VERIFY: request.no_verify,
        NO_ROLLBACK: request.no_rollback,
        "it was declared --irreversible": request.irreversible,
    }
    return next((said for said, is_asked in asked.items() if is_asked), "")


def _warnings(request: ShipRequest, staged: tuple[str, ...], env: Environment) -> tuple[str, ...]:
    told = []
    if odd := sorted(RESERVED & env.keys()):
        told.append(f"{', '.join(odd)} in the app's env replaces what the rack sets: probes or the proof may fail")
    if request.no_verify:
        told.append("nothing is going to be proven, and nothing taken back: --no-verify takes the rack's word")
    if staged and not request.release:
        told.append(f"staged by others, never promoted, ships along: {', '.join(staged)}")
    return tuple(told)
