"""
Going back: from a release that is doomed to the one that served before, proven again.

Two looks must agree on the state of the world; `core.world.WAYS` says what may be done about it; after each write the
world is looked at again. One verdict, one way back per run. Source: design 2.3, faults 3.4.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from deployer.core.errors import CannotTell, DeployerError, Interrupted, NotFound, RackFailure
from deployer.core.events import Ended, Said
from deployer.core.judge import (
    RUNNING_READS,
    Doomed,
    Judgement,
    LostSight,
    Proven,
    RackRolledBack,
    Superseded,
    judge_back,
)
from deployer.core.models import App, Process, Rollout
from deployer.core.names import ProcessId, ReleaseId, Shape, ShipId, shape_of
from deployer.core.plan import BASELINE_IS_DOWN
from deployer.core.proof import what_is_missing
from deployer.core.summary import CANNOT_TELL, DONE, NOT_DONE
from deployer.core.verdict import Verdict
from deployer.core.world import WAYS, Move, World, world_of
from deployer.engine.evidence import explained, gather
from deployer.engine.look import look, look_at_app
from deployer.engine.ports import LockNote, Ports
from deployer.engine.roll import Aim, Order, roll_out, taker_of, watch_out
from deployer.engine.run import rack_words
from deployer.engine.watch import Watch
from deployer.engine.write import write


@dataclass(frozen=True, slots=True)
class Recalled:
    """A person wants it taken back, whatever the judge says."""

    why: str


Cause = Doomed | RackRolledBack | Recalled


def go_back(order: Order, doom: Cause, ports: Ports, *, is_cancelled: bool = False) -> Ended:
    """
    Take the release back, or say why it was left. Ends within the policy's going-back deadline.

    `is_cancelled`: an earlier run has cancelled the rollout already.
    """
    way = _WayBack(order, doom, ports, ports.clock.now_s() + order.policy.back_deadline_s, is_cancelled)
    while ports.clock.now_s() < way.deadline_s:
        world, app = way.look()
        if ended := way.step(world, app):
            return ended
    return way.unconfirmed("the rack never came to rest")


def finish_going_back(order: Order, copy: ReleaseId, doom: Cause, ports: Ports, *, is_promoted: bool) -> Ended:
    """Go on for an earlier run that had promoted `copy`, the old release, over `order.aim`, or was about to."""
    deadline_s = ports.clock.now_s() + order.policy.back_deadline_s
    way = _WayBack(order, doom, ports, deadline_s, is_explained=True)
    return way.roll_to(copy, watch_out if is_promoted else roll_out)


@dataclass(slots=True)
class _WayBack:
    """One way back: what is tried next follows from the world as it was last seen, and from whether we cancelled."""

    order: Order
    doom: Cause
    ports: Ports
    deadline_s: float
    is_cancelled: bool = False
    is_unanswered: bool = False
    is_explained: bool = False

    def look(self) -> tuple[World, App | None]:
        """Two looks that agree; what the failing release says of itself is read between them, while it can be."""
        seen: World | None = None
        while True:
            looked_at_s = self.ports.clock.now_s()
            app = look_at_app(self.ports)
            world = world_of(app, ours=self.order.aim.release, baseline=self.order.serving)
            if world is seen:
                return world, app
            if looked_at_s > self.deadline_s:
                return World.UNKNOWN, app
            seen = world
            self._explain()
            due_s = looked_at_s + self.order.policy.look_gap_s
            self.ports.clock.sleep(max(0.0, due_s - self.ports.clock.now_s()))

    def _explain(self) -> None:
        """Have the doom say why, once, before anything is written."""
        if self.is_explained:
            return
        self.is_explained = True
        if isinstance(self.doom, Doomed):
            self.doom = explained(self.doom, self.order.aim.release, self.ports)
        else:
            gather(self.order.aim.release, self.ports)

    def step(self, world: World, app: App | None) -> Ended | None:
        """Make the move that `WAYS` allows; the verdict, or `None` to look again."""
        match WAYS[world]:
            case Move.LEAVE:
                return self._superseded(app.release if app else None)
            case Move.PROVE:
                return self._prove_baseline()
            case Move.WAIT if self.is_unanswered and world is World.ROLLING_BACK:
                self.is_cancelled = True
                return self._prove_baseline()
            case Move.WAIT:
                self.ports.clock.sleep(self.order.policy.cancel_retry_s)
            case Move.CANCEL | Move.ROLL_BACK if taker := taker_of(self.order.ship, self.ports):
                return self._taken_over(taker)
            case Move.CANCEL | Move.ROLL_BACK if self.order.no_way_back:
                return self._left_bad(self.order.no_way_back)
            case Move.CANCEL:
                return self._cancel()
            case Move.ROLL_BACK:
                return self._roll_back()
        return None

    def _cancel(self) -> Ended | None:
        """
        `apps cancel`, once, never forced; then the replicas of the baseline tell, whatever status lingers.

        Nothing to cancel yet, or no telling: wait, and look again. No answer is no yes (rule R8, faults 2.1); a rack
        that goes back after it has heard.
        """
        outcome = cancel(self.ports)
        self.is_cancelled, self.is_unanswered = outcome == DONE, outcome == CANNOT_TELL
        if self.is_cancelled:
            return self._prove_baseline()
        self.ports.clock.sleep(self.order.policy.cancel_retry_s)
        return None

    def _prove_baseline(self) -> Ended | None:
        if self.order.baseline is None:
            return self._prove_nothing_runs()
        release = self.order.aim.release
        found = prove(self.order.baseline, release, self.order, self.deadline_s, self.ports)
        if found is None:
            text = f"the rack came back to {release}: somebody has promoted it twice"
            self.ports.sink.record(Said("back", text, is_warning=True))
            return None
        if isinstance(found, Superseded):
            return self._superseded(found.by)
        if isinstance(found, LostSight):
            return self.unconfirmed(f"{self.order.serving} was not proven again in time: {found.why}")
        running = sum(each.running for each in found.progress)
        text = f"{self.order.serving} proven on {running} of {running} processes · {self.order.aim.release} gone"
        self.ports.sink.record(Said("back", text + self._env_back() + self._lingering()))
        heal(self.order.baseline.release, self.order, self.ports)
        by_itself = isinstance(self.doom, RackRolledBack) and not self.is_cancelled
        verdict = Verdict.REVERTED if by_itself else self._went_back
        return self._ended(verdict, self.order.serving, f"{self.order.serving}, as before")

    def _env_back(self) -> str:
        """Going back takes the env back too, a key that was rotated among it."""
        return f" · its env too: {', '.join(self.order.keys)}" if self.order.keys else ""

    def _lingering(self) -> str:
        """After a cancel the rack goes on saying `rollback` for a while (convox-facts 10.1); nobody waits for that."""
        app = look_at_app(self.ports)
        return f" · the rack still says {app.status}" if app and not app.is_running else ""

    @property
    def _went_back(self) -> Verdict:
        return Verdict.RESTORED if isinstance(self.doom, Recalled) else Verdict.ROLLED_BACK

    def _prove_nothing_runs(self) -> Ended:
        """A first deploy leaves nothing to go back to: what must be seen is that nothing of it runs any more."""
        release, looks = self.order.aim.release, 0
        while self.ports.clock.now_s() < self.deadline_s:
            rows = look(self.ports, ()).processes
            looks = looks + 1 if rows is not None and not self._replicas_of(release, rows) else 0
            if looks > 1:  # one empty list may be a lost reply
                self.ports.sink.record(Said("back", f"nothing of {release} runs any more"))
                text = "there is no good release to build on: the next env set or build begins with the failed one"
                self.ports.sink.record(Said("heal", text, is_warning=True))
                return self._ended(Verdict.FIRST_FAILED, None, "nothing, as before")
            self.ports.clock.sleep(self.order.policy.tick_s)
        return self.unconfirmed(f"processes of {release} are still there")

    def _replicas_of(self, release: ReleaseId, rows: tuple[Process, ...]) -> list[Process]:
        """A console that somebody left open on the release is no replica of it (faults 0.9)."""
        agents = {each.name: each.is_agent for each in self.order.aim.expected}
        ours = (row for row in rows if row.release == release and row.service in agents)
        return [row for row in ours if shape_of(row.id, row.service, is_agent=agents[row.service]) is Shape.REPLICA]

    def _roll_back(self) -> Ended:
        """A copy of the baseline is promoted and proven: its id is new, and is what must be seen (convox-facts 2.7)."""
        baseline = self.order.serving
        if baseline is None:
            return self._left_bad("there is no release to go back to")
        try:
            made = copy_of(baseline, baseline, self.ports)
        except Interrupted:
            raise
        except NotFound as error:
            return self._left_bad(f"{baseline} cannot be copied, its release or build is gone: {rack_words(error)}")
        except DeployerError as error:
            return self.unconfirmed(f"the way back failed too: {error}")
        return self.roll_to(made, roll_out)

    def roll_to(self, made: ReleaseId, roll: Callable[[Order, Ports], Judgement]) -> Ended:
        """Have `made`, a copy of the baseline, promoted or watched, and say what came of it."""
        try:
            judgement = roll(self._order_to(made), self.ports)
        except Interrupted:
            raise
        except DeployerError as error:
            return self.unconfirmed(f"the way back failed too: {error}")
        match judgement:
            case Proven():
                self.ports.sink.record(Said("back", f"{made} proven{self._env_back()}{_dropped(self.order.staged)}"))
                _name_newer(made, self.ports)
                return self._ended(self._went_back, made, f"{made}, the build and env of {self.order.serving}")
            case Superseded(by=by):
                return self._superseded(by)
            case _:
                return self.unconfirmed(f"{made} could not be proven: {getattr(judgement, 'why', '')}")

    def _order_to(self, made: ReleaseId) -> Order:
        order, baseline = self.order, self.order.baseline
        if baseline is None:
            raise ValueError("a way back by a copy is a copy of the baseline")
        cap_s = min(order.policy.cap_s, order.policy.back_deadline_s)
        policy = replace(order.policy, soak_s=order.policy.proven_back_s, cap_s=cap_s)
        aim = replace(baseline, release=made)
        return replace(order, aim=aim, baseline=order.aim, no_way_back="one way back per run", policy=policy)

    def _superseded(self, by: ReleaseId | None) -> Ended:
        active = by or "nothing"
        why = f"{self.doom.why}; meanwhile {active} became active, by somebody else"
        return Ended(Verdict.SUPERSEDED, None, active, why=why)

    def _taken_over(self, taker: LockNote) -> Ended:
        """Somebody else is to bring it home, a rollback for one: nothing is written (design 2.7)."""
        release = self.order.aim.release
        why = f"{self.doom.why}; meanwhile {taker.by} took the lock over ({taker.what})"
        return Ended(Verdict.SUPERSEDED, None, f"{release}, failing", why=why, hints=(self.ports.command("status"),))

    def _left_bad(self, reason: str) -> Ended:
        release, why = self.order.aim.release, f"{self.doom.why}; not taken back: {reason}"
        return Ended(Verdict.LEFT_BAD, release, f"{release}, failing", why=why, hints=(self._way_out(),))

    def _way_out(self) -> str:
        """The exact command that takes it back, for a person to decide on."""
        order, ports = self.order, self.ports
        if order.serving is None:
            return f"convox apps cancel {ports.app}"
        if order.is_active_already or order.no_way_back == BASELINE_IS_DOWN:
            return ports.command("rollback")
        return ports.command("rollback", order.serving)

    def unconfirmed(self, what: str) -> Ended:
        hints = (self.ports.command("rollback"), f"convox ps -a {self.ports.app}")
        return Ended(Verdict.ROLLBACK_UNCONFIRMED, None, "unknown", why=f"{self.doom.why}; {what}", hints=hints)

    def _ended(self, verdict: Verdict, release: ReleaseId | None, serving: str) -> Ended:
        """What is to be typed next is a ship, also where a rollback would be undone."""
        again = self.ports.command("ship")
        hint = f"next: {again}" if verdict is Verdict.RESTORED else again
        return Ended(verdict, release, serving, why=self.doom.why, hints=(hint,))


def cancel(ports: Ports) -> str:
    """`apps cancel`, and its outcome: not done where the rack says no (nothing to cancel yet), or nobody can tell."""
    try:
        write(ports, "apps cancel", ports.rack.cancel)
    except RackFailure as error:
        ports.sink.record(Said("back", f"apps cancel: {rack_words(error)}", is_warning=True))
        return CANNOT_TELL if isinstance(error, CannotTell) else NOT_DONE
    ports.sink.record(Said("back", "apps cancel · processes of the old release that are still there are kept"))
    return DONE


def prove(
    aim: Aim, left: ReleaseId | None, order: Order, deadline_s: float, ports: Ports
) -> Proven | Superseded | LostSight | None:
    """
    Watch `aim` until it was proven for long enough, whatever the app's status says, or until the deadline.

    `None`: the rack has come to rest on `left` again. A cancel brings back what the rack remembers as "previous", and
    that is the same release where it was promoted twice (faults 0.2).
    """
    rollout = Rollout(aim.release, left, aim.expected, aim.stamp)
    at_rest = 0
    policy = replace(order.policy, soak_s=order.policy.proven_back_s)
    watch = Watch(
        ports, rollout, aim.manifest, order.services, policy, step="back", judging=judge_back, counts_restarts=False
    )
    stopped: set[ProcessId] = set()
    while True:
        judgement = watch.tick()
        match judgement:
            case Proven(is_settled=True) | Superseded():
                return judgement
        is_left_at_rest = world_of(watch.history.app, ours=left, baseline=aim.release) is World.OURS_RUNNING
        at_rest = at_rest + 1 if is_left_at_rest else 0
        if at_rest >= RUNNING_READS:
            return None
        _stop_turncoats(watch, order.ship, left, stopped, ports)
        if ports.clock.now_s() > deadline_s:
            return LostSight(what_is_missing(watch.history, policy))
        watch.rest()


def _stop_turncoats(
    watch: Watch, ship: ShipId, failed: ReleaseId | None, stopped: set[ProcessId], ports: Ports
) -> None:
    """
    Stop each process of the target that answers with the failed release, once: what comes in its place is proven.

    One that restarted in mid-rollout was given the env of the failed release, and nothing else would ever restart it
    (convox-facts 10.1). Not where somebody has taken the lock over: then nothing is written (design 2.7).
    """
    tracks, needed = watch.history.tracks.values(), watch.policy.wrong_rounds
    for each in [each for each in tracks if failed and each.wrong_release == failed and each.wrong_rounds >= needed]:
        if each.id in stopped or taker_of(ship, ports):
            continue
        stopped.add(each.id)
        ports.sink.record(Said("back", f"{each.id} answers with {failed}, which it was given as it restarted: stopped"))
        try:
            write(ports, "ps stop", partial(ports.rack.stop, each.id), about=each.id)
        except RackFailure as error:
            ports.sink.record(Said("back", f"ps stop: {rack_words(error)}", is_warning=True))


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


def heal(target: ReleaseId, order: Order, ports: Ports) -> None:
    """
    Put the good content on top again: the next build or env edit forks from the *newest* release, which after a failure
    is the bad one, or the copy of it that `apps cancel` made (faults 0.4). Never changes the verdict.
    """
    if taker := taker_of(order.ship, ports):
        text = f"the newest release is left as it is: {taker.by} took the lock over ({taker.what})"
        ports.sink.record(Said("heal", text, is_warning=True))
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
    ports.sink.record(Said("heal", f"newest release is {newest} (build and env of {target}){_dropped(order.staged)}"))


def _name_newer(made: ReleaseId, ports: Ports) -> None:
    """What others put on top of our copy meanwhile is theirs: it is left, and named. Never changes the verdict."""
    with suppress(RackFailure):
        newest = ports.rack.releases(1)
        if newest and newest[0].id != made:
            text = f"newest release is {newest[0].id}, made by somebody else meanwhile: the next build begins with it"
            ports.sink.record(Said("heal", text, is_warning=True))


def _dropped(staged: tuple[str, ...]) -> str:
    """What others had set and never promoted: on top of what is gone back to, it is gone too."""
    return f" · staged keys left behind: {', '.join(staged)}" if staged else ""
