from __future__ import annotations

import stat
from pathlib import Path

import pytest

from deployer.core.errors import Refused
from deployer.core.names import AppName, RackName, ShipId
from deployer.ledger.incidents import keep_incident

SHIP = ShipId("20261124-120000-a1b2c3")
RACK, APP = RackName("acme/production"), AppName("myapi")


def test_report_is_for_us_alone(tmp_path: Path) -> None:
    """It may quote what a failing process said."""
    path = keep_incident(tmp_path / "state", RACK, APP, SHIP, "# rolled-back\n")

    assert tmp_path / "state" / "incidents" / "acme.production" / "myapi" / f"{SHIP}.md" == path
    assert "# rolled-back\n" == path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """Somebody who can make a link there must not have us write elsewhere."""
    folder = keep_incident(tmp_path / "state", RACK, APP, SHIP, "").parent
    other = ShipId("20261124-120000-a1b2c4")
    (folder / f"{other}.md").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError):  # noqa: PT011 - which one differs by system
        keep_incident(tmp_path / "state", RACK, APP, other, "x")
    assert not (tmp_path / "elsewhere").exists()


def test_text_that_cannot_be_encoded_is_kept_as_far_as_it_can(tmp_path: Path) -> None:
    """A lone surrogate, as a broken log may have it, costs a question mark and not the report."""
    assert "a?b" == keep_incident(tmp_path / "state", RACK, APP, SHIP, "a\udc80b").read_text()


def test_names_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    """As everywhere in our state folder."""
    with pytest.raises(Refused):
        keep_incident(tmp_path, RackName("../x"), APP, SHIP, "")
