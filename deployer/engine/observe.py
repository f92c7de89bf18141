"""See what is there before anything is planned: reads only."""

from __future__ import annotations

from dataclasses import dataclass

from deployer.core.environment import Environment
from deployer.core.errors import Busy, Denied, NotFound, Problem, RackFailure, Refused
from deployer.core.events import Said
from deployer.core.models import (
    Answer,
    App,
    Expected,
    Manifest,
    Process,
    ProofMode,
    RackInfo,
    Release,
    Service,
    ServiceSpec,
    stamp_in,
)
from deployer.core.names import ReleaseId, Shape, ShipId, shape_of
from deployer.core.plan import Rehearsal, expected_address
from deployer.core.policy import Policy
from deployer.engine.allowed import denied_in_full
from deployer.engine.identity import meet_rack
from deployer.engine.look import targets_for
from deployer.engine.ports import Ports

BUSY_POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The app as it stands: what serves (`active`), what the next build would fork from (`newest`), and their env."""

    rack: RackInfo
    app: App
    releases: tuple[Release, ...]
    processes: tuple[Process, ...]
    services: tuple[Service, ...]
    newest_env: Environment
    active_env: Environment

    @property
    def newest(self) -> Release | None:
        return self.releases[0] if self.releases else None

    @property
    def active(self) -> Release | None:
        return self.release(self.app.release)

    def release(self, wanted: ReleaseId | None) -> Release | None:
        return next((each for each in self.releases if each.id == wanted), None)


def observe(ports: Ports, policy: Policy, wanted: ReleaseId | None = None) -> Seen:
    """
    Read everything that a plan needs. Raises RackFailure, Busy when the app moves, and Refused where there is no such
    app, it is not the rack that was meant, or the credential may not look. `wanted` is to be shipped, if it exists.
    """
    info = meet_rack(ports)
    try:
        return _look_around(info, ports, policy, wanted)
    except Denied as error:
        raise denied_in_full(error, ports) from error


def _look_around(info: RackInfo, ports: Ports, policy: Policy, wanted: ReleaseId | None) -> Seen:
    rack = ports.rack
    app = _settled_app(ports, policy, wanted)
    releases = rack.releases()
    newest = releases[0].id if releases else None
    newest_env = rack.environment(newest) if newest else Environment({})
    active_env = newest_env if app.release == newest or not app.release else rack.environment(app.release)
    services = rack.services() if app.release else ()
    return Seen(info, app, releases, rack.processes(), services, newest_env, active_env)


def observe_lightly(ports: Ports) -> tuple[Seen, ReleaseId]:
    """
    What can be known at once, and the release that is active: waits for nothing, and needs no checkout and no journal.

    Raises Refused where nothing is active.
    """
    rack, info = ports.rack, meet_rack(ports)
    app = read_app(ports)
    if app.release is None:
        raise Refused((Problem(f"nothing is active on {app.name}"),))
    env = rack.environment(app.release)
    return Seen(info, app, rack.releases(50), rack.processes(), rack.services(), env, env), app.release


def read_app(ports: Ports) -> App:
    """Raises Refused when there is no such app: `ship` creates none (design 2.1)."""
    try:
        return ports.rack.app()
    except NotFound as error:
        problem = Problem(f"there is no app {ports.app} on this rack", hint=f"convox apps create {ports.app}")
        raise Refused((problem,)) from error


def _settled_app(ports: Ports, policy: Policy, wanted: ReleaseId | None) -> App:
    """The app, once it is at rest: after a cancel its status lingers on `rollback` for a while (convox-facts 10)."""
    deadline_s = ports.clock.now_s() + policy.wait_busy_s
    app = read_app(ports)
    if not app.is_running:
        ports.sink.record(Said("plan", f"{app.name} is {app.status}; waiting up to {policy.wait_busy_s:.0f} s"))
    while not app.is_running:
        if ports.clock.now_s() > deadline_s:
            hint = ports.command("resume" if wanted and app.release == wanted else "rollback")
            raise Busy(f"{app.name} is still {app.status}", serving=app.release, hint=hint)
        ports.clock.sleep(min(BUSY_POLL_S, policy.wait_busy_s))
        app = read_app(ports)
    return app


def manifest_of(release: ReleaseId, fallback: Manifest | None, ports: Ports) -> Manifest:
    """The manifest that a release carries; a release without a build has none, then `fallback` stands in."""
    try:
        return ports.rack.manifest(release)
    except RackFailure:
        if fallback is None:
            raise
        return fallback


def stamp_of(release: Release | None, ports: Ports) -> ShipId | None:
    """The stamp that the release's own build carries in its description; `None` where it cannot be known."""
    if release is None or release.build is None:
        return None
    try:
        return stamp_in(ports.rack.build_info(release.build).description)
    except RackFailure:
        return None


def rehearse(seen: Seen, manifest: Manifest, policy: Policy, ports: Ports) -> tuple[Rehearsal, ...]:
    """Try the proof on what serves now, with the same probe, one round (design 2.1)."""
    targets = targets_for(manifest, seen.services, policy) if seen.app.release else ()
    answers = ports.probe.round(targets) if targets else ()
    by_name = {each.name: each for each in seen.services}
    return tuple(_rehearsal(spec, by_name.get(spec.name), seen, answers) for spec in manifest.services)


def _rehearsal(spec: ServiceSpec, service: Service | None, seen: Seen, answers: tuple[Answer, ...]) -> Rehearsal:
    return Rehearsal(
        spec,
        expected_address(service, spec),
        desired=service.desired if service and service.desired is not None else spec.count,
        rows=tuple(row for row in seen.processes if row.service == spec.name and _is_replica(row, spec)),
        answers=tuple(each for each in answers if each.service == spec.name),
        active=seen.app.release,
    )


def _is_replica(row: Process, spec: ServiceSpec) -> bool:
    return shape_of(row.id, row.service, is_agent=spec.is_agent) is Shape.REPLICA


def expect(rehearsal: Rehearsal, mode: ProofMode | None, policy: Policy) -> Expected:
    """
    What the service must show, with its own start budget: grace + 3 intervals and a margin (design 2.5).

    A manifest's times pass as fast as the rack's own.
    """
    spec, scale = rehearsal.spec, policy.time_scale
    return Expected(
        spec.name,
        mode,
        rehearsal.desired,
        start_budget_s=(spec.health_grace_s + 3 * spec.health_interval_s) * scale + policy.start_margin_s,
        drain_s=spec.termination_grace_s * scale + policy.drain_margin_s,
        is_agent=spec.is_agent,
        was_crashing=any(row.status == "crashed" for row in rehearsal.rows),
        tolerable_share=max(policy.failing_share, rehearsal.failing_share),
    )
