"""What the live board shows: a fold of the events, frozen, so that the display's own thread may draw it at any time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from deployer.core.events import (
    BuildLine,
    CommandLine,
    Ended,
    Event,
    Intended,
    Judged,
    Looked,
    Planned,
    Resumed,
    Said,
    Started,
    Wrote,
)
from deployer.core.names import ReleaseId
from deployer.core.plan import Plan
from deployer.render.words import line, span

BUILD_LINES = 6
_STEP_OF_WRITE = {"env set": "env", "build": "build", "run": "command", "releases promote": "promote"}
_ON_THE_WAY_BACK = ("back", "heal")


class Mark(Enum):
    TODO = auto()
    DOING = auto()
    DONE = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """`note` is what is known of its time before it began."""

    name: str
    mark: Mark = Mark.TODO
    note: str = ""
    began: datetime | None = None
    ended: datetime | None = None

    def seconds(self, now: datetime) -> float:
        return ((self.ended or now) - self.began).total_seconds() if self.began else 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    app: str = ""
    rack: str = ""
    old: ReleaseId | None = None
    new: ReleaseId | None = None
    began: datetime | None = None
    steps: tuple[Step, ...] = ()
    look: Looked | None = None
    looked_at: datetime | None = None
    build: tuple[str, ...] = ()
    goes_back: bool = False

    @property
    def active(self) -> Step | None:
        return next((each for each in self.steps if each.mark is Mark.DOING), None)

    def after(self, event: Event, at: datetime) -> Scene:
        match event:
            case Started():
                return replace(self, app=event.app, began=at)
            case Planned():
                return self._planned(event.plan, at)
            case Resumed():
                return replace(self._enter("watch", at), new=event.release)
            case Intended() | Wrote():
                return self._wrote(event, at)
            case Said():
                return self._enter(event.step, at)
            case BuildLine() | CommandLine():
                told = line("", event.text).text
                return replace(self, build=(*self.build, told)[-BUILD_LINES:])
            case Looked():
                return replace(self._enter(event.step, at), look=event, looked_at=at)
            case Judged():
                return self._judged(event, at)
            case Ended():
                is_good = event.verdict.is_success
                return replace(self, steps=_close(self.steps, at, Mark.DONE if is_good else Mark.FAILED))
        return self

    def _planned(self, plan: Plan, at: datetime) -> Scene:
        names = ["env"] if plan.env and not plan.release else []
        names += [] if plan.release else ["build"]
        names += ["back"] if plan.command == "rollback" else []
        names += ["command"] if plan.release_command else []
        steps = [Step(name) for name in (*names, "promote", "watch")]
        soak = Step("soak", note=span(plan.policy.soak_s))
        return replace(
            self,
            app=plan.app,
            rack=plan.rack.name,
            old=plan.baseline.release if plan.baseline else None,
            new=plan.release,
            began=self.began or at,
            steps=(*steps, soak),
        )

    def _wrote(self, event: Intended | Wrote, at: datetime) -> Scene:
        step = _STEP_OF_WRITE.get(event.write, "")
        scene = self._enter(step, at) if isinstance(event, Intended) else self
        names_ours = step in ("build", "promote") and not self.goes_back
        return replace(scene, new=event.release or scene.new) if names_ours else scene

    def _judged(self, event: Judged, at: datetime) -> Scene:
        match event.judgement:
            case "proven" if not self.goes_back:
                return self._enter("soak", at)
            case "waiting" if self._is_soaking:
                return replace(self, steps=tuple(_reopened(each) for each in self.steps))
            case "waiting" | "proven" | "settled" | "believed":
                return self
            case _:
                return replace(self, steps=_close(self.steps, at, Mark.FAILED), goes_back=True)

    @property
    def _is_soaking(self) -> bool:
        return self.active is not None and self.active.name == "soak"

    def _enter(self, name: str, at: datetime) -> Scene:
        """Begin a step, unless it is under way; what was under way is done, what was passed over is dropped."""
        if self.goes_back:
            return self._enter_the_way_back(name, at)
        waiting = [each.name for each in self.steps if each.mark is Mark.TODO]
        if name not in waiting:
            return self
        return replace(self, steps=tuple(_begun(_close(self.steps, at, Mark.DONE), name, at)))

    def _enter_the_way_back(self, name: str, at: datetime) -> Scene:
        """It promotes and watches too, but as a part of itself: steps of the ship that are left are dropped."""
        if name not in _ON_THE_WAY_BACK or name in [each.name for each in self.steps]:
            return self
        begun = tuple(each for each in self.steps if each.mark is not Mark.TODO)
        return replace(self, steps=(*_close(begun, at, Mark.DONE), Step(name, Mark.DOING, began=at)))


def _begun(steps: tuple[Step, ...], name: str, at: datetime) -> Iterable[Step]:
    is_past = False
    for each in steps:
        if each.name == name:
            is_past = True
            yield replace(each, mark=Mark.DOING, began=at, ended=None)
        elif is_past or each.mark is not Mark.TODO:
            yield each


def _reopened(step: Step) -> Step:
    """After a contrary answer the watch goes on, and the soak is still to come."""
    if step.name == "watch":
        return replace(step, mark=Mark.DOING, ended=None)
    return replace(step, mark=Mark.TODO, began=None) if step.name == "soak" else step


def _close(steps: tuple[Step, ...], at: datetime, mark: Mark) -> tuple[Step, ...]:
    return tuple(replace(each, mark=mark, ended=at) if each.mark is Mark.DOING else each for each in steps)
