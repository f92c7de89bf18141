"""Rows F1 to F17 and F31: the CLI, its process and what it says of the rack."""

from __future__ import annotations

from dataclasses import replace

from deployer.core.verdict import Verdict
from tests.matrix.cells import SHIP, Cell, Serves, Step
from tests.matrix.ends import (
    BLD,
    ENV,
    NTF,
    PRE,
    PRO,
    PS,
    RBK,
    SHIPPED,
    SOK,
    blind,
    ends,
    lost,
    no_way_back,
    row,
)

OWN_STEP = "design 2.4: the verdict names the step that failed; 10 is for preflight alone"
ONCE = "design 2.1: a promote is never made twice"

REMEMBERED = Cell(ends(Verdict.SHIPPED, "is remembered without its build"))


def unsure(says: str, what: str) -> dict[Step, Cell]:
    """The reply does not tell whether a write took effect: a read-back does (D)."""
    never = lost("the rack never showed", Serves.OLD)
    return {
        PRE: Cell(ends(Verdict.REFUSED, says)),
        ENV: Cell(ends(Verdict.ENV_FAILED, says), SHIPPED),
        BLD: Cell(ends(Verdict.BUILD_UNKNOWN, what), SHIPPED),
        PRO: Cell(never, SHIPPED),
        PS: blind(says),
        SOK: replace(blind(says), restarts_soak=True),
        RBK: no_way_back(says),
        NTF: REMEMBERED,
    }


def no(says: str) -> dict[Step, Cell]:
    """The rack said no, or was never reached: a write has had no effect."""
    return {
        **unsure(says, ""),
        ENV: Cell(ends(Verdict.ENV_FAILED, says)),
        BLD: Cell(ends(Verdict.BUILD_FAILED, says)),
        PRO: Cell(ends(Verdict.NOT_PROMOTED, says)),
        RBK: no_way_back(says, None),
    }


def denied(says: str) -> Cell:
    """Unknown too, but three in a row will not get better; two may have been a token that was renewed."""
    return replace(blind(says, 3.0), stays=lost((says, "the rack denied 3 reads in a row")))


ONE_ERROR = "something is wrong"
CANNOT_RUN = "cannot be run: it is not executable"
BY_SIGNAL = "ended by a signal"
LATE = "did not finish in time"
EXPIRED = "the rack does not accept the credential"
DENIED = "the rack credential may not do this"
TROUBLE = "the rack is in trouble"
BROKE = "the connection to the rack broke"
UNLISTED = "no release id in the answer"

CLI_ROWS = (
    row("F1", "CLI exits non-zero", "A D D D K – K D W", no(ONE_ERROR)),
    row(
        "F2",
        "CLI hangs",
        "A D D D K – K D W",
        {
            **unsure(LATE, LATE),
            PRO: Cell(ends(Verdict.NOT_PROMOTED, "the promote never started")),
        },
    ),
    row("F3", "CLI killed", "A D D D K – K D W", unsure("signal 9", BY_SIGNAL)),
    row(
        "F4",
        "CLI missing, not executable, too old",
        "A A A D K – K D W",
        {
            **no(CANNOT_RUN),
            PRE: Cell(
                ends(Verdict.REFUSED, CANNOT_RUN),
                test="tests/engine/test_allowed.py::TestCredential::test_cli_without_create_from_is_refused",
            ),
            ENV: Cell(ends(Verdict.ENV_FAILED, CANNOT_RUN), note=OWN_STEP),
            BLD: Cell(ends(Verdict.BUILD_FAILED, CANNOT_RUN), note=OWN_STEP),
            PRO: Cell(ends(Verdict.NOT_PROMOTED, CANNOT_RUN, None, *SHIP[:2])),
        },
    ),
    row(
        "F5",
        "CLI prints garbage",
        "A D D D K – K D W",
        {
            **unsure("gar bage", UNLISTED),
            RBK: no_way_back("no release id"),
        },
    ),
    row(
        "F6",
        "CLI exits 0, effect absent",
        "A D D D K – K D W",
        {
            **unsure("in the answer", UNLISTED),
            PRO: Cell(
                lost("the rack never showed", Serves.OLD),
                SHIPPED,
                note="design 2.1: after `Promoting R` a release that is never seen is lost-sight, not a no",
            ),
        },
    ),
    row(
        "F7",
        "401, expired mid-run",
        "A D D D K K K D W",
        {
            **no(EXPIRED),
            PRE: Cell(ends(Verdict.DENIED, EXPIRED)),
            BLD: Cell(ends(Verdict.BUILD_UNKNOWN, EXPIRED), SHIPPED),
            PS: denied(EXPIRED),
            SOK: denied(EXPIRED),
        },
    ),
    row(
        "F8",
        "403",
        "A A A D K K K D W",
        {
            **no(DENIED),
            PRE: Cell(ends(Verdict.DENIED, DENIED)),
            PS: denied(DENIED),
            SOK: denied(DENIED),
        },
    ),
    row(
        "F9",
        "404, app, release or process",
        "A D D D K V K A W",
        {
            **no("there is no such app"),
            PRE: Cell(ends(Verdict.REFUSED, "there is no app demo on this rack")),
            BLD: Cell(ends(Verdict.BUILD_UNKNOWN, "there is no such app"), SHIPPED),
            PRO: Cell(ends(Verdict.NOT_PROMOTED, "there is no such app"), note=ONCE),
            RBK: Cell(ends(Verdict.LEFT_BAD, "its release or build is gone", None, *SHIP, "copy")),
        },
    ),
    row(
        "F10",
        "409, locked, conflict",
        "A D D A K K K D W",
        {
            **no("app is currently updating"),
            PRE: Cell(ends(Verdict.BUSY, "app is currently updating")),
            PRO: Cell(
                ends(Verdict.BUSY, "app is currently updating"),
                note="design 2.4: busy (11) is the verdict of an app that is mid-update",
            ),
        },
    ),
    row(
        "F11",
        "429",
        "A D D D K K K D W",
        {
            **unsure("response status 429", TROUBLE),
            RBK: replace(no_way_back("response status 429"), note="design 2.1: no write is made twice"),
        },
    ),
    row(
        "F12",
        "5xx, HTML error page",
        "A D D D K V K D W",
        unsure("503 Service Temporarily Unavailable", TROUBLE),
    ),
    row("F13", "slow past the deadline", "A D D D K K K D W", unsure(LATE, LATE)),
    row(
        "F14",
        "partial body",
        "A D D D K K K D W",
        unsure("unexpected EOF", BROKE),
    ),
    row(
        "F15",
        "reset after the effect",
        "A D D D K K K D W",
        unsure("connection reset by peer", BROKE),
    ),
    row(
        "F16",
        "DNS failure",
        "A D D D K K K D W",
        {
            **no("no such host"),
            BLD: Cell(ends(Verdict.BUILD_UNKNOWN, "the rack's host has no address"), SHIPPED),
        },
    ),
    row(
        "F17",
        "TLS failure",
        "A A A D K K K D W",
        no("certificate has expired"),
    ),
    row(
        "F31",
        "rack API away for minutes",
        "A D D D K – K D W",
        {
            **no("connection refused"),
            BLD: Cell(ends(Verdict.BUILD_UNKNOWN, "nobody listens at the rack's address"), SHIPPED),
            PS: blind("connection refused", 180.0),
        },
    ),
)
