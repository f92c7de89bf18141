from __future__ import annotations

from deployer.core.events import Event, Hearing, Intended, Looked, Resumed, Wrote
from deployer.core.hearing import listen
from deployer.core.names import ReleaseId, ShipId
from deployer.core.summary import BUILD, NOT_DONE, PROMOTE

NEW, COPY = ReleaseId("RNEW"), ReleaseId("RCOPY")
PROMOTED = Intended(PROMOTE, "over ROLD", NEW)


def heard(*events: Event) -> Hearing | None:
    found = None
    for event in events:
        found = listen(found, event)
    return found


def look(second: int, answers: int = 4, *, errors: int = 0, lost: int = 0, unknown: int = 0) -> Looked:
    moment = f"2026-11-26T12:01:{second:02}.000+00:00"
    return Looked(
        "watch", NEW, "updating", (), answers=answers, errors=errors, lost=lost, unknown=unknown, looked_at=moment
    )


def test_nothing_is_heard_before_a_promote() -> None:
    """What answers until then is not what was shipped."""
    assert heard(look(1), Intended(BUILD), Wrote(BUILD, NOT_DONE)) is None


def test_every_look_since_the_promote_counts() -> None:
    """Those of the way back too, which promotes a copy of its own."""
    seen = heard(look(1), PROMOTED, look(2), look(4, 6), Intended(PROMOTE, "", COPY), look(6, unknown=3))

    assert Hearing("2026-11-26T12:01:02.000+00:00", answers=14, unknown=3) == seen


def test_trouble_is_from_the_first_look_with_any_to_the_last() -> None:
    """An error or a lost question; what cannot be known is none."""
    seen = heard(PROMOTED, look(2, unknown=4), look(4, errors=1), look(6), look(8, 2, lost=2), look(9))

    assert seen is not None
    assert (18, 1, 2, 4) == (seen.answers, seen.errors, seen.lost, seen.unknown)
    assert ("2026-11-26T12:01:04.000+00:00", "2026-11-26T12:01:08.000+00:00") == (seen.trouble_from, seen.trouble_to)


def test_a_run_that_took_up_another_knows_what_it_heard_itself() -> None:
    """A journal keeps too few looks to tell what the other one heard."""
    seen = heard(Resumed(ShipId("20261126-120000-000001"), NEW), look(30), look(32))

    assert Hearing("2026-11-26T12:01:30.000+00:00", answers=8, is_partial=True) == seen
