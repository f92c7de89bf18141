"""The runs of a schedule: the errand as production's engine does it, and where it was cut short, taken up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deployer.core.environment import Environment
from deployer.core.events import Ended, Event, Started
from deployer.core.models import ReleaseCommand, Source
from deployer.core.names import ReleaseId, ServiceName, ShipId
from deployer.core.summary import Summary
from deployer.core.verdict import Verdict
from deployer.engine.draft import ShipRequest
from deployer.engine.ports import Clock, Ports
from deployer.engine.resume import ResumeRequest, resume
from deployer.engine.rollback import RollbackRequest, rollback
from deployer.engine.run import Bug, Recorder, run
from deployer.engine.ship import ship
from deployer.engine.verify import VerifyRequest, verify
from deployer.testing.clock import Killed
from deployer.testing.rack import read_manifest
from deployer.testing.simulation.layout import Reach
from deployer.testing.simulation.schedule import Errand, Kill
from deployer.testing.simulation.seat import APP, Seat
from deployer.testing.simulation.stage import SECRETS, Stage
from deployer.testing.sink import RecordingSink

Body = Callable[[Ports], Ended]
ACTOR = "simulation"
TRIES = 3


@dataclass(slots=True)
class Run:
    """One process of ours. `ended` is `None` when it was killed; `writes` are those that it tried, in order."""

    command: str
    began_s: float
    sink: RecordingSink
    writes: list[str]
    ended: Ended | None = None
    bug: Bug | None = None

    @property
    def past(self) -> Summary:
        summary = Summary()
        for event in self.sink.events:
            summary = summary.after(event)
        return summary

    @property
    def is_cut_short(self) -> bool:
        return self.ended is None or self.ended.verdict is Verdict.INTERRUPTED


class Runs:
    """Carries out what the seat's schedule asks for. `on_event` and `on_write` hear of every step before it is made."""

    def __init__(
        self, stage: Stage, seat: Seat, on_event: Callable[[Event], None], on_write: Callable[[str], None]
    ) -> None:
        self.stage = stage
        self.seat = seat
        self.done: list[Run] = []
        self._on_event = on_event
        self._on_write = on_write
        self._kills = list(seat.schedule.kills)
        self._kill: Kill | None = None
        self._nth = 0
        self._promotes = 0
        self._is_back = False
        seat.rack.on_write = self._before_write
        seat.rack.on_written = self._after_write
        seat.rack.on_stray = seat.strays.append

    def play(self) -> None:
        schedule = self.seat.schedule
        last = self._run(schedule.errand.name.lower(), self.seat.ship, self._errand())
        while last.is_cut_short and len(self.done) <= TRIES:
            self.seat.clock.new_process()
            self.seat.clock.advance(schedule.resume_after_s)
            last = self._resume(f"20261124-1210{len(self.done):02d}-00000c")

    def resume_again(self) -> Run:
        """Of what is over already."""
        self.seat.clock.new_process()
        return self._resume("20261124-122000-00000d")

    def _resume(self, name: str) -> Run:
        """What is taken up is the newest run that has written something, as `ledger.past.to_take_up` has it."""
        past = next((each.past for each in reversed(self.done) if each.past.has_begun), self.done[0].past)
        request = ResumeRequest(
            ship=ShipId(name),
            actor=ACTOR,
            policy=self.seat.schedule.policy,
            past=past,
            age_s=self.seat.schedule.resume_after_s,
            abort=self.seat.schedule.aborts,
        )
        return self._run("resume", request.ship, lambda ports: resume(request, ports))

    def _run(self, command: str, ship_id: ShipId, body: Body) -> Run:
        seat, rack = self.seat, self.seat.rack
        rack.writes = []
        done = Run(command, seat.clock.now_s(), _Sink(seat.clock, self._on_event), rack.writes)
        self.done.append(done)
        self._arm()
        ports = Ports(APP, rack, seat.probe, self.stage.ledger, seat.clock, done.sink)
        started = Started(ship_id, command, APP, ACTOR, "0")
        try:
            done.ended, done.bug = run(started, body, ports, Recorder(done.sink))
        except Killed:
            if self._kill is None:
                raise
            done.ended = None
        self._kill = None
        return done

    def _arm(self) -> None:
        self._kill, self._nth = (self._kills.pop(0) if self._kills else None), 0
        if self._kill and self._kill.write is None:
            self.stage.clock.kill_s = self.stage.clock.now_s() + self._kill.at_s

    def _before_write(self, words: str) -> None:
        self._on_write(words)
        self._nth += 1
        is_back = self._promotes or self.seat.schedule.errand is Errand.ROLLBACK
        if is_back and not words.startswith("stop ") and self.seat is self.stage.first:
            self._begin_back()
        self._promotes += words.startswith("promote ")
        if self._kill and self._kill.write == self._nth and not self._kill.is_after:
            raise Killed

    def _begin_back(self) -> None:
        after_s = self.seat.schedule.back.kill_after_s
        if self._is_back:
            return
        self._is_back = True
        self.stage.go_back()
        if after_s is not None:
            self._kill = Kill(self.stage.clock.now_s() + after_s)
            self.stage.clock.kill_s = self._kill.at_s

    def _after_write(self, words: str) -> None:
        self.stage.note(words, self.seat)
        if self._kill and self._kill.write == self._nth and self._kill.is_after:
            raise Killed

    # What is asked for

    def _errand(self) -> Body:
        schedule, policy, name = self.seat.schedule, self.seat.schedule.policy, self.seat.ship
        match schedule.errand:
            case Errand.ROLLBACK:
                target = ReleaseId(self.seat.built) if self.seat.built else None
                back = RollbackRequest(ship=name, actor=ACTOR, policy=policy, confirm=self._say_yes, release=target)
                return lambda ports: rollback(back, ports)
            case Errand.VERIFY:
                proof = VerifyRequest(ship=name, actor=ACTOR, policy=policy)
                return lambda ports: verify(proof, ports)
            case _:
                request = self.ship_request()
                return lambda ports: ship(request, ports)

    def _say_yes(self, _: object) -> bool:
        """After some thought, in which the world goes on."""
        self.seat.clock.sleep(self.seat.schedule.thinks_s)
        return True

    def ship_request(self) -> ShipRequest:
        schedule = self.seat.schedule
        release = {Errand.RELEASE: self.seat.built, Errand.AGAIN: self.stage.before}.get(schedule.errand)
        wishes, layout, is_built = schedule.wishes, schedule.layout, release is None
        subject = ServiceName(layout.subject)
        return ShipRequest(
            ship=self.seat.ship,
            actor=ACTOR,
            policy=schedule.policy,
            source=Source(schedule.program, "0123456789", schedule.program) if is_built else None,
            manifest=read_manifest(layout.manifest(schedule.program, schedule.companion)) if is_built else None,
            release=ReleaseId(release) if release else None,
            wanted=Environment.of(MODE="new", TOKEN=SECRETS[1]) if is_built else Environment({}),
            accept_ps=not any(each.reach is Reach.PUBLIC for each in (*layout.parts, *schedule.layout_before.parts)),
            no_rollback=wishes.no_rollback,
            no_verify=wishes.no_verify,
            irreversible=wishes.irreversible,
            release_command=None if wishes.command_ends is None else ReleaseCommand(subject, "migrate"),
        )


class _Sink(RecordingSink):
    def __init__(self, clock: Clock, on_event: Callable[[Event], None]) -> None:
        super().__init__(clock)
        self._on_event = on_event

    def record(self, event: Event) -> None:
        super().record(event)
        self._on_event(event)
