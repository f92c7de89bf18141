"""Snapshots for the judge's tests: a release RNEW over RBASE, one service `api` of two unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.core.history import History
from deployer.core.judge import Judgement, after, judge
from deployer.core.models import Answer, App, Expected, Process, ProofMode, Rollout, Snapshot
from deployer.core.names import AppName, ProcessId, ReleaseId, ServiceName
from deployer.core.policy import Policy

NEW, BASE = ReleaseId("RNEW"), ReleaseId("RBASE")
API = ServiceName("api")
POLICY = Policy(soak_s=10.0)


def expected(mode: ProofMode | None = ProofMode.IDS, desired: int = 2, **more: object) -> Expected:
    return Expected(API, mode, desired, start_budget_s=120.0, drain_s=45.0, **more)  # type: ignore[arg-type]


def rollout(each: Expected | None = None, **more: object) -> Rollout:
    return Rollout(NEW, BASE, (each or expected(),), **more)  # type: ignore[arg-type]


def row(name: str, status: str = "running", release: ReleaseId = NEW) -> Process:
    template = "6f4d" if release == NEW else "5d9c"
    return Process(ProcessId(f"api-{template}-{name}"), API, status, release)


def answer(name: str, release: ReleaseId | None = NEW, code: int = 200, **more: object) -> Answer:
    template = "6f4d" if release in (NEW, None) else "5d9c"
    return Answer(API, code, release, ProcessId(f"api-{template}-{name}"), **more)  # type: ignore[arg-type]


def snapshot(
    at_s: float,
    rows: Iterable[Process] | None,
    answers: Iterable[Answer] = (),
    active: ReleaseId | None = NEW,
    status: str = "running",
) -> Snapshot:
    app = App(AppName("demo"), status, active)
    return Snapshot(at_s, app, None if rows is None else tuple(rows), answers=tuple(answers))


def blind(at_s: float, *, is_denied: bool = False) -> Snapshot:
    return Snapshot(at_s, trouble=("ps: timed out",), is_denied=is_denied)


TWO = (row("aaaaa"), row("bbbbb"))
BOTH = (answer("aaaaa"), answer("bbbbb"))


def judged(snapshots: Iterable[Snapshot], over: Rollout | None = None, policy: Policy = POLICY) -> Judgement:
    """The judge's word after all of them."""
    history = History.of(over or rollout(), 0.0)
    for each in snapshots:
        history = after(history, each, policy)
    return judge(history, policy)


def every(
    step_s: float, until_s: float, rows: Iterable[Process] | None, answers: Iterable[Answer] = ()
) -> list[Snapshot]:
    rows, answers = None if rows is None else tuple(rows), tuple(answers)
    return [snapshot(step_s * n, rows, answers) for n in range(1, int(until_s / step_s) + 1)]
