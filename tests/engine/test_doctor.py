"""Doctor sees what a ship would see, and writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deployer.core.capabilities import READS, Capabilities, Credential, Kind, May
from deployer.core.checks import Check, Level
from deployer.core.errors import Problem, RackUnreachable
from deployer.core.names import RackName
from deployer.engine.doctor import Desk, examine
from tests.engine.conftest import Stage


def rows(stage: Stage, **desk: object) -> dict[str, Check]:
    found = examine(Desk(convox="/usr/bin/convox", policy=stage.policy, **desk), stage.ports)  # type: ignore[arg-type]
    return {each.subject: each for each in found}


def test_healthy_app_is_ok_from_end_to_end(shipped: Stage) -> None:
    """One row a subject, each with what was seen."""
    shipped.rack.writes.clear()

    found = rows(shipped)

    assert {Level.OK} == {each.level for each in found.values()}
    assert ["convox", "rack", "credential", "app", "health", "way back", "manifest", "journal"] == list(found)
    assert "3.24.9 at /usr/bin/convox" == found["convox"].text
    assert f"demo running on {shipped.active}" == found["app"].text
    assert f"2 of 2 processes of api answer with {shipped.active}" in found["health"].text
    assert f"{shipped.active} (build there, env of 0 keys readable)" == found["way back"].text
    assert [] == shipped.rack.writes


def test_first_deploy_has_nothing_to_ask(stage: Stage) -> None:
    """The app is there and empty: no health, no way back, and that is no failure."""
    found = rows(stage)

    assert "demo running; nothing was ever promoted" == found["app"].text
    assert not {"health", "way back"} & found.keys()


def test_denied_credential_fails_and_the_rest_is_still_looked_at(shipped: Stage) -> None:
    """The row says what to ask for."""
    shipped.rack.may = replace(shipped.rack.may, commands={**shipped.rack.may.commands, "releases create-from": May.NO})

    found = rows(shipped)

    assert Level.FAIL is found["credential"].level
    assert "convox rack access --role write" in found["credential"].hint
    assert Level.OK is found["health"].level


def test_token_says_how_long_it_is_good(shipped: Stage) -> None:
    """Nobody wants to find that out in the middle of a ship."""
    expires = shipped.clock.utc() + timedelta(hours=8)
    shipped.rack.may = replace(shipped.rack.may, credential=Credential(Kind.TOKEN, "write", expires))

    found = rows(shipped)["credential"]

    assert Level.OK is found.level
    assert "a write token, good for 480 min, may do all that a ship and its way back need" == found.text


def test_credential_of_which_only_trying_tells_is_a_warning(shipped: Stage) -> None:
    """A console key: reads are known, writes are not."""
    shipped.rack.may = Capabilities(Credential(Kind.CONSOLE), dict.fromkeys(READS, May.YES))

    assert Level.WARN is rows(shipped)["credential"].level


def test_dark_rack_ends_the_look(shipped: Stage) -> None:
    """What lies behind it cannot be seen; what is on this machine can."""
    shipped.rack.is_dark = True

    found = rows(
        shipped, remarks=(Problem("convox.yml:3 PORT", "delete the line"),), journal="/state cannot be written to"
    )

    assert ["convox", "rack", "credential", "app", "manifest", "journal"] == list(found)
    assert [Level.FAIL, Level.WARN, Level.FAIL] == [found[each].level for each in ("app", "manifest", "journal")]


def test_another_rack_fails_its_row(shipped: Stage) -> None:
    """By its own name it is not the one that was asked for: nothing more is asked of it."""
    shipped.rack.rack_info = replace(shipped.rack.rack_info, name=RackName("acme/production"))
    shipped.named = "prod"

    found = rows(shipped)

    assert ("rack", Level.FAIL) == (found["rack"].subject, found["rack"].level)
    assert "app" not in found


def test_missing_convox_is_the_first_row(shipped: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else can be known without it."""

    def missing() -> str:
        raise RackUnreachable("convox was not found", hint="--convox PATH")

    monkeypatch.setattr(shipped.rack, "cli_version", missing)

    found = rows(shipped, manifest_problems=(Problem("no convox.yml"),))

    assert [Level.FAIL] * 2 == [found["convox"].level, found["manifest"].level]
    assert "rack" not in found


def test_failing_service_is_a_warning(shipped: Stage) -> None:
    """A bad baseline never refuses a ship: people must be able to fix forward."""
    shipped.probe.is_deaf = True

    found = rows(shipped)

    assert Level.WARN is found["health"].level
