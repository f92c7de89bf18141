from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace

from deployer.core.events import (
    BuildLine,
    CommandLine,
    Ended,
    Intended,
    Judged,
    Looked,
    Planned,
    Resumed,
    Said,
    Started,
    Wrote,
)
from deployer.core.models import ProofMode
from deployer.core.names import ServiceName
from deployer.core.proof import Progress
from deployer.core.verdict import Verdict
from deployer.render.plain import Plain
from deployer.render.story import Story
from tests.unit.render.runs import (
    A_PLAN,
    DOOM,
    EVIDENCE,
    NEW,
    STARTED,
    Timed,
    Wall,
    a_look,
    a_process,
    doomed_ship,
    good_ship,
)

PLAN = """\
12:00:00  plan      myapi on acme/production · 3.24.9 · as gha:18234
                    serves now   RABCDEFGHIJ  build 1f2e3d4c5b Fix prompt cache  (2 days, proven)
                    env          + PINECONE_API_KEY  ~ OPENAI_API_KEY  (2 keys, 11 unchanged)
                    build        9c8b7a6d5e Add streaming, from .
                    proof        api: each of 4 processes answers for itself at https://api.myapi.example/health
                    soak 60s · gives up after 10 min without progress, 53 min at worst · goes back to RABCDEFGHIJ
"""

GOOD = """\
12:00:01  env       2 keys set → RBCDEFGHIJK, read back
12:00:02  build     9c8b7a6d5e Add streaming, from .
                    | Step 1/9 : FROM python:3.12-slim
                    | Step 9/9 : CMD gunicorn
12:01:14  build     complete → RCDEFGHIJKL
12:01:15  promote   RCDEFGHIJKL
12:01:24  watch     api 2 of 4 new · 1 of 4 proven
12:01:30  watch     api 4 of 4 new · 4 of 4 proven · the rack still says updating
12:02:10  soak      40s so far, 400 answers, none wrong
12:02:30  soak      60s, 412 answers, none wrong
12:02:30  shipped   RCDEFGHIJKL serves on 4 of 4 processes (2m30, build 1m12)
                    undo: deployer rollback --app myapi
"""

DOOMED = f"""\
12:01:15  promote   RCDEFGHIJKL
12:01:19  watch     api-7d8f9-abc12 crashed
12:01:23  doomed    {DOOM} (crash loop)
                    why      {EVIDENCE}
12:01:23  back      apps cancel · old processes were kept
12:01:26  back      RABCDEFGHIJ proven on 2 of 2 · RCDEFGHIJKL gone
12:01:26  heal      newest release is RDEFGHIJKLM again (build and env of RABCDEFGHIJ)
12:01:26  rolled-back   RABCDEFGHIJ serves, as before; no error among 96 health answers
                    evidence: .deployer/incidents/2026-11-23-myapi.md
                    next:     fix LOG_LEVEL, then deployer ship --app myapi
"""


def told(run: Iterable[Timed], story: Story | None = None) -> str:
    """What a log holds after this run."""
    wall, out = Wall(), io.StringIO()
    renderer = Plain(out, story, wall.now)
    for event in wall.play(run):
        renderer.record(event)
    renderer.close()
    return out.getvalue()


def test_a_good_ship_reads_as_it_was_drawn() -> None:
    """Only changes are printed, each with its time; after 30 s of silence, what is being waited for."""
    assert PLAN + GOOD == told(good_ship())


def test_a_doomed_ship_reads_as_it_was_drawn() -> None:
    """The reason first, then what was done about it, what serves, and the next command."""
    assert PLAN + DOOMED == told(doomed_ship())


def test_nothing_is_said_while_nothing_changes() -> None:
    """A look that shows what the last one showed adds no line."""
    look = a_look(2, 1, missing="2 of 4 processes of api not running")

    text = told([(n, look) for n in range(29)])

    assert "12:00:00  watch     api 2 of 4 new · 1 of 4 proven\n" == text


def test_after_a_silence_one_line_says_what_is_waited_for() -> None:
    """Every 30 s, and only then; with what could not be seen."""
    look = a_look(2, 1, missing="2 of 4 processes of api not running", trouble=("ps: timed out",))

    lines = told([(n, look) for n in range(0, 70, 2)]).splitlines()

    assert [
        "12:00:00  watch     api 2 of 4 new · 1 of 4 proven",
        "12:00:00  watch     warning: ps: timed out",
        "12:00:30  watch     still waiting: 2 of 4 processes of api not running · ps: timed out",
        "12:01:00  watch     still waiting: 2 of 4 processes of api not running · ps: timed out",
    ] == lines


