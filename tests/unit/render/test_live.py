from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from deployer.core.events import BuildLine, Ended, Intended, Judged, Looked, Planned, ProcessSeen, Said
from deployer.core.models import ProofMode
from deployer.core.names import ServiceName
from deployer.core.proof import Progress
from deployer.core.verdict import Verdict
from deployer.render.board import Board
from deployer.render.live import Live, console_on
from deployer.render.scene import Scene
from tests.unit.render.runs import (
    A_PLAN,
    COPY,
    NEW,
    NOON,
    OLD,
    STARTED,
    Timed,
    Wall,
    a_look,
    a_process,
    doomed_ship,
    good_ship,
)

ROLLING = (
    a_process("api-7d8f9-abc12", answered_s_ago=0.4),
    a_process("api-7d8f9-def34", "starting"),
    a_process("api-6c5b4-aaa11", is_new=False, answered_s_ago=0.2),
    a_process("api-6c5b4-bbb22", is_new=False, answered_s_ago=1.1),
)
SHORTFALL = "2 of 4 processes of api not running"


def scene_after(run: Iterable[Timed]) -> Scene:
    scene = Scene()
    for seconds, event in run:
        scene = scene.after(event, NOON + timedelta(seconds=seconds))
    return scene


def rolling(processes: tuple[ProcessSeen, ...] = ROLLING, **look: object) -> list[Timed]:
    """A ship in the middle of its watch, at 84 s."""
    seen = a_look(2, 1, others=2, missing=SHORTFALL, processes=processes)
    return [*good_ship()[:15], (84, replace(seen, **look))]  # type: ignore[arg-type]


