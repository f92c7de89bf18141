"""A release command: its own word counts, never the CLI's status."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target, child_environment
from deployer.core.errors import CannotTell, NotFound, RackFailure, RackUnreachable, Usage
from deployer.core.models import ReleaseCommand
from deployer.core.names import AppName, ReleaseId, ServiceName, ShipId
from deployer.core.policy import Policy
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock
from deployer.engine.ports import CommandEnd
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of, recorded_cases

RELEASE, SHIP = ReleaseId("RAAAAAAAAA1"), ShipId("20261124-014700-a1b2c3")
MARK = f"[release command of ship {SHIP}: exit 3]"

Run = Callable[[str], CommandEnd]


def command(line: str = "migrate") -> ReleaseCommand:
    return ReleaseCommand(ServiceName("web"), line)


def run(rack: ConvoxRack, line: str = "migrate") -> CommandEnd:
    return rack.run(command(line), RELEASE, SHIP, lambda _: None)


class TestInARealShell:
    """The CLI runs the line as a rack does: split as a shell would, and with status 0 whatever becomes of it."""

    @pytest.fixture
    def lines(self) -> list[str]:
        return []

    @pytest.fixture
    def run_it(self, clock: SystemClock, tmp_path: Path, lines: list[str]) -> Run:
        convox = tmp_path / "convox"
        convox.write_text('#!/bin/sh\neval "set -- $3"\n"$@" 2>/dev/null\nexit 0\n')
        convox.chmod(0o755)
        target = Target(AppName("myapp"))
        redactor = Redactor()
        redactor.learn(Secret("s3cret-value"))
        runner = Runner(clock, child_environment({"PATH": "/usr/bin:/bin"}, target), redactor, (str(convox),))
        rack = ConvoxRack(runner, target, Policy(command_s=5.0))
        return lambda line: rack.run(command(line), RELEASE, SHIP, lines.append)

    @pytest.mark.parametrize(
        ("line", "status"),
        [
            ("true", 0),
            ("false", 1),
            ("exit 7", 7),
            ("echo \"it's\" '$5' | grep -q \"it's .5\"", 0),
            ("kill -9 $$", 137),
            ("no-such-program", 127),
            ("echo (", 2),
            ("exec false # and nothing more", 1),
            ("cd / && test $(pwd) = / || exit 9", 0),
        ],
    )
    def test_its_own_status_is_read(self, run_it: Run, line: str, status: int) -> None:
        """Quotes, dollars, comments, `exit` and `exec`: the mark comes behind all of them."""
        assert status == run_it(line).status

    def test_lines_come_without_the_mark(self, run_it: Run, lines: list[str]) -> None:
        """People see what the command has said, on both streams, and nothing of ours."""
        end = run_it("echo one; echo; echo two >&2; printf 'three s3cret-value'")

        assert CommandEnd(0, "three ••••") == end
        assert ["one", "", "two", "three ••••"] == lines

    def test_nothing_said_is_no_trouble(self, run_it: Run, lines: list[str]) -> None:
        """A migration that has nothing to do may keep silent."""
        assert (CommandEnd(0), []) == (run_it("true"), lines)


class TestWithoutProof:
    @pytest.mark.parametrize(
        "end",
        [
            Answer("halfway\n"),
            Answer(f"halfway\n{MARK[:-2]}"),
            Answer(f"halfway\n{MARK.replace('a1b2c3', 'ffffff')}\n"),
            Answer("halfway\n", signum=15),
            Answer("", "ERROR: websocket: bad handshake\n", 1),
            Answer("", "ERROR: etcdserver: request timed out\n", 1),
            Answer("halfway\n", 'ERROR: Delete "http://h/": dial tcp: connection refused\n', 1),
            Answer('ERROR: pods "web-run-x7k2p" not found\n'),
            Answer("", "", 137),
        ],
        ids=["dropped", "cut", "others", "killed", "socket", "fault", "removal", "pod-gone", "status"],
    )
    def test_nobody_can_tell(self, rack: ConvoxRack, convox: ScriptedConvox, end: Answer) -> None:
        """No mark of this very ship, and no certainty that the command was never begun."""
        convox.says("run", end)

        with pytest.raises(CannotTell, match="may still be running"):
            run(rack)

        assert 1 == len(convox.calls)

    def test_a_hang_is_one_of_them(self, runner: Runner, target: Target, convox: ScriptedConvox) -> None:
        """A stalled socket hangs without limit (convox-facts 10.1)."""
        convox.says("run", Answer("halfway\n", seconds=30))

        with pytest.raises(CannotTell, match=r"no end after 0\.3 s"):
            run(ConvoxRack(runner, target, Policy(command_s=0.3)))

    @pytest.mark.parametrize(
        ("words", "kind"),
        [("app not found: myapp", NotFound), ('Post "http://h/": dial tcp: connection refused', RackUnreachable)],
    )
    def test_a_refusal_before_it_began_is_certain(
        self, rack: ConvoxRack, convox: ScriptedConvox, words: str, kind: type[RackFailure]
    ) -> None:
        """The rack said no, or was never reached: nothing has run."""
        convox.says("run", Answer(stderr=f"ERROR: {words}\n", status=1))

        with pytest.raises(kind):
            run(rack)


@pytest.mark.parametrize("status", [0, 1, 255])
def test_mark_beats_the_status_of_the_cli(rack: ConvoxRack, convox: ScriptedConvox, status: int) -> None:
    """What happens after the command, removing its process say, does not change how it ended."""
    convox.says("run", Answer(f"done\n{MARK}\n", "ERROR: response status 502\n" if status else "", status))

    assert CommandEnd(3, "done") == run(rack)


def test_recorded_runs_are_refused_or_no_proof(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """None of them has our mark, so none of them is taken for an end, whatever its status."""
    names = [case["name"] for case in recorded_cases("cases.jsonl") if re.fullmatch("run(-.*)?", case["name"])]
    ends = {}

    for name in names:
        convox.says("run", answer_of(name))
        with pytest.raises(RackFailure) as caught:
            run(rack)
        ends[name] = type(caught.value)

    assert 12 == len(names)
    assert {"run-app-notfound"} == {name for name, kind in ends.items() if kind is not CannotTell}


def test_line_with_a_line_break_is_refused(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """It travels in a header, which has one line."""
    with pytest.raises(Usage):
        run(rack, "a\nb")

    assert [] == convox.calls
