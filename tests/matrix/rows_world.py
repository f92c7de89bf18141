"""Rows F18, F28 to F37 and F46: the rack, the app, and others at work on it."""

from __future__ import annotations

from dataclasses import replace

from deployer.core.verdict import Verdict
from tests.matrix.cells import BACK, SHIP, Cell, Serves, Step
from tests.matrix.ends import (
    BLD,
    ENV,
    HLT,
    NO_WAY_BACK,
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
    lost,
    row,
)

HEALED = (*SHIP, "copy")
CANCELLED_BACK = (*SHIP, "cancel", "copy")
OFF = "automatic rollback: off"
BUSY = "somebody else is at work"
THEIRS = Serves.THEIRS
SUPERSEDED = Cell(ends(Verdict.SUPERSEDED, "became active while"))
REVERTED = Cell(ends(Verdict.REVERTED, "rack went back", None, *HEALED))
IN_ROLLBACK = "the app is rollback"
EMPTY = "the process list is empty"
OLD_ROW = "1 process of api on another release"
LINGERS = Cell(lost(OLD_ROW), SHIPPED, restarts_soak=True)
NOT_BACK = ends(Verdict.ROLLBACK_UNCONFIRMED, "could not be proven", Serves.COPY, *SHIP, *BACK)

WORLD_ROWS = (
    row(
        "F18",
        "wall clock jumps by an hour, twice",
        "= = = = = = = = =",
        calm(*Step),
    ),
    row(
        "F28",
        "another run of ours starts",
        "A A A A A A A A –",
        {
            PRE: Cell(ends(Verdict.BUSY, "gha:4711 is at work on demo")),
            **{
                step: replace(cell, shows="20, it 11" if step is RBK else "0, it 11")
                for step, cell in calm(ENV, BLD, PRO, PS, HLT, SOK, RBK).items()
            },
        },
    ),
    row(
        "F29",
        "somebody else promotes",
        "A A A S S S S S W",
        {
            PRE: Cell(ends(Verdict.BUSY, "the app changed while the plan was made", THEIRS)),
            ENV: Cell(ends(Verdict.BUSY, BUSY, THEIRS, *SHIP[:2])),
            BLD: Cell(ends(Verdict.BUSY, "made but not promoted: R", THEIRS)),
            PRO: SUPERSEDED,
            PS: SUPERSEDED,
            HLT: SUPERSEDED,
            SOK: SUPERSEDED,
            RBK: Cell(ends(Verdict.SUPERSEDED, "became active, by somebody else")),
            NTF: Cell(ends(Verdict.SHIPPED, "shipped", THEIRS)),
        },
    ),
    row(
        "F30",
        "the rack rolls back by itself",
        "A A A T T T T T W",
        {
            PRE: Cell(ends(Verdict.BUSY, "demo is still rollback"), SHIPPED, lasts_s=30.0),
            ENV: Cell(ends(Verdict.BUSY, IN_ROLLBACK, None, *SHIP[:2]), SHIPPED, lasts_s=2.0),
            BLD: Cell(ends(Verdict.BUSY, IN_ROLLBACK), SHIPPED, lasts_s=2.0),
            PRO: REVERTED,
            PS: REVERTED,
            HLT: REVERTED,
            SOK: REVERTED,
            RBK: Cell(ends(Verdict.ROLLBACK_UNCONFIRMED, "could not be proven", None, *SHIP, *BACK)),
            NTF: Cell(SHIPPED),
        },
    ),
    row(
        "F32",
        "app stuck Pending, or status unknown",
        "A – – K K – K T W",
        {
            PRE: Cell(ends(Verdict.BUSY, "demo is still updating"), SHIPPED, lasts_s=30.0),
            PRO: Cell(lost("the rack never showed", Serves.OLD)),
            PS: Cell(lost("the rack does not say running"), SHIPPED),
            SOK: Cell(lost("the rack does not say running"), SHIPPED),
            RBK: Cell(ends(Verdict.ROLLBACK_UNCONFIRMED, "app is not currently updating", None, *SHIP, "cancel")),
            NTF: Cell(SHIPPED),
        },
    ),
    row(
        "F33",
        "empty or null process list",
        "W – – – K – K K –",
        {
            PRE: Cell(
                ends(Verdict.SHIPPED, "do not name a process that `ps` lists"),
                note="design 2.1: what answers for the active release serves, so the way back stays on; it is sampled",
            ),
            PS: Cell(lost(EMPTY), SHIPPED),
            SOK: Cell(lost(EMPTY), SHIPPED, restarts_soak=True),
            RBK: Cell(replace(NOT_BACK, says=(EMPTY,)), WENT_BACK),
        },
    ),
    row(
        "F34",
        "replicas flap or crash-loop",
        "W – – – V V V V W",
        {
            PRE: Cell(ends(Verdict.SHIPPED, OFF), test=NO_WAY_BACK),
            PS: Cell(ends(Verdict.ROLLED_BACK, "fatal: MODE must be set", Serves.OLD, *CANCELLED_BACK)),
            HLT: Cell(ends(Verdict.ROLLED_BACK, "new processes of api crash", Serves.OLD, *CANCELLED_BACK)),
            SOK: Cell(WENT_BACK),
            RBK: Cell(ends(Verdict.ROLLBACK_UNCONFIRMED, "crash at start", None, *SHIP, *BACK)),
            NTF: Cell(SHIPPED),
        },
    ),
    row(
        "F35",
        "mixed releases serving",
        "A – – – Z Z Z Z –",
        {
            PRE: Cell(ends(Verdict.BUSY, "the app changed while the plan was made", THEIRS)),
            PS: replace(LINGERS, note="design 2.2: old rows never doom; what is not proven in time is lost-sight"),
            HLT: Cell(lost("an answer for R"), SHIPPED),
            SOK: LINGERS,
            RBK: Cell(replace(NOT_BACK, says=(OLD_ROW,)), WENT_BACK),
        },
    ),
    row(
        "F36",
        "autoscaling and node churn change the set",
        "– – – – = – = = –",
        calm(PS, SOK, RBK),
    ),
    row(
        "F37",
        "an old `run` or timer process in `ps`",
        "= – – – = – = = –",
        calm(PRE, PS, SOK, RBK),
    ),
    row(
        "F46",
        "health says new, `ps` shows an old replica",
        "– – – – Z – Z – –",
        {PS: replace(LINGERS, restarts_soak=False), SOK: LINGERS},
    ),
)
