"""Rows F19 to F27 and F47 to F50: our own process, its streams, its disk, its bugs."""

from __future__ import annotations

from dataclasses import replace

from deployer.core.verdict import Verdict
from tests.matrix.cells import SHIP, Cell, Outcome, Serves, Step
from tests.matrix.ends import (
    BLD,
    ENV,
    HLT,
    NTF,
    PRE,
    PRO,
    PS,
    RBK,
    SHIPPED,
    SOK,
    WENT_BACK,
    calm,
    ends,
    row,
)

REPORT = "notifications are no feature yet; the report is sinks, renderers and the step summary"
WIDE = "tests/matrix/test_ourselves.py::test_"
UNCHANGED = "nothing that serves was changed"


def interrupted(verdict: Verdict, name: str) -> dict[Step, Cell]:
    before = Cell(ends(verdict, UNCHANGED))
    after = Cell(ends(Verdict.INTERRUPTED, name))
    return {
        **dict.fromkeys((PRE, ENV, BLD), before),
        PRO: Cell(ends(Verdict.INTERRUPTED, "is not known", Serves.OLD)),
        **dict.fromkeys((PS, HLT, SOK), after),
        RBK: Cell(ends(Verdict.INTERRUPTED, name, Serves.NOTHING)),
        NTF: Cell(SHIPPED),
    }


def bug(verdict: Verdict, serves: Serves, *writes: str) -> Cell:
    return Cell(ends(verdict, "RuntimeError, a bug of deployer", serves, *writes))


JOURNAL = "cannot be kept any more"
GOES_ON = "faults 3.2 and I14: the run goes on and says that its journal is lost; the ledger on the rack has the intent"
EVENTS_ALONE = "I14: a display never changes a verdict, so a closed one refuses nothing"
COLD = "design 2.4: a bug after the promote is `interrupted`, whose cause is told"

STDIN = (ENV, BLD, PRO, PS, SOK, NTF)
# The exit status of a run that is told twice to stop.
CTRL_C_TWICE = {PRE: 130, ENV: 130, BLD: 130, PRO: 42, PS: 42, HLT: 42, SOK: 42, RBK: 42, NTF: 0}
# What `resume` makes of a run that was killed as the step began, and all that it writes.
NOTHING_LEFT = Outcome(Verdict.REFUSED, ("had promoted nothing",), Serves.OLD, ())
BROUGHT_HOME = Outcome(Verdict.SHIPPED, ("shipped",), Serves.NEW, ())
KILLED = {
    **dict.fromkeys((PRE, ENV, BLD), NOTHING_LEFT),
    PRO: Outcome(Verdict.NOT_PROMOTED, ("was never promoted",), Serves.OLD, ()),
    **dict.fromkeys((PS, HLT, SOK, NTF), BROUGHT_HOME),
    RBK: Outcome(Verdict.ROLLED_BACK, ("crash",), Serves.COPY, ("copy", "promote")),
}
# How a job ends that GitHub cancels, and what the step after it makes of that.
CANCELLED_JOB = {
    **dict.fromkeys((PRE, ENV, BLD), (Verdict.CANCELLED, Verdict.REFUSED)),
    PRO: (Verdict.INTERRUPTED, Verdict.NOT_PROMOTED),
    **dict.fromkeys((PS, HLT, SOK), (Verdict.INTERRUPTED, Verdict.SHIPPED)),
    RBK: (Verdict.INTERRUPTED, Verdict.ROLLED_BACK),
    NTF: (Verdict.SHIPPED, Verdict.REFUSED),
}

