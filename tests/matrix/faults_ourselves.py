"""Injectors of what happens to our own process: signals, streams, the disk, the display, a bug."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

from deployer.core.events import BuildLine, Ended, Event, Looked, Said
from deployer.core.models import Answer
from deployer.core.names import RackName
from deployer.ledger.journal import Journal
from deployer.ledger.past import read
from deployer.render.plain import Plain
from deployer.render.stream import Renderer
from tests.engine.conftest import APP
from tests.matrix.cells import Step
from tests.matrix.stage import Arm, Stage
from tests.matrix.struck import CALLS, Strike

# What a journal leaves out even while it has room, some of it or all.
NOT_KEPT = (BuildLine, Looked)


def hears_signal(*signums: int, apart_s: float = 7.5) -> Arm:
    """One after the other; the next wait hears the first."""

    def arm(stage: Stage, step: Step, _: float | None) -> None:
        def begin() -> None:
            for n, signum in enumerate(signums):
                stage.clock.interrupt_at(stage.clock.now_s() + n * apart_s, signum)

        stage.when(step, begin)

    return arm


class Broken(io.StringIO):
    """A stream whose reader is gone once `is_gone`."""

    is_gone = False

    def write(self, text: str) -> int:
        if self.is_gone:
            raise BrokenPipeError
        return super().write(text)


def closed_stream(stage: Stage, step: Step, _: float | None) -> None:
    stream = Broken()
    stage.sink.others.append(Plain(stream))
    stage.when(step, lambda: setattr(stream, "is_gone", True))


class BrokenDisplay(Renderer):
    """A renderer with a bug."""

    is_broken = False

    def _show(self, event: object) -> None:
        if self.is_broken:
            raise RuntimeError("canary")


def broken_display(stage: Stage, step: Step, _: float | None) -> None:
    shown = io.StringIO()
    display = BrokenDisplay(shown)

    def has_said_so() -> None:
        assert "deployer: the display failed (RuntimeError); the run goes on\n" == shown.getvalue()

    stage.sink.others.append(display)
    stage.when(step, lambda: setattr(display, "is_broken", True))
    stage.checks.append(has_said_so)


def full_disk(folder: Path) -> Arm:
    """The journal's file takes no more bytes from the step on."""

    def arm(stage: Stage, step: Step, _: float | None) -> None:
        def lost(why: str) -> None:
            stage.sink.record(Said("journal", f"cannot be kept any more: {why}", is_warning=True))

        journal = Journal.create(folder, RackName("simulated"), APP, stage.next_ship(), stage.clock, lost)
        stage.sink.others.append(journal)

        def fill() -> None:
            os.close(journal._file)
            journal._file = os.open("/dev/full", os.O_WRONLY)

        def is_a_true_beginning() -> None:
            past = read(journal.path)
            kept, happened = _kinds(event for _, event in past.lines), _kinds(stage.sink.events)
            assert not past.is_torn
            assert happened[: len(kept)] == kept

        stage.when(step, fill)
        stage.checks.append(is_a_true_beginning)

    return arm


def _kinds(events: Iterable[Event]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, NOT_KEPT)]


def other_alphabet(stage: Stage, step: Step, _: float | None) -> None:
    """From the step on the terminal takes ASCII only."""
    shown = io.BytesIO()
    display = Plain(io.TextIOWrapper(shown, encoding="ascii", errors="strict"))

    def has_told_the_end() -> None:
        last = stage.sink.of(Ended)[0].verdict.label
        assert last in shown.getvalue().decode("ascii")

    stage.when(step, lambda: stage.sink.others.append(display))
    stage.checks.append(has_told_the_end)


def bug(stage: Stage, step: Step, _: float | None) -> None:
    """An exception that is ours, where the step does its work."""
    if step is Step.NTF:
        broken_display(stage, step, None)
        return

    def on() -> None:
        if step is Step.HLT:
            stage.probe.listens(explode)
        else:
            stage.rack.strikes[CALLS[step]] = Strike(RuntimeError("canary"))

    def explode(_: Answer) -> Answer:
        raise RuntimeError("canary")

    stage.when(step, on)
