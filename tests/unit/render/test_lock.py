from __future__ import annotations

import json
from dataclasses import replace

from deployer.core.names import AppName, ReleaseId, ShipId
from deployer.engine.ports import LockNote
from deployer.render.lock import lock_json, lock_text

APP = AppName("myapi")
NOTE = LockNote(ShipId("20261124-120000-a1b2c3"), "gha:1", "12:00", "13:00", "ship", "https://ci.example/1")


def test_the_holder_with_all_that_is_known() -> None:
    """Who, for what, since when, until when, and where to look."""
    assert [
        "gha:1 holds the lock of myapi: ship since 12:00, until 13:00 at most",
        "https://ci.example/1",
    ] == lock_text(APP, NOTE).splitlines()


def test_what_it_promotes_can_be_seen_from_anywhere() -> None:
    """A run that is gone, on a machine that is gone, still says what it put over what."""
    note = replace(NOTE, promoting=ReleaseId("RNEW"), over=ReleaseId("ROLD"))

    assert "it promotes RNEW over ROLD" in lock_text(APP, note)
    assert "RNEW" == json.loads(lock_json(APP, note))["holder"]["promoting"]


def test_nobody() -> None:
    """Said in words, and as null for a script."""
    assert "nobody holds the lock of myapi" == lock_text(APP, None)
    assert json.loads(lock_json(APP, None))["holder"] is None
    assert "gha:1" == json.loads(lock_json(APP, NOTE))["holder"]["by"]