OWN_ROWS = (
    row(
        "F19",
        "stdin closed, or a pipe without end",
        "A = = = = – = A =",
        {
            PRE: Cell(test="tests/cli/test_ask.py::test_nobody_there_is_no_yes", shows="10"),
            **{step: Cell(test=f"{WIDE}child_has_a_stdin_of_its_own[F19-{step.name}]", shows="0") for step in STDIN},
            RBK: Cell(test="tests/scenario/test_ship_and_rollback.py::test_nothing_goes_back_unconfirmed", shows="10"),
        },
    ),
    row(
        "F20",
        "stdout or stderr closed",
        "W W W W W W W W W",
        {**calm(*Step), PRE: Cell(SHIPPED, note=EVENTS_ALONE)},
    ),
    row(
        "F21",
        "disk full, journal unwritable",
        "A W W W W W W W W",
        {
            **calm(PRO, PS, HLT, SOK, RBK, NTF, says=JOURNAL),
            **calm(ENV, BLD, says=JOURNAL, note=GOES_ON),
            PRE: Cell(
                test="tests/unit/ledger/test_journal.py::test_a_disk_that_is_full_from_the_start_refuses_the_run",
                shows="10",
            ),
        },
    ),
    row(
        "F22",
        "SIGINT once",
        "I I I I I I I I =",
        interrupted(Verdict.CANCELLED, "SIGINT"),
    ),
    row(
        "F23",
        "SIGINT twice",
        "I I I I I I I I =",
        {
            step: Cell(test=f"{WIDE}second_ctrl_c_leaves_at_once[F23-{step.name}]", shows=str(status))
            for step, status in CTRL_C_TWICE.items()
        },
    ),
    row(
        "F24",
        "SIGTERM",
        "I I I I I I I I =",
        interrupted(Verdict.TERMINATED, "SIGTERM"),
    ),
    row(
        "F25",
        "SIGHUP, the terminal is gone",
        "I I I = = = = = =",
        {**calm(*Step), **dict.fromkeys((PRE, ENV, BLD), Cell(ends(Verdict.HUNG_UP, UNCHANGED)))},
    ),
    row(
        "F26",
        "SIGKILL, power loss",
        "D D D D K K K D D",
        {
            step: Cell(test=f"{WIDE}killed_run_is_taken_up[F26-{step.name}]", shows=f"→ {end.verdict.status}")
            for step, end in KILLED.items()
        },
    ),
    row(
        "F27",
        "GitHub cancels: INT, 7.5 s, TERM, 2.5 s, KILL",
        "I I I I I I I I =",
        {
            step: Cell(
                test=f"{WIDE}cancelled_job_is_finished_by_its_post_step[F27-{step.name}]",
                shows=f"{first.status} → {then.status}",
            )
            for step, (first, then) in CANCELLED_JOB.items()
        },
    ),
    row(
        "F47",
        "display or notifier fails",
        "W W W W W W W W W",
        {
            **calm(*Step),
            NTF: Cell(
                SHIPPED,
                test="tests/unit/render/test_github.py::test_a_summary_that_cannot_be_written_changes_nothing",
                note=REPORT,
            ),
        },
    ),
    row(
        "F48",
        "our own bug",
        "A A A I I I I I W",
        {
            **dict.fromkeys((PRE, ENV, BLD), Cell(ends(Verdict.INTERNAL_ERROR, "RuntimeError, a bug of deployer"))),
            PRO: bug(Verdict.INTERRUPTED, Serves.OLD, *SHIP[:2]),
            **dict.fromkeys((PS, HLT, SOK), bug(Verdict.INTERRUPTED, Serves.NEW)),
            RBK: replace(bug(Verdict.INTERRUPTED, Serves.NOTHING, *SHIP, "copy"), note=COLD),
            NTF: Cell(SHIPPED),
        },
    ),
    row(
        "F49",
        "the machine sleeps for 20 minutes",
        "D D D D Z Z Z Z –",
        {
            step: Cell(
                WENT_BACK if step is RBK else SHIPPED,
                WENT_BACK if step is RBK else SHIPPED,
                lasts_s=1200.0,
                restarts_soak=step is SOK,
                note="design 2.1: newest and active are read again under the lock, and at the gate"
                if step is PRE
                else "",
            )
            for step in Step
            if step is not NTF
        },
    ),
    row(
        "F50",
        "read-only home, no HOME, odd locale",
        "A = = = = = = = =",
        {
            **calm(*Step),
            PRE: Cell(test="tests/unit/ledger/test_journal.py::test_nothing_starts_without_a_journal", shows="10"),
        },
    ),
)
