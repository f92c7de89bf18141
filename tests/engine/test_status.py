from __future__ import annotations

from itertools import islice

from deployer.core.errors import TimedOut
from deployer.core.verdict import Verdict
from deployer.engine.status import Status, keep_looking
from tests.engine.conftest import APP, Stage


def test_looking_on_sees_what_changes_and_writes_nothing(shipped: Stage) -> None:
    """A look every few seconds; a rack that does not answer for a while ends nothing."""
    looks = keep_looking(shipped.ports, shipped.policy)
    shipped.rack.writes.clear()
    before = next(looks)
    shipped.rack.is_dark = True
    dark = next(looks)
    shipped.rack.is_dark = False
    release = shipped.built("better")
    shipped.model.promote(APP, release)
    after = list(islice(looks, 12))

    assert isinstance(before, Status)
    assert isinstance(dark, TimedOut)
    assert isinstance(after[-1], Status)
    assert (Verdict.SHIPPED, release) == (after[-1].verdict, after[-1].app.release)
    assert [] == shipped.rack.writes