def test_the_silence_is_as_long_as_the_plan_says() -> None:
    """A rack that runs fast has a policy that is scaled, heartbeat included."""
    plan = Planned(replace(A_PLAN, policy=A_PLAN.policy.scaled(0.1)))

    lines = told([(0, plan), (2, a_look(0, 0)), (4, a_look(0, 0))]).splitlines()

    assert "12:00:04  watch     still waiting: the rack says updating" == lines[-1]


def test_each_service_is_told_when_it_changes() -> None:
    """One service's progress is not repeated because another moved."""
    api = Progress(ServiceName("api"), ProofMode.IDS, 2, 1, 0, 0, "more")
    worker = Progress(ServiceName("worker"), ProofMode.PS, 1, 0, 0, 0, "more")
    moved = Progress(ServiceName("worker"), ProofMode.PS, 1, 1, 1, 0, "")
    looks = (Looked("watch", NEW, "updating", each) for each in ((api, worker), (api, moved)))

    assert "12:00:00  watch     api 1 of 2 new · 0 of 2 proven\n12:00:02  watch     worker 1 of 1 new\n" == told(
        zip((0, 2), looks, strict=True)
    )


def test_old_processes_that_linger_are_told_when_they_are_what_is_left() -> None:
    """All new ones run, and the old ones go one by one."""
    looks = [a_look(4, 4, others=n, rack="running", missing="old") for n in (2, 1, 0)]

    lines = told(zip((0, 2, 4), looks, strict=True)).splitlines()

    assert [
        "12:00:00  watch     api 4 of 4 new · 4 of 4 proven · 2 on another release",
        "12:00:02  watch     api 4 of 4 new · 4 of 4 proven · 1 on another release",
        "12:00:04  watch     api 4 of 4 new · 4 of 4 proven",
    ] == lines


def test_a_flickering_process_is_told_once() -> None:
    """`crashed` turns to `starting` at each retry, and back."""
    looks = [a_look(0, 0, processes=(a_process("api-1", status),)) for status in ("crashed", "starting", "crashed")]

    assert "12:00:00  watch     api-1 crashed\n" == told(zip((0, 2, 4), looks, strict=True))


def test_an_old_process_that_is_down_is_not_news_of_the_release() -> None:
    """Only replicas of what is rolled out are the story's business."""
    look = a_look(0, 0, processes=(a_process("api-0", "crashed", is_new=False),))

    assert "" == told([(0, look)])


def test_many_that_go_down_at_once_are_one_line() -> None:
    """Three are named, the rest are counted."""
    rows = tuple(a_process(f"api-{n}", "crashed") for n in range(200))

    assert "12:00:00  watch     api-0, api-1, api-2 and 197 more went down\n" == told(
        [(0, a_look(0, 0, needed=200, processes=rows))]
    )


def test_a_trouble_is_told_once_per_step() -> None:
    """A read that fails at every tick does not fill the log."""
    looks = [a_look(0, 0, trouble=("ps: timed out",)) for _ in range(3)]

    assert "12:00:00  watch     warning: ps: timed out\n" == told(zip((0, 2, 4), looks, strict=True))


def test_a_soak_that_starts_again_says_so() -> None:
    """A contrary answer costs time, and a person wonders why."""
    run: list[Timed] = [
        (0, a_look(4, 4, rack="running")),
        (0, Judged("proven")),
        (4, a_look(4, 3, rack="running", missing="3 of 4 processes of api answered for themselves")),
        (4, Judged("waiting")),
    ]

    assert told(run).endswith("the soak starts again: 3 of 4 processes of api answered for themselves\n")


def test_wrong_answers_during_the_soak_are_counted() -> None:
    """The sum of all its looks, and not those before it."""
    watched = Looked("watch", NEW, "running", a_look(4, 4).progress, answers=10, wrong=1)
    run: list[Timed] = [(0, watched), (0, Judged("proven")), (2, watched), (4, watched), (4, Judged("settled"))]

    assert told(run).endswith("12:00:04  soak      4s, 20 answers, 2 wrong\n")


def test_going_back_by_itself_is_told_in_the_racks_name() -> None:
    """A judgement of two words has no step of its own."""
    assert "12:00:00  watch     rack went back: the rack says rollback\n" == told(
        [(0, Judged("rack went back", "the rack says rollback"))]
    )


def test_the_evidence_that_was_told_is_not_told_again() -> None:
    """The verdict adds what is new: what serves, and what to do."""
    run: list[Timed] = [
        (0, Judged("doomed", "api-1 crashed twice (crash loop)")),
        (1, Said("why", "fatal: MODE must be set (api-1)")),
        (2, Ended(Verdict.ROLLED_BACK, None, "ROLD, as before", why="api-1 crashed twice: fatal: MODE must be set")),
    ]

    assert [
        "12:00:00  doomed    api-1 crashed twice (crash loop)",
        "12:00:01  why       fatal: MODE must be set (api-1)",
        "12:00:02  rolled-back   ROLD serves, as before",
    ] == told(run).splitlines()


