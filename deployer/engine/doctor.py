"""
Doctor: everything that a ship would find out, without a ship. Reads only.

What cannot be looked at because something before it failed has no row: the first FAIL is where to begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.core.capabilities import May
from deployer.core.checks import Check, Level
from deployer.core.environment import Environment
from deployer.core.errors import DeployerError, Problem, RackFailure, Refused
from deployer.core.models import RackInfo
from deployer.core.names import ReleaseId
from deployer.core.plan import Rehearsal
from deployer.core.policy import Policy
from deployer.engine.allowed import PROMOTE, Need, credential_problems, credential_warnings, minutes
from deployer.engine.identity import meet_rack
from deployer.engine.observe import Seen, manifest_of, read_app, rehearse
from deployer.engine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    What this machine has, looked at beforehand. `convox` says which CLI it is.

    `manifest_problems` keep the local convox.yml from being read; `remarks` are what is odd in it. `journal` says why
    no journal could be kept, or "".
    """

    convox: str
    policy: Policy
    manifest: str = "convox.yml"
    manifest_problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    journal: str = ""


def examine(desk: Desk, ports: Ports) -> tuple[Check, ...]:
    """Never raises a RackFailure: that is a finding. Raises Interrupted."""
    return (*_examine_rack(desk, ports), *_examine_manifest(desk), _examine_journal(desk))


def _examine_rack(desk: Desk, ports: Ports) -> Iterator[Check]:
    """From the CLI outwards; the first that fails is the last that can be looked at."""
    subject = "convox"
    try:
        yield Check(subject, Level.OK, f"{ports.rack.cli_version()} at {desk.convox}")
        subject = "rack"
        info = meet_rack(ports)
        yield Check(subject, Level.OK, _rack_words(info))
        yield _examine_credential(desk, ports)
        subject = "app"
        seen = _look(info, ports)
        yield Check(subject, Level.OK if seen.app.is_running else Level.WARN, _app_words(seen))
    except (RackFailure, Refused) as error:
        yield _failed(subject, error)
        return
    if seen.app.release:
        yield from _examine_health(seen.app.release, seen, desk.policy, ports)
        yield _examine_way_back(seen.app.release, seen, ports)


def _failed(subject: str, error: DeployerError) -> Check:
    if isinstance(error, Refused):
        hints = "; ".join(each.hint for each in error.problems if each.hint)
        return Check(subject, Level.FAIL, "; ".join(each.what for each in error.problems), hints)
    return Check(subject, Level.FAIL, str(error), error.hint)


def _rack_words(info: RackInfo) -> str:
    protection = f", {info.protection}" if info.protection else ""
    return f"{info.name} ({info.version}){protection}"


def _look(info: RackInfo, ports: Ports) -> Seen:
    rack, app, nothing = ports.rack, read_app(ports), Environment({})
    if app.release is None:
        return Seen(info, app, (), (), (), nothing, nothing)
    return Seen(info, app, rack.releases(), rack.processes(), rack.services(), nothing, nothing)


def _app_words(seen: Seen) -> str:
    return f"{seen.app.name} {seen.app.status}" + (
        f" on {seen.app.release}" if seen.app.release else "; nothing was ever promoted"
    )


def _examine_credential(desk: Desk, ports: Ports) -> Check:
    need = Need(("env set", "build", PROMOTE), desk.policy, goes_back=True)
    capabilities, now = ports.rack.capabilities(), ports.clock.utc()
    problems = credential_problems(capabilities, need, now)
    if problems:
        return _failed("credential", Refused(problems))
    warnings = list(credential_warnings(capabilities, need, now))
    if capabilities.may("config set") is May.NO:
        warnings.append("it may not set configs: lock and ledger are kept on this machine only")
    if warnings:
        return Check("credential", Level.WARN, "; ".join(warnings))
    left_s = capabilities.left_s(now)
    until = f", good for {minutes(left_s)}," if left_s is not None else ""
    text = f"{capabilities.credential}{until} may do all that a ship and its way back need"
    return Check("credential", Level.OK, text)


def _examine_health(active: ReleaseId, seen: Seen, policy: Policy, ports: Ports) -> Iterator[Check]:
    """One rehearsal round with what serves now, as a ship would."""
    try:
        services = rehearse(seen, manifest_of(active, None, ports), policy, ports)
    except (RackFailure, Refused) as error:
        yield _failed("health", error)
        return
    asked = [each for each in services if each.url]
    if not asked:
        hint = "give one service a port and a /health, or ship with --identity ps"
        yield Check("health", Level.FAIL, "no service can be asked for its release", hint)
    yield from (_health_of(each) for each in asked)


def _health_of(service: Rehearsal) -> Check:
    heard = [each for each in service.answers if each.is_ok and each.release == service.active]
    named = {each.process for each in heard} & {row.id for row in service.rows}
    if service.is_cached:
        return Check(
            "health", Level.FAIL, f"{service.url} is answered from a cache", "send Cache-Control: no-store there"
        )
    if not heard:
        why = next((each.error or f"HTTP {each.status_code}" for each in service.answers), "no answer")
        return Check(
            "health",
            Level.WARN,
            f"{service.url} does not answer with {service.active}: {why}",
            "answer with `version`: the env RELEASE",
        )
    if not named:
        text = f"{service.spec.name} answers with {service.active}, but not for which process: it is sampled"
        return Check("health", Level.WARN, text, "answer with `process`: the env HOSTNAME")
    slowest_ms = max(each.elapsed_s for each in heard) * 1000
    text = f"{len(named)} of {len(service.rows)} processes of {service.spec.name} answer with {service.active}"
    return Check("health", Level.OK, f"{text} in {slowest_ms:.0f} ms, not cached")


def _examine_way_back(active: ReleaseId, seen: Seen, ports: Ports) -> Check:
    """What a bad release would be taken back to is what serves now: its build and env must be readable (faults C39)."""
    row = seen.active
    if row is None or row.build is None:
        return Check("way back", Level.WARN, f"{active} is not in the list of releases, or has no build")
    try:
        build, env = ports.rack.build_info(row.build), ports.rack.environment(active)
    except RackFailure as error:
        return Check("way back", Level.WARN, f"{active} cannot be read: {error}", error.hint)
    if build.status != "complete":
        return Check("way back", Level.WARN, f"build {build.id} of {active} is {build.status}")
    return Check("way back", Level.OK, f"{active} (build there, env of {len(env)} keys readable)")


def _examine_manifest(desk: Desk) -> Iterator[Check]:
    if desk.manifest_problems:
        yield _failed("manifest", Refused(desk.manifest_problems))
    elif not desk.remarks:
        yield Check("manifest", Level.OK, desk.manifest)
    yield from (Check("manifest", Level.WARN, each.what, each.hint) for each in desk.remarks)


def _examine_journal(desk: Desk) -> Check:
    if desk.journal:
        return Check("journal", Level.FAIL, desk.journal, "set XDG_STATE_HOME to a folder of yours")
    return Check("journal", Level.OK, "can be kept on this machine")
