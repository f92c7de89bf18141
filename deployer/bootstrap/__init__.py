"""
The composition root: names the concrete classes and hands them to the engine as ports.

Everything that is built here is closed here; nothing here decides anything about a release.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deployer.bootstrap.options import Ask, Health, Options, RollbackWish, ShipWish
from deployer.bootstrap.place import place_of, run_url
from deployer.bootstrap.upload import Upload, upload_of
from deployer.bootstrap.wiring import Fan, Wiring, new_ship_id, session_of, wiring_of
from deployer.convox.manifest import read_manifest
from deployer.convox.remarks import remarks
from deployer.convox.source import source_of
from deployer.core.checks import Check
from deployer.core.errors import Problem, RackFailure, Refused
from deployer.core.events import Ended
from deployer.core.models import Manifest
from deployer.core.names import ShipId
from deployer.core.plan import Plan
from deployer.core.runs import Run
from deployer.engine.doctor import Desk, examine
from deployer.engine.draft import ShipRequest
from deployer.engine.env import EnvChange, EnvSeen, EnvWish, look_at_env
from deployer.engine.env import change_env as env_changed
from deployer.engine.env import plan_env as env_planned
from deployer.engine.holder import hold_lock as hold
from deployer.engine.holder import look_at_lock
from deployer.engine.holder import release_lock as release_lock_of
from deployer.engine.ports import LockNote, Ports
from deployer.engine.prepare import plan_only
from deployer.engine.resume import ResumeRequest
from deployer.engine.resume import resume as resume_ship
from deployer.engine.rollback import RollbackRequest
from deployer.engine.rollback import rollback as roll_back
from deployer.engine.ship import ship as ship_release
from deployer.engine.status import Status, keep_looking, look_at_status
from deployer.engine.verify import VerifyRequest
from deployer.engine.verify import verify as verify_release
from deployer.ledger.past import journals, run_in, to_take_up
from deployer.ledger.places import state_root, trouble_with

__all__ = [
    "Ask",
    "Health",
    "Options",
    "RollbackWish",
    "ShipWish",
    "change_env",
    "doctor",
    "env",
    "history",
    "hold_lock",
    "lock_holder",
    "plan",
    "plan_env",
    "release_lock",
    "resume",
    "rollback",
    "ship",
    "status",
    "statuses",
    "verify",
]


def ship(options: Options, wish: ShipWish) -> int:
    """The exit status of one ship, or of promoting a release that exists."""
    with session_of(options) as session:
        session.keep_secret(wish.wanted)

        def body(ports: Ports) -> Ended:
            return ship_release(_request(session.wiring, session.ship, wish, session.run_url), ports)

        return session.run(wish.command, body)


def plan(options: Options, wish: ShipWish) -> Plan:
    """What that ship would do. Raises Refused, Busy or RackFailure; writes nothing, not even a journal."""
    with wiring_of(options) as wiring:
        for secret in wish.wanted.values():
            wiring.redactor.learn(secret)
        request = _request(wiring, new_ship_id(wiring.clock), wish, "")
        return plan_only(request, wiring.ports(Fan(())))


def _request(wiring: Wiring, ship_id: ShipId, wish: ShipWish, run_url: str) -> ShipRequest:
    """A person's wish, with what the checkout has to it. Raises Interrupted."""
    manifest, problems = (None, ()) if wish.release else _manifest_in(wish.source)
    upload = Upload() if wish.release else upload_of(wish.source)
    found = None if wish.release else source_of(wish.source, wiring.runner)
    return ShipRequest(
        ship=ship_id,
        actor=wiring.actor,
        policy=wiring.policy,
        command=wish.command,
        source=replace(found, files=upload.files, size_bytes=upload.size_bytes) if found else None,
        manifest=manifest,
        release=wish.release,
        wanted=wish.wanted,
        env_exclusive=wish.env_exclusive,
        refuse_staged=wish.refuse_staged,
        accept_ps=wish.accept_ps,
        no_rollback=wish.no_rollback,
        no_verify=wish.no_verify,
        irreversible=wish.irreversible,
        release_command=wish.release_command,
        problems=(*wish.problems, *problems, *upload.problems),
        run_url=run_url,
        planned=wish.planned,
    )


def rollback(options: Options, wish: RollbackWish) -> int:
    """The exit status of one rollback."""
    with session_of(options) as session:
        policy = session.policy
        request = RollbackRequest(
            ship=session.ship,
            actor=session.actor,
            policy=replace(policy, soak_s=0.0, proven_back_s=0.0) if wish.now else policy,
            confirm=lambda plan: wish.ask(f"Go back to {plan.release} now?", session.clock.wait),
            release=wish.release,
            keep_env=wish.keep_env,
            run_url=session.run_url,
        )
        return session.run("rollback", lambda ports: roll_back(request, ports))


