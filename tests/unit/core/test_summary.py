from __future__ import annotations

from deployer.core.events import Event, Intended, Resumed, Started, Wrote
from deployer.core.names import AppName, ReleaseId, ShipId
from deployer.core.summary import DONE, NOT_DONE, PROMOTE, Summary

SHIP, NEW, COPY = ShipId("20261124-120000-000001"), ReleaseId("RNEW"), ReleaseId("RCOPY")


def fold(*events: Event) -> Summary:
    summary = Summary().after(Started(SHIP, "ship", AppName("demo"), "tester", "0"))
    for event in events:
        summary = summary.after(event)
    return summary


def promoted(release: ReleaseId, outcome: str = DONE) -> tuple[Event, Event]:
    return Intended(PROMOTE, "", release), Wrote(PROMOTE, outcome, release if outcome == DONE else None)


def test_a_second_promote_is_the_way_back_from_the_first() -> None:
    """One ship promotes once, and goes back once at most."""
    seen = fold(*promoted(NEW), *promoted(COPY))

    assert (COPY, NEW) == (seen.promoting, seen.left)


def test_a_way_back_that_never_started_leaves_what_was_promoted() -> None:
    """It still rolls out, and whoever leaves now leaves it behind."""
    seen = fold(*promoted(NEW), *promoted(COPY, NOT_DONE))

    assert (NEW, None) == (seen.promoting, seen.left)
    assert seen.is_under_way


def test_a_promote_that_never_started_leaves_nothing() -> None:
    """Nothing was touched."""
    assert not fold(*promoted(NEW, NOT_DONE)).is_under_way


def test_a_run_that_takes_up_what_was_never_seen_knows_no_more() -> None:
    """Until it has seen it itself."""
    unseen = fold(Resumed(SHIP, NEW, is_seen=False))

    assert unseen.is_promote_unknown
    assert not unseen.after(Wrote(PROMOTE, DONE, NEW)).is_promote_unknown
    assert not fold(Resumed(SHIP, NEW)).is_promote_unknown


def test_a_run_that_takes_up_a_way_back_is_on_one() -> None:
    """It may be cut short itself."""
    seen = fold(Resumed(SHIP, COPY, left=NEW))

    assert (COPY, NEW) == (seen.promoting, seen.left)
