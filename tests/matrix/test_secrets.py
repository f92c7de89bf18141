"""A run that is killed at any of its events leaves no value behind, nor does the one that takes it up."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.core.environment import Environment
from deployer.core.events import Event, Said
from deployer.core.names import RackName, ShipId
from deployer.ledger.journal import Journal
from deployer.render import Manner, Output, renderer_for
from tests.engine.conftest import APP
from tests.engine.test_resume import taken_up, told
from tests.matrix.stage import BAD, Stage
from tests.matrix.test_ourselves import Killed
from tests.unit.convox.net import MARKED, VALUE, files_below, leaks_in

SHIP = ShipId("20261124-120000-00000f")
WANTED = Environment.of(MODE=VALUE, OTHER=MARKED)


class Axe:
    """Kills the run as the event of this number is told."""

    def __init__(self, number: int) -> None:
        self._left = number

    def record(self, event: Event) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed


class Told:
    """The journal on disk, and every way to tell a run."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.folder, self.stream = folder, io.StringIO()
        folder.mkdir()
        handed = {key: str(folder / key) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self._manners = [
            renderer_for(Manner(output, verbose=True), self.stream, self.stream, {"GITHUB_ACTIONS": "true", **handed})
            for output in (Output.PLAIN, Output.JSON, Output.GITHUB)
        ]
        self._journal = Journal.create(folder, RackName("rack"), APP, SHIP, stage.clock, lambda _: None)
        stage.sink.others += [self._journal, *self._manners]

    def end(self) -> list[str]:
        for each in self._manners:
            each.close()
        self._journal.close()
        return [self.stream.getvalue(), *files_below(self.folder)]


@pytest.mark.parametrize("program", ["better", BAD], ids=["shipped", "taken back"])
def test_no_crash_leaves_a_value_behind(program: str, tmp_path: Path) -> None:
    """At every event there is: on the terminal, in JSON, for GitHub, in the journal, the ledger and the events."""
    whole = stage()
    whole.ship(program, wanted=WANTED)
    count = len(whole.sink.events)

    for number in range(1, count + 1):
        run = stage()
        told_by = Told(run, tmp_path / str(number))
        run.sink.others.append(Axe(number))
        with pytest.raises(Killed):
            run.ship(program, wanted=WANTED)
        run.sink.others.pop()
        past = told(run)
        if past.ship:
            taken_up(run, past, yes=True)

        assert [] == leaks_in([*told_by.end(), repr(run.sink.events), repr(vars(run.ledger))]), f"event {number}"

    assert count > 20


def test_the_net_catches_a_leak(tmp_path: Path) -> None:
    """A careless event is seen on the streams and in the journal."""
    run = stage()
    told_by = Told(run, tmp_path / "leaky")

    run.sink.record(Said("why", f"cannot log in with {VALUE}"))

    streams, *files = told_by.end()
    assert leaks_in([streams])
    assert leaks_in(files)


def stage() -> Stage:
    fresh = Stage()
    fresh.policy = replace(fresh.policy, soak_s=60.0)
    return fresh