def resume(options: Options, ship_id: ShipId | None, *, yes: bool, abort: bool) -> int:
    """The exit status of taking up an interrupted ship: the one named, or the last of this app on this machine."""
    found = to_take_up(state_root(os.environ), options.app, place_of(options, os.environ).label, ship_id)
    if found is None:
        raise Refused((Problem(f"no ship of {options.app} is remembered on this machine", "deployer status"),))
    summary, left = found
    with session_of(options) as session:
        request = ResumeRequest(
            ship=session.ship,
            actor=session.actor,
            policy=session.policy,
            past=summary,
            age_s=(datetime.now(UTC) - left).total_seconds(),
            yes=yes,
            abort=abort,
        )
        return session.run("resume", lambda ports: resume_ship(request, ports))


def verify(options: Options) -> int:
    """The exit status of proving what serves. Writes nothing, not even a journal."""
    with session_of(options, keeps_journal=False) as session:
        request = VerifyRequest(ship=session.ship, actor=session.actor, policy=session.policy)
        return session.run("verify", lambda ports: verify_release(request, ports))


def status(options: Options) -> Status:
    """What serves now. Raises Refused or RackFailure; writes nothing, not even a journal."""
    with wiring_of(options) as wiring:
        return look_at_status(wiring.ports(Fan(())), wiring.policy)


def statuses(options: Options) -> Iterator[Status | RackFailure]:
    """What serves now, again and again. Raises Refused."""
    with wiring_of(options) as wiring:
        yield from keep_looking(wiring.ports(Fan(())), wiring.policy)


def hold_lock(options: Options, for_s: float, reason: str) -> LockNote:
    """What stands on the rack then. Raises Busy, Refused or RackFailure."""
    with wiring_of(options) as wiring:
        ship_id, now = new_ship_id(wiring.clock), wiring.clock.utc()
        until, url = now + timedelta(seconds=for_s), run_url(os.environ)
        note = LockNote(ship_id, wiring.actor, now.isoformat(), until.isoformat(), f"hold: {reason}", url)
        return wiring.by_hand("lock hold", ship_id, lambda ports: hold(note, ports))


def env(options: Options) -> EnvSeen:
    """Raises Refused or RackFailure; writes nothing."""
    with wiring_of(options) as wiring:
        return look_at_env(wiring.ports(Fan(())))


def plan_env(options: Options, wish: EnvWish) -> EnvChange:
    """Raises Refused or RackFailure; writes nothing."""
    with _wiring_for(options, wish) as wiring:
        return env_planned(wish, wiring.ports(Fan(())))


def change_env(options: Options, wish: EnvWish) -> EnvChange:
    """Raises Refused, Busy, EnvFailed or RackFailure."""
    with _wiring_for(options, wish) as wiring:
        command = "env unset" if wish.unwanted else "env set"
        return wiring.by_hand(command, new_ship_id(wiring.clock), lambda ports: env_changed(wish, ports))


@contextmanager
def _wiring_for(options: Options, wish: EnvWish) -> Iterator[Wiring]:
    with wiring_of(options) as wiring:
        for secret in wish.wanted.values():
            wiring.redactor.learn(secret)
        yield wiring


def lock_holder(options: Options) -> LockNote | None:
    """Raises Refused or RackFailure; writes nothing."""
    with wiring_of(options) as wiring:
        return look_at_lock(wiring.ports(Fan(())))


def release_lock(options: Options, ask: Ask) -> LockNote | None:
    """Whoever held it. Raises Refused or RackFailure."""
    with wiring_of(options) as wiring:

        def confirm(holder: LockNote) -> bool:
            held = f"{holder.by} holds the lock ({holder.what} since {holder.since})"
            return ask(f"{held}. Take it away now?", wiring.clock.wait)

        return wiring.by_hand("lock release", new_ship_id(wiring.clock), lambda ports: release_lock_of(confirm, ports))


def history(options: Options, limit: int) -> tuple[Run, ...]:
    """The newest runs of the app that this machine remembers. Asks no rack."""
    rack = place_of(options, os.environ).label if options.rack else None
    return tuple(map(run_in, journals(state_root(os.environ), options.app, rack)[:limit]))


def doctor(options: Options, source: Path) -> tuple[Check, ...]:
    """What is in the way of a ship. Raises Refused or RackUnreachable where it is not clear which rack is meant."""
    manifest, problems = _manifest_in(source)
    with wiring_of(options) as wiring:
        desk = Desk(
            convox=wiring.convox,
            policy=wiring.policy,
            manifest_problems=problems,
            remarks=remarks((source / "convox.yml").read_text(encoding="utf-8")) if manifest else (),
            journal=trouble_with(state_root(os.environ)),
        )
        return examine(desk, wiring.ports(Fan(())))


def _manifest_in(folder: Path) -> tuple[Manifest | None, tuple[Problem, ...]]:
    path = folder / "convox.yml"
    try:
        return read_manifest(path.read_text(encoding="utf-8")), ()
    except (OSError, UnicodeDecodeError):
        what = f"{folder.resolve()} has no readable convox.yml"
        return None, (Problem(what, hint="run deployer in the checkout, or name its folder: deployer ship FOLDER"),)
    except Refused as error:
        return None, error.problems