def test_a_resumed_ship_says_what_it_takes_up() -> None:
    """Its promote was made by a run that is gone."""
    assert f"12:00:00  resume    {NEW}, from where it was left\n" == told([(0, Resumed(STARTED.ship, NEW))])


def test_a_warning_is_called_one() -> None:
    """There is no colour in a log."""
    assert "12:00:00  lock      warning: kept on this machine only\n" == told(
        [(0, Said("lock", "kept on this machine only", is_warning=True))]
    )


def test_a_quiet_build_is_heard_every_30_seconds() -> None:
    """Its lines are kept back, but they are what the heartbeat is driven by."""
    run: list[Timed] = [(0, Said("build", "abc, from .")), (0, Intended("build"))]
    run += [(n, BuildLine(f"Step {n}")) for n in range(1, 62)]

    lines = told(run, Story(shows_build=False)).splitlines()

    assert ["still building, 30s so far", "still building, 1m00 so far"] == [each[20:] for each in lines[1:]]


def test_a_quiet_build_that_fails_shows_its_end() -> None:
    """The last 20 lines, and the error under them."""
    run: list[Timed] = [(1, BuildLine(f"Step {n}")) for n in range(30)]
    ended = Ended(Verdict.BUILD_FAILED, None, "ROLD", why="the build failed: exit 1")

    lines = told([*run, (2, ended)], Story(shows_build=False)).splitlines()

    assert [f"                    | Step {n}" for n in range(10, 30)] == lines[:20]
    assert ["build-failed: the build failed: exit 1", "  still serving: ROLD"] == lines[20:]


def test_a_release_command_that_fails_shows_its_own_end() -> None:
    """What it wrote last, without the build that came before it."""
    run: list[Timed] = [
        (1, Intended("build")),
        (2, BuildLine("Step 1")),
        (3, Intended("run")),
        (4, CommandLine("boom")),
    ]

    lines = told([*run, (5, Ended(Verdict.COMMAND_FAILED, None, "ROLD", why="status 3"))], Story(shows_build=False))

    assert "                    | boom" == lines.splitlines()[0]
    assert "Step 1" not in lines


def test_a_quiet_release_command_is_heard_every_30_seconds() -> None:
    """A migration may take its time."""
    run: list[Timed] = [(0, Said("command", "migrate")), (0, Intended("run"))]

    lines = told([*run, *((n, CommandLine("…")) for n in range(1, 32))], Story(shows_build=False)).splitlines()

    assert ["command   still running, 30s so far"] == [each[10:] for each in lines[1:]]


def test_a_build_that_was_shown_is_not_shown_again() -> None:
    """Its lines are in the log already."""
    run: list[Timed] = [(1, BuildLine("Step 1")), (2, Ended(Verdict.BUILD_FAILED, None, "ROLD", why="exit 1"))]

    assert 1 == told(run).count("Step 1")


def test_verbose_adds_the_commands_by_name() -> None:
    """Which command, about which keys and ids, and what became of it; values are in no event."""
    run: list[Timed] = [
        (0, STARTED),
        (1, Intended("env set", "+ OPENAI_API_KEY")),
        (2, Wrote("env set", "not done", detail="unable to set")),
    ]

    assert [
        "12:00:00  start     deployer 0.1.0, ship 20261123-120000-a1b2c3",
        "12:00:01  run       convox env set (+ OPENAI_API_KEY)",
        "12:00:02  run       convox env set: not done unable to set",
    ] == told(run, Story(verbose=True)).splitlines()
    assert "" == told(run)


def test_no_foreign_text_can_forge_a_line_or_move_the_cursor() -> None:
    """Build output, process ids, rack states and troubles: whatever they hold, lines begin with our own words."""
    forged = "\x1b[2J\r12:00:00  shipped   RBAD\n12:00:00  shipped   RBAD serves"
    row = a_process(forged, "crashed")
    run: list[Timed] = [
        (0, BuildLine(forged)),
        (0, a_look(4, 4, rack=forged, processes=(row,), trouble=(forged,))),
        (0, Judged("doomed", forged)),
        (0, Said("back", forged)),
        (0, Ended(Verdict.ROLLED_BACK, NEW, forged, why=forged, hints=(forged,))),
    ]

    text = told(run)

    assert "\x1b" not in text
    assert "\r" not in text
    assert not any(each.startswith("12:00:00  shipped") for each in text.splitlines())


def test_the_first_event_of_a_run_is_not_worth_a_line() -> None:
    """Who, what and where are in the plan."""
    assert "" == told([(0, Started(STARTED.ship, "ship", STARTED.app, "me", "0.1.0"))])
