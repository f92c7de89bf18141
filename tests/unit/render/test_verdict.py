from __future__ import annotations

import pytest

from deployer.core.events import Ended
from deployer.core.verdict import Verdict
from deployer.render.verdict import ended_line
from deployer.render.words import Kind

UNTOUCHED = [
    each for each in Verdict if each.label in ("usage", "internal-error", "cancelled") or 10 <= each.status < 18
]


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("RNEW serves on 4 of 4 processes (2m30)", Ended(Verdict.SHIPPED, None, "RNEW")),
        ("RNEW serves on 2 of 2 processes (2m30)", Ended(Verdict.SHIPPED, None, "RNEW serves on 2 of 2 processes")),
        ("RTWO serves, the build of RONE (2m30)", Ended(Verdict.RESTORED, None, "RTWO serves, the build of RONE")),
        ("RNEW is active, not proven (2m30)", Ended(Verdict.UNVERIFIED, None, "RNEW")),
        ("ROLD serves, as before", Ended(Verdict.ROLLED_BACK, None, "ROLD, as before")),
        ("nothing serves, as before", Ended(Verdict.FIRST_FAILED, None, "nothing, as before")),
        ("RNEW is active, failing", Ended(Verdict.LEFT_BAD, None, "RNEW, failing")),
        ("what serves: unknown", Ended(Verdict.ROLLBACK_UNCONFIRMED, None, "unknown")),
        ("RELSE is active, not proven", Ended(Verdict.SUPERSEDED, None, "RELSE")),
        ("what serves: not observable; left alone", Ended(Verdict.LOST_SIGHT, None, "")),
    ],
)
def test_what_serves_is_said_first_and_never_claimed_without_proof(text: str, ended: Ended) -> None:
    """`serves` is for what was proven to; where nobody has shown it, the words are weaker."""
    told = ended_line(ended, on="4 of 4 processes", times="2m30")

    assert (ended.verdict.label, text) == (told.step, told.text)


def test_a_success_without_proof_is_a_warning() -> None:
    """Status 0, and yet nobody shall take it for shipped."""
    assert Kind.WARNING is ended_line(Ended(Verdict.UNVERIFIED, None, "RNEW, by the word of the rack")).kind


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_ends_in_its_own_name_and_the_next_command(verdict: Verdict) -> None:
    """The last words of a run: the verdict by its label, what serves, what to type (I2)."""
    told = ended_line(Ended(verdict, None, "ROLD", why="because", hints=("deployer help",)))

    text = "\n".join([f"{told.step} {told.text}", *told.more])
    assert verdict.label in text
    assert "ROLD" in text
    assert "deployer help" in text


@pytest.mark.parametrize("verdict", UNTOUCHED)
def test_what_changed_nothing_reads_as_an_error(verdict: Verdict) -> None:
    """Verdict and reason, what still serves, what to try; without a time and a step."""
    told = ended_line(Ended(verdict, None, "ROLD", why="no such app", hints=("convox apps",)))

    first, *rest = told.text.splitlines()
    assert (Kind.ERROR, "", ()) == (told.kind, told.step, told.more)
    assert first.startswith(f"{verdict.label}: ")
    assert first.endswith("no such app")
    assert ["  still serving: ROLD", "  try: convox apps"] == rest


def test_a_cancelled_run_says_that_nothing_changed() -> None:
    """Whoever pressed Ctrl-C wants to know one thing."""
    told = ended_line(Ended(Verdict.CANCELLED, None, "ROLD"))

    assert "cancelled: nothing that serves was changed\n  still serving: ROLD" == told.text


def test_an_interrupted_run_says_all_in_its_first_line() -> None:
    """A signal leaves time for one line: what serves, and how to go on."""
    serving = "ROLD or RNEW: RNEW is rolling out"
    hints = ("deployer resume --app demo", "deployer rollback --app demo")

    told = ended_line(Ended(Verdict.INTERRUPTED, None, serving, why="signal 2", hints=hints))

    assert f"what serves: {serving} · next: deployer resume --app demo" == told.text
    assert ("why:      signal 2", "or:       deployer rollback --app demo") == told.more


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ((), "api-1 crashed twice"),
        ((), "api-1 crashed twice: fatal: MODE must be set"),
        (("why:      api-1 crashed twice; then RELSE became active",), "api-1 crashed twice; then RELSE became active"),
    ],
)
def test_a_reason_that_was_told_is_not_told_again(more: tuple[str, ...], why: str) -> None:
    """The doom said why already, its evidence too; anything beyond them is said."""
    told = "api-1 crashed twice (crash loop)\nfatal: MODE must be set (api-1)"

    assert more == ended_line(Ended(Verdict.ROLLED_BACK, None, "ROLD", why=why), told=told).more
    assert (f"why:      {why}",) == ended_line(Ended(Verdict.ROLLED_BACK, None, "ROLD", why=why)).more


def test_a_good_end_says_how_to_undo_it() -> None:
    """Once, whether the engine has put the word before it or not."""
    bare = ended_line(Ended(Verdict.SHIPPED, None, "RNEW", hints=("deployer rollback",)))
    labelled = ended_line(Ended(Verdict.RESTORED, None, "RNEW", hints=("undo: deployer rollback",)))

    assert ("undo: deployer rollback",) == bare.more == labelled.more


def test_all_problems_are_listed() -> None:
    """Preflight finds them all at once, so they are told at once."""
    problems = (("A_KEY is set nowhere", "set it"), ("B_KEY has a line break", "base64 it"))

    told = ended_line(Ended(Verdict.REFUSED, None, "ROLD", why="A_KEY is set nowhere", problems=problems))

    assert [
        "refused: 2 problems",
        "  A_KEY is set nowhere",
        "    try: set it",
        "  B_KEY has a line break",
        "    try: base64 it",
        "  still serving: ROLD",
    ] == told.text.splitlines()


def test_where_to_look_further_is_named() -> None:
    """The evidence of a failure, by its path."""
    ended = Ended(Verdict.ROLLED_BACK, None, "ROLD", hints=("fix it",), evidence="incidents/1.md")

    assert ("evidence: incidents/1.md", "next:     fix it") == ended_line(ended).more
