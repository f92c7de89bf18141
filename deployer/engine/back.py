"""
Going back: from a release that is doomed to the one that served before, proven again.

Two looks must agree on the state of the world; `core.world.WAYS` says what may be done about it; after each write the
world is looked at again. One verdict, one way back per run. Source: design 2.3, faults 3.4.
"""

from __future__ import annotations

from dataclasses import replace

from deployer.core.errors import DeployerError, Interrupted, RackFailure
from deployer.core.events import Ended, Said
from deployer.core.judge import Doomed, Proven, RackRolledBack, Superseded, judge_back
from deployer.core.models import App, Rollout
from deployer.core.names import ReleaseId
from deployer.core.verdict import Verdict
from deployer.core.world import WAYS, Move, World, world_of
from deployer.engine.look import look, look_at_app
from deployer.engine.ports import Ports
from deployer.engine.roll import Aim, Order, roll_out
from deployer.engine.run import rack_words
from deployer.engine.watch import Watch
from deployer.engine.write import write


def go_back(order: Order, doom: Doomed | RackRolledBack, ports: Ports) -> Ended:
    """Take the release back, or say why it was left. Ends within the policy's going-back deadline."""
    deadline_s = ports.clock.now_s() + order.policy.back_deadline_s
    verdict = Verdict.REVERTED if isinstance(doom, RackRolledBack) else Verdict.ROLLED_BACK
    cancelled = False
    while ports.clock.now_s() < deadline_s:
        world, app = _look_once(order, ports) if cancelled else _look_twice(order, deadline_s, ports)
        match WAYS[world]:
            case Move.LEAVE:
                return _superseded(app, doom)
            case Move.PROVE:
                return _prove_baseline(order, Verdict.ROLLED_BACK if cancelled else verdict, doom, deadline_s, ports)
            case Move.WAIT if cancelled and world is World.ROLLING_BACK:
                # After a cancel the status lingers on `rollback`; the replicas tell earlier (convox-facts 10).
                return _prove_baseline(order, Verdict.ROLLED_BACK, doom, deadline_s, ports)
            case Move.CANCEL if cancelled:
                ports.clock.sleep(order.policy.look_gap_s)  # the rack's mirror trails what it was told
            case Move.WAIT:
                ports.clock.sleep(order.policy.cancel_retry_s)
            case Move.CANCEL | Move.ROLL_BACK if order.no_way_back:
                return _left_bad(order, doom, ports)
            case Move.CANCEL:
                cancelled = _cancel(ports)
                if not cancelled:
                    ports.clock.sleep(order.policy.cancel_retry_s)
            case Move.ROLL_BACK:
                return _roll_back(order, doom, ports)
    return _unconfirmed(doom, "the rack never came to rest", ports)


def _look_once(order: Order, ports: Ports) -> tuple[World, App | None]:
    app = look_at_app(ports)
    return world_of(app, ours=order.aim.release, baseline=order.serving), app


def _look_twice(order: Order, deadline_s: float, ports: Ports) -> tuple[World, App | None]:
    """Look until two looks in a row agree."""
    seen: World | None = None
    while True:
        world, app = _look_once(order, ports)
        if world is seen:
            return world, app
        if ports.clock.now_s() > deadline_s:
            return World.UNKNOWN, app
        seen = world
        ports.clock.sleep(order.policy.look_gap_s)


def _cancel(ports: Ports) -> bool:
    """`apps cancel`; False when the rack says that there is nothing to cancel yet. Never forced."""
    try:
        write(ports, "apps cancel", ports.rack.cancel)
    except RackFailure as error:  # also one of which nobody can tell: the next looks tell
        ports.sink.record(Said("back", f"apps cancel: {rack_words(error)}", is_warning=True))
        return False
    ports.sink.record(Said("back", "apps cancel · processes of the old release that are still there are kept"))
    return True


def _prove_baseline(
    order: Order, verdict: Verdict, doom: Doomed | RackRolledBack, deadline_s: float, ports: Ports
) -> Ended:
    if order.baseline is None:
        return _prove_nothing_runs(order, doom, deadline_s, ports)
    found = prove(order.baseline, order, deadline_s, ports)
    if isinstance(found, Superseded):
        return Ended(Verdict.SUPERSEDED, None, found.by, why=f"{doom.why}; then {found.by} became active")
    if found is None:
        return _unconfirmed(doom, f"{order.serving} was not proven again in time", ports)
    running = sum(each.running for each in found.progress)
    ports.sink.record(
        Said("back", f"{order.serving} proven on {running} of {running} processes · {order.aim.release} gone")
    )
    heal(order, ports)
    return Ended(verdict, order.serving, f"{order.serving}, as before", why=doom.why, hints=_next(ports))


