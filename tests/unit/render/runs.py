"""Runs as they come down the event stream, built by hand: the sketches of the manner deployer speaks in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone

from deployer.core.environment import EnvDiff
from deployer.core.events import (
    BuildLine,
    Ended,
    Event,
    Hearing,
    Intended,
    Judged,
    Looked,
    Planned,
    ProcessSeen,
    Said,
    Started,
    Wrote,
)
from deployer.core.models import ProofMode, RackInfo, Source
from deployer.core.names import AppName, BuildId, ProcessId, RackName, ReleaseId, ServiceName, ShipId
from deployer.core.plan import Baseline, Plan, ServicePlan
from deployer.core.policy import Policy
from deployer.core.proof import Progress
from deployer.core.verdict import Verdict

OLD, ENV, NEW, COPY = (ReleaseId(f"R{text}") for text in ("ABCDEFGHIJ", "BCDEFGHIJK", "CDEFGHIJKL", "DEFGHIJKLM"))
SHIP = ShipId("20261123-120000-a1b2c3")
API = ServiceName("api")
CEST = timezone(timedelta(hours=2))
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=CEST)

# An event, and the second after noon at which it comes.
Timed = tuple[float, Event]

A_PLAN = Plan(
    ship=SHIP,
    command="ship",
    app=AppName("myapi"),
    rack=RackInfo(RackName("acme/production"), "3.24.9", "3.24.9"),
    actor="gha:18234",
    baseline=Baseline(
        OLD, BuildId("BABCDEFGHI"), "build 1f2e3d4c5b Fix prompt cache", serves=True, note="2 days, proven"
    ),
    services=(ServicePlan(API, ProofMode.IDS, "https://api.myapi.example/health", 4),),
    policy=Policy(soak_s=60),
    env=EnvDiff(added=("PINECONE_API_KEY",), changed=("OPENAI_API_KEY",), unchanged=11),
    source=Source(".", "9c8b7a6d5e4f", "Add streaming"),
)
STARTED = Started(SHIP, "ship", AppName("myapi"), "gha:18234", "0.1.0")


class Wall:
    """A clock on the wall that shows what it is told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def play(self, run: Iterable[Timed]) -> Iterator[Event]:
        for self.seconds, event in run:
            yield event


def a_process(
    name: str, status: str = "running", *, is_new: bool = True, answered_s_ago: float | None = None
) -> ProcessSeen:
    release = NEW if is_new else OLD
    answer_ms = None if answered_s_ago is None else 31.4
    return ProcessSeen(ProcessId(name), API, release, status, is_new, answered_s_ago, answer_ms)


def a_look(
    running: int,
    proven: int,
    *,
    needed: int = 4,
    others: int = 0,
    rack: str = "updating",
    missing: str = "",
    step: str = "watch",
    release: ReleaseId = NEW,
    processes: tuple[ProcessSeen, ...] = (),
    answers: int = 12,
    trouble: tuple[str, ...] = (),
) -> Looked:
    progress = Progress(API, ProofMode.IDS, needed, running, proven, others, missing)
    return Looked(step, release, rack, (progress,), processes, answers=answers, trouble=trouble)


def good_ship() -> tuple[Timed, ...]:
    return (
        (0, STARTED),
        (0, Planned(A_PLAN)),
        (0.1, Intended("env set", "+ PINECONE_API_KEY  ~ OPENAI_API_KEY")),
        (1, Wrote("env set", "done", ENV)),
        (1, Said("env", f"2 keys set → {ENV}, read back")),
        (2, Said("build", "9c8b7a6d5e Add streaming, from .")),
        (2, Intended("build", f"build 9c8b7a6d5e Add streaming [ship {SHIP}]")),
        (20, BuildLine("Step 1/9 : FROM python:3.12-slim")),
        (40, BuildLine("Step 9/9 : CMD gunicorn")),
        (74, Wrote("build", "done", NEW)),
        (74, Said("build", f"complete → {NEW}")),
        (75, Intended("releases promote", f"over {OLD}", NEW)),
        (75, Said("promote", NEW)),
        (77, Looked("watch", NEW, "running", ())),
        (80, Wrote("releases promote", "done", NEW)),
        (80, a_look(0, 0, missing="4 of 4 processes of api not running")),
        (84, a_look(2, 1, missing="2 of 4 processes of api not running")),
        (86, a_look(2, 1, missing="2 of 4 processes of api not running")),
        (90, a_look(4, 4)),
        (90, Judged("proven")),
        (110, a_look(4, 4, answers=200)),
        (130, a_look(4, 4, answers=200, rack="running")),
        (150, a_look(4, 4, rack="running")),
        (150, Judged("settled")),
        (150, Ended(Verdict.SHIPPED, NEW, NEW, hints=("deployer rollback --app myapi",), seconds=150)),
    )


DOOM = "all 2 new processes of api crash at start"
EVIDENCE = "ValidationError: LOG_LEVEL must be one of debug, info, warning, error (api-7d8f9-abc12, exit 3)"


def doomed_ship() -> tuple[Timed, ...]:
    old = tuple(a_process(f"api-6c5b4-aaa1{n}", is_new=False) for n in (1, 2))
    first, second = "api-7d8f9-abc12", "api-7d8f9-def34"
    starting = (*old, a_process(first, "starting"))
    crashed = (*old, a_process(first, "crashed"))
    both = (*old, a_process(first, "crashed"), a_process(second, "starting"))
    missing = "2 of 2 processes of api not running"
    return (
        (0, STARTED),
        (0, Planned(A_PLAN)),
        (75, Intended("releases promote", f"over {OLD}", NEW)),
        (75, Said("promote", NEW)),
        (77, a_look(0, 0, needed=2, others=2, missing=missing, processes=starting)),
        (79, a_look(0, 0, needed=2, others=2, missing=missing, processes=crashed)),
        (81, a_look(0, 0, needed=2, others=2, missing=missing, processes=both)),
        (83, a_look(0, 0, needed=2, others=2, missing=missing, processes=crashed)),
        (83, Judged("doomed", f"{DOOM} (crash loop)\nwhy      {EVIDENCE}", ProcessId(first))),
        (83, Intended("apps cancel")),
        (83, Wrote("apps cancel", "done")),
        (83, Said("back", "apps cancel · old processes were kept")),
        (85, a_look(2, 2, needed=2, step="back", release=OLD)),
        (86, Said("back", f"{OLD} proven on 2 of 2 · {NEW} gone")),
        (86, Said("heal", f"newest release is {COPY} again (build and env of {OLD})")),
        (
            86,
            Ended(
                Verdict.ROLLED_BACK,
                OLD,
                f"{OLD}, as before",
                why=DOOM,
                hints=("fix LOG_LEVEL, then deployer ship --app myapi",),
                seconds=86,
                evidence=".deployer/incidents/2026-11-23-myapi.md",
                heard=Hearing("2026-11-23T10:01:15+00:00", answers=96),
            ),
        ),
    )
