"""
Rows F38 to F45, and the column HLT of the CLI's rows: what a health address answers.

A fault of the new release's own address is gone with it; on the way back it is the old one's.
"""

from __future__ import annotations

from dataclasses import replace

from deployer.core.verdict import Verdict
from tests.matrix.cells import BACK, SHIP, Cell, Serves, Step
from tests.matrix.ends import (
    HLT,
    NO_WAY_BACK,
    NTF,
    PRE,
    PS,
    RBK,
    SHIPPED,
    SOK,
    WENT_BACK,
    blind,
    ends,
    lost,
    row,
)

BAD_BASELINE = "design 2.1: a bad baseline never refuses a ship; going back is off, and said to be"
LATE = "did not finish in time"
# The new release is ready after 20 s; errors after that are heard for less than the 15 s that doom it.
READY_AND_ILL_S = 30.0


def unheard(says: str) -> dict[Step, Cell]:
    """No answer, or one that says nothing: unknown (K)."""
    back = ends(Verdict.ROLLBACK_UNCONFIRMED, says, Serves.COPY, *SHIP, *BACK)
    return {
        HLT: Cell(lost(says), SHIPPED),
        SOK: Cell(lost(says), SHIPPED, restarts_soak=True),
        RBK: Cell(back, WENT_BACK),
    }


def failing(code: str) -> dict[Step, Cell]:
    """Errors for long enough are evidence (V); for a few seconds they are not good."""
    back = ends(Verdict.ROLLBACK_UNCONFIRMED, f"api: {code}", Serves.COPY, *SHIP, *BACK)
    doomed = ends(Verdict.ROLLED_BACK, f"health answers of api are errors (api: {code}")
    return {
        HLT: Cell(doomed, SHIPPED, lasts_s=READY_AND_ILL_S),
        SOK: Cell(doomed, SHIPPED, lasts_s=8.0, restarts_soak=True),
        RBK: Cell(back, WENT_BACK, lasts_s=12.0),
    }


def bad_baseline(says: str) -> Cell:
    """What serves before us cannot be asked: the ship goes on, and says that there is no way back. Nor is one taken."""
    return Cell(ends(Verdict.SHIPPED, (says, "automatic rollback: off")), test=NO_WAY_BACK, note=BAD_BASELINE)


# The health half of rows that the CLI has too: HLT is theirs alone.
ANSWERED = {
    "F7": unheard("HTTP 401")[HLT],
    "F8": unheard("HTTP 403")[HLT],
    "F9": failing("HTTP 404")[HLT],
    "F10": unheard("HTTP 409")[HLT],
    "F11": unheard("HTTP 429")[HLT],
    "F12": failing("HTTP 503")[HLT],
    "F13": unheard("timed out")[HLT],
    "F14": unheard("answer broken off")[HLT],
    "F15": unheard("connection reset")[HLT],
    "F16": unheard("host name not found")[HLT],
    "F17": unheard("certificate not trusted")[HLT],
}
HEALTH_ROWS = (
    row(
        "F38",
        "health 200, old release",
        "– – – – – Z Z Z –",
        {
            HLT: Cell(lost("an answer for R"), SHIPPED),
            SOK: Cell(lost("an answer for R"), SHIPPED, restarts_soak=True),
            RBK: unheard("an answer for R")[RBK],
        },
    ),
    row(
        "F39",
        "health 200, no release field",
        "W – – – – K K K –",
        {PRE: bad_baseline("no release in its answers"), **unheard("no release in its answers")},
    ),
    row(
        "F40",
        "health 503, then 200",
        "– – – – – Z Z Z –",
        {step: replace(cell, stays=None) for step, cell in failing("HTTP 503").items()},
    ),
    row(
        "F41",
        "health 5xx, steady",
        "W – – – – V V V W",
        {
            PRE: bad_baseline("HTTP 500"),
            **{step: replace(cell, mends=None) for step, cell in failing("HTTP 500").items()},
            NTF: Cell(SHIPPED),
        },
    ),
    row(
        "F42",
        "redirect to a login page",
        "W – – – – K K K –",
        {PRE: bad_baseline("redirects to login.example"), **unheard("redirects to login.example")},
    ),
    row(
        "F43",
        "invalid JSON",
        "W – – – K K K K –",
        {PRE: bad_baseline("not JSON"), PS: blind("got: [{]"), **unheard("not JSON")},
    ),
    row(
        "F44",
        "huge body",
        "W – – – K K K K –",
        {PRE: bad_baseline("answer too large"), PS: blind("printed too much"), **unheard("answer too large")},
    ),
    row(
        "F45",
        "slow-loris body or headers",
        "W – – – K K K K –",
        {PRE: bad_baseline("timed out"), PS: blind(LATE), **unheard("timed out")},
    ),
)