def prove(aim: Aim, order: Order, deadline_s: float, ports: Ports) -> Proven | Superseded | None:
    """Watch `aim` until it was proven for long enough, whatever the app's status says; `None` at the deadline."""
    rollout = Rollout(aim.release, order.aim.release, aim.expected, aim.stamp)
    policy = replace(order.policy, soak_s=order.policy.proven_back_s)
    watch = Watch(ports, rollout, aim.manifest, order.services, policy, step="back", judging=judge_back)
    while True:
        judgement = watch.tick()
        match judgement:
            case Proven(is_settled=True) | Superseded():
                return judgement
        if ports.clock.now_s() > deadline_s:
            return None
        watch.rest()


def _prove_nothing_runs(order: Order, doom: Doomed | RackRolledBack, deadline_s: float, ports: Ports) -> Ended:
    """A first deploy leaves nothing to go back to: what must be seen is that nothing of it runs any more."""
    while ports.clock.now_s() < deadline_s:
        rows = look(ports, ()).processes
        if rows is not None and not any(row.release == order.aim.release for row in rows):
            ports.sink.record(Said("back", f"nothing of {order.aim.release} runs any more"))
            return Ended(Verdict.FIRST_FAILED, None, "nothing, as before", why=doom.why, hints=_next(ports))
        ports.clock.sleep(order.policy.tick_s)
    return _unconfirmed(doom, f"processes of {order.aim.release} are still there", ports)


def _roll_back(order: Order, doom: Doomed | RackRolledBack, ports: Ports) -> Ended:
    """A copy of the baseline is made, promoted and proven: its id is new, and that is what must be seen (facts 2.7)."""
    if order.baseline is None:
        return _left_bad(replace(order, no_way_back="there is no release to go back to"), doom, ports)
    policy = replace(order.policy, soak_s=order.policy.proven_back_s)
    try:
        aim = replace(order.baseline, release=copy_of(order.baseline.release, order.baseline.release, ports))
        back = replace(order, aim=aim, baseline=order.aim, no_way_back="one way back per run", policy=policy)
        judgement = roll_out(back, ports)
    except Interrupted:
        raise
    except DeployerError as error:
        return _unconfirmed(doom, f"the way back failed too: {error}", ports)
    match judgement:
        case Proven():
            serves = f"{aim.release}, the build and env of {order.serving}"
            ports.sink.record(Said("back", f"{aim.release} proven"))
            return Ended(Verdict.ROLLED_BACK, aim.release, serves, why=doom.why, hints=_next(ports))
        case Superseded(by=by):
            return Ended(Verdict.SUPERSEDED, None, by, why=f"{doom.why}; then {by} became active")
        case _:
            return _unconfirmed(doom, f"{aim.release} could not be proven", ports)


def copy_of(build_from: ReleaseId, env_from: ReleaseId, ports: Ports) -> ReleaseId:
    """Make a release with the build and env of others, not promoted. Raises RackFailure."""
    about = f"build of {build_from}, env of {env_from}"
    return write(
        ports,
        "releases create-from",
        lambda: ports.rack.copy(build_from, env_from),
        about=about,
        made=lambda made: made,
    )


def heal(order: Order, ports: Ports) -> None:
    """
    Put the good content on top again: the next build or env edit forks from the *newest* release, which after a failure
    is the bad one, or the copy of it that `apps cancel` made (faults 0.4). Never changes the verdict.
    """
    target = order.serving
    if target is None:
        return
    try:
        if ports.rack.releases(1)[0].id == target:
            return
        newest = copy_of(target, target, ports)
    except (RackFailure, IndexError) as error:
        why = rack_words(error) if isinstance(error, RackFailure) else "no releases"
        command = f"convox releases create-from --build-from {target} --env-from {target} -a {ports.app}"
        text = f"the newest release is still the failed one ({why}); before the next env set or build: {command}"
        ports.sink.record(Said("heal", text, is_warning=True))
        return
    dropped = f" · staged keys left behind: {', '.join(order.staged)}" if order.staged else ""
    ports.sink.record(Said("heal", f"newest release is {newest} (build and env of {target}){dropped}"))


def _superseded(app: App | None, doom: Doomed | RackRolledBack) -> Ended:
    active = app.release if app and app.release else "nothing"
    return Ended(
        Verdict.SUPERSEDED, None, active, why=f"{doom.why}; meanwhile {active} became active, by somebody else"
    )


def _left_bad(order: Order, doom: Doomed | RackRolledBack, ports: Ports) -> Ended:
    release = order.aim.release
    hint = f"deployer rollback --app {ports.app}" if order.serving else f"convox apps cancel {ports.app}"
    why = f"{doom.why}; not taken back: {order.no_way_back}"
    return Ended(Verdict.LEFT_BAD, release, f"{release}, failing", why=why, hints=(hint,))


def _unconfirmed(doom: Doomed | RackRolledBack, what: str, ports: Ports) -> Ended:
    hints = (f"deployer rollback --app {ports.app}", f"convox ps -a {ports.app}")
    return Ended(Verdict.ROLLBACK_UNCONFIRMED, None, "unknown", why=f"{doom.why}; {what}", hints=hints)


def _next(ports: Ports) -> tuple[str, ...]:
    return (f"deployer ship --app {ports.app}",)