def board(run: Iterable[Timed], width: int = 80, height: int = 24, at: float = 84) -> list[str]:
    """The board as rich draws it in a window of this size."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    console.print(Board(scene_after(run), NOON + timedelta(seconds=at)))
    return [each.rstrip() for each in out.getvalue().splitlines()]


class Screen:
    """What stands on a terminal after this output: lines, the cursor's line, erasing, and nothing else."""

    def __init__(self, output: str) -> None:
        self.lines, self.row = [""], 0
        self.has_cursor = True
        for each in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|\n|\r|[^\x1b\n\r]+", output):
            self._take(each)

    def _take(self, piece: str) -> None:
        match piece:
            case "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            case "\x1b[1A":
                self.row = max(0, self.row - 1)
            case "\x1b[2K":
                self.lines[self.row] = ""
            case "\x1b[?25l" | "\x1b[?25h":
                self.has_cursor = piece.endswith("h")
            case _ if piece.startswith("\x1b") and not piece.endswith("m"):
                raise AssertionError(f"unknown control {piece!r}")
            case _ if not piece.startswith(("\x1b", "\r")):
                self.lines[self.row] += piece

    @property
    def text(self) -> str:
        return "\n".join(each.rstrip() for each in self.lines).rstrip("\n")


def screen_after(run: Iterable[Timed], width: int = 140, *, close: bool = True) -> Screen:
    """A terminal on which this run was shown live."""
    out, wall = io.StringIO(), Wall()
    console = Console(file=out, width=width, height=40, force_terminal=True, highlight=False, markup=False, emoji=False)
    renderer = Live(console, now=wall.now)
    for event in wall.play(run):
        renderer.record(event)
    text = out.getvalue()
    renderer.close()
    return Screen(out.getvalue() if close else text)


def test_the_board_is_read_in_a_second() -> None:
    """What goes to what, which step, how far each service is, and each process with its last answer."""
    assert [
        "",
        " myapi · acme/production            RABCDEFGHIJ → RCDEFGHIJKL             01:24",
        " ✓ env 2s   ✓ build 1m13   ✓ promote 2s   ● watch 7s   ○ soak 60s",
        "",
        " api   ████▓▓▓▓░░░░░░░░  2 of 4 new    proven 1 of 4",
        "       api-7d8f9-abc12   new   running    answered 0.4 s ago   31 ms",
        "       api-7d8f9-def34   new   starting   –",
        "       api-6c5b4-aaa11   old   running    answered 0.2 s ago   31 ms",
        "       api-6c5b4-bbb22   old   running    answered 1.1 s ago   31 ms",
        f" rack   updating · {SHORTFALL}",
    ] == board(rolling())


@pytest.mark.parametrize("width", [120, 80, 60, 40, 30, 20])
@pytest.mark.parametrize("height", [40, 24, 12, 8, 6, 4])
def test_the_board_fits_every_window(width: int, height: int) -> None:
    """Never wider, never so high that it scrolls; how far the service is, is always there."""
    lines = board(rolling(), width, height)

    assert height > len(lines)
    assert width >= max(map(len, lines))
    assert any(re.match(r" api .*2( of |/)4 new", each) for each in lines)


def test_a_narrow_window_loses_columns_before_names() -> None:
    """At 40 columns a row is its id, old or new, and its status."""
    lines = board(rolling(), width=40)

    assert "  api-7d8f9-def34   new   starting" in lines
    assert " api   ██▓▓▓░░░░░░  2/4 new  1/4 proven" in lines
    assert " ✓ ✓ ✓ ● watch 7s ○" in lines


def test_a_short_window_loses_rows_before_counts() -> None:
    """With no room for all processes: those that are not well, then how many there are of the rest."""
    down = (*ROLLING, *(a_process(f"api-7d8f9-x{n}", "crashed") for n in range(5)))

    lines = board(rolling(down), height=10)

    assert [f"       api-7d8f9-x{n}   new   crashed   –" for n in range(3)] == lines[4:7]
    assert " and 3 running, 2 crashed, 1 starting" == lines[7]


def test_two_hundred_processes_are_counts_and_those_that_are_down() -> None:
    """The board stays small; nobody reads 200 rows."""
    many = tuple(a_process(f"api-{n:03}", "running" if n < 150 else "starting") for n in range(198))
    down = (a_process("api-bad", "crashed"), a_process("api-worse", "unhealthy"))

    lines = board(rolling((*many, *down)), height=50)

    assert ["api-bad", "api-worse"] == [each.split()[0] for each in lines if " new   " in each and "api-" in each]
    assert " and 150 running, 48 starting" in lines


def test_many_services_show_what_is_not_proven_first() -> None:
    """Thirty services in ten lines: the proven ones can wait."""
    services = tuple(
        Progress(ServiceName(f"service-{n}"), ProofMode.IDS, 1, 1, int(n != 29), 0, "" if n != 29 else "more")
        for n in range(30)
    )

    lines = board(rolling((), progress=services), height=10)

    assert any(each.startswith(" service-29") for each in lines)
    assert " and 26 more services" in lines


def test_a_service_that_cannot_be_asked_promises_no_proof() -> None:
    """Its process list is all there is."""
    worker = Progress(ServiceName("worker"), ProofMode.PS, 2, 1, 1, 0, "1 of 2 processes of worker not running")

    (line,) = [each for each in board(rolling((), progress=(worker,))) if each.startswith(" worker")]

    assert line.endswith("1 of 2 new")


def test_what_was_not_seen_for_a_while_is_called_old() -> None:
    """The board goes on aging between two looks, so that a standing picture is not taken for the truth."""
    lines = board(rolling(), at=100)

    assert f" rack   updating · last seen 16 s ago · {SHORTFALL}" == lines[-1]
    assert any("answered 16.4 s ago" in each for each in lines)


def test_a_trouble_comes_before_what_is_missing() -> None:
    """Why nothing moves is worth more than that nothing moves."""
    lines = board(rolling(trouble=("ps: timed out",)))

    assert " rack   updating · ps: timed out" == lines[-1]


def test_while_building_the_last_lines_of_the_log_are_shown() -> None:
    """As many as there is room for."""
    run: list[Timed] = [*good_ship()[:7], *((20 + n, BuildLine(f"Step {n}")) for n in range(20))]

    assert [f" Step {n}" for n in range(14, 20)] == board(run)[4:]
    assert [" Step 18", " Step 19"] == board(run, height=6)[3:]


def test_the_soak_says_how_much_of_it_is_over() -> None:
    """A contrary answer takes the board back to the watch."""
    soaking: list[Timed] = [*rolling(), (90, a_look(4, 4)), (90, Judged("proven"))]

    assert "✓ watch 13s   ● soak 34s of 60s" in board(soaking, at=124)[2]
    assert "● watch 48s   ○ soak 60s" in board([*soaking, (125, Judged("waiting"))], at=125)[2]


def test_a_ship_without_proof_does_not_go_back() -> None:
    """The rack's word, taken at last, ends the watch: no step of it has failed."""
    believed: list[Timed] = [*rolling(), (90, a_look(4, 0)), (90, Judged("believed"))]

    assert not scene_after(believed).goes_back


def test_going_back_turns_the_arrow() -> None:
    """What failed is marked, what is left is dropped, and old means the release that is coming back."""
    run: list[Timed] = [
        *rolling(),
        (86, Judged("doomed", "api-7d8f9-def34 crashed 2 times")),
        (87, Intended("releases create-from", f"build of {OLD}")),
        (88, Said("back", "apps cancel")),
        (90, Intended("releases promote", f"over {NEW}", COPY)),
        (92, a_look(1, 0, step="back", release=OLD, processes=(a_process("api-0", is_new=True),))),
    ]

    lines = board(run, at=92)

    assert f"{OLD} ← {NEW}" in lines[1]
    assert " ✓ env 2s   ✓ build 1m13   ✓ promote 2s   ✗ watch 9s   ● back 4s" == lines[2]
    assert " api   ▓▓▓▓░░░░░░░░░░░░  1 of 4 running    proven 0 of 4" in lines
    assert any(each.split()[:2] == ["api-0", "old"] for each in lines)


def test_a_rollback_asked_for_goes_back_first() -> None:
    """There `back` is a step like any other, and nothing has failed."""
    plan = replace(A_PLAN, command="rollback", release=OLD, source=None)
    run: list[Timed] = [(0, Planned(plan)), (1, Said("back", "a copy")), (3, Intended("releases promote", "", COPY))]

    assert " ✓ back 2s   ● promote   ○ watch   ○ soak 60s" == board(run, at=3)[2]


def test_foreign_text_stays_text_on_the_board() -> None:
    """No markup, no emoji code, no escape, no line of its own, whatever a rack calls its processes."""
    name = "[bold red]api[/] :smile:\x1b[2J\n\x07api-x"
    lines = board(rolling((a_process(name, "[green]running"),), rack="up\x1b]0;x\x07dating\nx", trouble=()), width=120)

    assert any("[bold red]api[/] :smile: api-x   new   [green]running" in each for each in lines)
    assert lines[-1].startswith(" rack   updating x · ")


def test_the_story_is_what_a_run_leaves_behind() -> None:
    """The board is gone, the cursor is back; what a log would hold is on the screen, but for the build's lines."""
    screen = screen_after(good_ship())

    story = screen.text.splitlines()
    assert [
        "12:00:01  env       2 keys set → RBCDEFGHIJK, read back",
        "12:00:02  build     9c8b7a6d5e Add streaming, from .",
        "12:01:14  build     complete → RCDEFGHIJKL",
        "12:01:15  promote   RCDEFGHIJKL",
        "12:01:30  watch     api 4 of 4 new · 4 of 4 proven · the rack still says updating",
        "12:02:30  soak      60s, 412 answers, none wrong",
        "12:02:30  shipped   RCDEFGHIJKL serves on 4 of 4 processes (2m30, build 1m12)",
        "                    undo: deployer rollback --app myapi",
    ] == story[6:]
    assert "12:00:00  plan      myapi on acme/production · 3.24.9 · as gha:18234" == story[0]
    assert screen.has_cursor


def test_while_a_run_goes_on_the_board_stands_under_its_story() -> None:
    """The newest line of the story is right above it."""
    lines = screen_after(doomed_ship()[:6], close=False).text.rstrip().splitlines()

    assert "12:01:19  watch     api-7d8f9-abc12 crashed" == lines[7]
    assert lines[9].startswith(" myapi · acme/production")
    assert " rack   updating · 2 of 2 processes of api not running" == lines[-1]


def test_a_question_can_be_asked_after_the_plan() -> None:
    """Until the first write there is no board that would draw over it."""
    screen = screen_after(good_ship()[:2], close=False)

    assert screen.has_cursor
    assert " myapi · acme/production" not in screen.text


def test_a_run_that_is_cut_short_gives_the_terminal_back() -> None:
    """`close` is called whatever happened: no board is left, and the cursor is there."""
    screen = screen_after(good_ship()[:14])

    assert screen.has_cursor
    assert "watch" not in screen.text.split("promote   R")[1]


def test_a_long_line_goes_on_under_its_own_words() -> None:
    """In a window of 80 columns; an address is never broken."""
    lines = screen_after(good_ship()[:2], width=80).text.splitlines()

    assert "                    https://api.myapi.example/health" in lines
    assert 80 > max(map(len, lines))


@pytest.mark.parametrize("verdict", [Verdict.SHIPPED, Verdict.LEFT_BAD, Verdict.INTERRUPTED, Verdict.REFUSED])
def test_a_command_is_never_broken_in_two(verdict: Verdict) -> None:
    """It is there to be copied, also when it is wider than the window."""
    command = "deployer rollback RABCDEFGHIJ --app a-rather-long-name-of-an-app --rack acme/production --yes"

    text = screen_after([(0, Ended(verdict, NEW, OLD, hints=(command,)))], width=80).text

    assert command in text


def test_a_failed_build_shows_its_end() -> None:
    """The board with the last lines is gone by then."""
    ended = Ended(Verdict.BUILD_FAILED, None, OLD, why="the build failed: exit 1")

    text = screen_after([*good_ship()[:9], (50, ended)]).text

    assert "                    | Step 9/9 : CMD gunicorn\nbuild-failed: the build failed: exit 1\n" in text


@pytest.mark.parametrize(("is_coloured", "environ"), [(True, {}), (False, {"NO_COLOR": "1"}), (True, {"NO_COLOR": ""})])
def test_no_color_is_honoured(is_coloured: bool, environ: dict[str, str]) -> None:
    """As no-color.org has it: set and not empty means no colour."""
    console = console_on(io.StringIO(), environ)

    assert is_coloured is not console.no_color


def test_a_pipe_gets_the_plain_story_without_a_single_escape() -> None:
    """`--output live` where there is no terminal to be live on."""
    out, wall = io.StringIO(), Wall()
    renderer = Live(console_on(out, {}), now=wall.now)

    for event in wall.play(good_ship()):
        renderer.record(event)
    renderer.close()

    assert "\x1b" not in out.getvalue()
    assert "12:02:30  shipped   RCDEFGHIJKL serves on 4 of 4 processes (2m30, build 1m12)" in out.getvalue()


def test_a_resumed_run_has_a_board_too() -> None:
    """The watch is all that is left of it, whether its plan is known or not."""
    look = Looked("watch", NEW, "updating", a_look(2, 1).progress)

    assert " api   ████▓▓▓▓░░░░░░░░  2 of 4 new    proven 1 of 4" in board([(0, STARTED), (84, look)])
