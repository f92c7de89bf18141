"""
Preflight: everything that stands in the way of a ship, found at once. Reads only.

Source: design 2.1 step 2.
"""

from __future__ import annotations

from deployer.core.environment import problems_of
from deployer.core.errors import Busy, Problem, Refused
from deployer.core.models import ProofMode
from deployer.core.names import ReleaseId
from deployer.core.plan import moved_since
from deployer.core.verdict import Verdict
from deployer.engine.allowed import credential_problems
from deployer.engine.draft import Draft, ShipRequest
from deployer.engine.observe import Seen
from deployer.engine.ports import Ports


def preflight(request: ShipRequest, draft: Draft, ports: Ports) -> None:
    """Raises Refused with every problem, or Busy where that is all there is."""
    problems = (
        *request.problems,
        *_rack_problems(draft.seen),
        *_release_problems(request, draft.seen, ports),
        *_env_problems(request, draft, ports),
        *_command_problems(draft),
        *_proof_problems(request, draft),
        *_lock_problems(request, ports),
        *_staged_problems(request, draft),
        *_moved_problems(request, draft),
        *credential_problems(draft.capabilities, draft.need, ports.clock.utc()),
    )
    if problems:
        raise _refusal(problems, draft.seen)


def _rack_problems(seen: Seen) -> tuple[Problem, ...]:
    if seen.app.generation == "3":
        return ()
    return (Problem(f"{seen.app.name} is of generation {seen.app.generation}; deployer knows Convox v3 only"),)


def _release_problems(request: ShipRequest, seen: Seen, ports: Ports) -> tuple[Problem, ...]:
    release, active = request.release, seen.active
    if release is None:
        return ()
    if request.wanted:
        return (Problem("--release ships a release as it is, so it goes with no env", hint="leave --env-… away"),)
    if active is None or _is_as_new(release, active.id, seen):
        return ()
    hint = ports.command("rollback", release)
    return (Problem(f"{release} is older than {active.id}, which is active", hint=hint),)


def _is_as_new(release: ReleaseId, active: ReleaseId, seen: Seen) -> bool:
    """Newest first; what is not listed is older than all that are."""
    ids = [each.id for each in seen.releases]
    return release in ids[: ids.index(active) + 1]


def _env_problems(request: ShipRequest, draft: Draft, ports: Ports) -> tuple[Problem, ...]:
    refused = tuple(Problem(f"{each.key} {each.why}", hint=each.hint) for each in problems_of(request.wanted))
    missing = sorted(draft.manifest.required - draft.wanted_env.keys())
    return refused + tuple(
        Problem(
            f"{key} is required by convox.yml and set nowhere",
            hint=ports.command("ship", "--env-from", key),
        )
        for key in missing
    )


def _command_problems(draft: Draft) -> tuple[Problem, ...]:
    command, services = draft.plan.release_command, [each.name for each in draft.manifest.services]
    if command is None or command.service in services:
        return ()
    said = f"{command.service} is no service" if command.service else "it is not said in which service"
    hint = f"--release-service {'|'.join(services)}"
    return (Problem(f"the release command cannot be run: {said}", hint=hint),)


def _proof_problems(request: ShipRequest, draft: Draft) -> tuple[Problem, ...]:
    if request.no_verify:
        return ()
    cached = tuple(
        Problem(f"{each.url} is answered from a cache, which proves nothing", hint="send Cache-Control: no-store there")
        for each in draft.rehearsals
        if each.is_cached
    )
    if not any(each.desired for each in draft.plan.services):
        text = "every service is at 0 processes, so nothing could be proven"
        return (Problem(text, hint="convox scale SERVICE --count 1, or --no-verify"),)
    modes = {each.mode for each in draft.plan.services}
    if modes == {ProofMode.PS} and not request.accept_ps:
        text = "no service can be asked for its release, so nothing but the process list could be proven"
        return (*cached, Problem(text, hint=f"accept that with --identity {ProofMode.PS.value}"))
    return cached


def _lock_problems(request: ShipRequest, ports: Ports) -> tuple[Problem, ...]:
    holder = ports.ledger.holder()
    if holder is None or holder.ship == request.takes_up:
        return ()
    where = f", {holder.url}" if holder.url else ""
    text = f"{holder.by} is at work on {ports.app} ({holder.what} since {holder.since}{where})"
    return (Problem(text, hint=f"{ports.command('rollback')} goes ahead all the same", verdict=Verdict.BUSY),)


def _staged_problems(request: ShipRequest, draft: Draft) -> tuple[Problem, ...]:
    staged = draft.plan.staged
    if not staged or not request.refuse_staged or request.release:
        return ()
    return (Problem(f"staged by others, never promoted: {', '.join(staged)}", hint="promote or undo them first"),)


def _moved_problems(request: ShipRequest, draft: Draft) -> tuple[Problem, ...]:
    if request.planned is None:
        return ()
    moved = moved_since(request.planned, draft.plan)
    return tuple(Problem(f"not as planned: {each}", hint="plan again, and look at it") for each in moved)


def _refusal(problems: tuple[Problem, ...], seen: Seen) -> Refused | Busy:
    serving = seen.app.release
    if all(each.verdict is Verdict.BUSY for each in problems):
        return Busy(problems[0].what, serving=serving, hint=problems[0].hint)
    return Refused(problems, serving=serving)
