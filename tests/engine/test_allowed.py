"""What the credential may not do, and which rack it is, is found before anything is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deployer.core.capabilities import BACK, READS, WRITES, Capabilities, Credential, Kind, May
from deployer.core.errors import Denied
from deployer.core.events import Ended, Planned
from deployer.core.models import App
from deployer.core.names import RackName
from deployer.core.plan import Plan
from deployer.core.verdict import Verdict
from deployer.testing.rack import manifest_text, read_manifest
from tests.engine.conftest import Stage


def may_all_but(*denied: str, kind: Kind = Kind.CONSOLE) -> Capabilities:
    commands = dict.fromkeys((*READS, *WRITES), May.YES)
    return Capabilities(Credential(kind), {**commands, **dict.fromkeys(denied, May.NO)})


def text_of(ended: Ended) -> str:
    return " ".join(f"{what}: {hint}" for what, hint in ended.problems)


def plan_of(stage: Stage) -> Plan:
    [planned] = stage.sink.of(Planned)
    return planned.plan


class TestCredential:
    def test_that_cannot_go_back_is_refused(self, shipped: Stage) -> None:
        """A bad release must not be put where this credential could not take it away again."""
        shipped.rack.may = may_all_but("releases create-from")

        ended = shipped.ship()

        assert (Verdict.DENIED, []) == (ended.verdict, shipped.rack.writes)
        assert "may not run `convox releases create-from`, so a bad release could not be taken back" in ended.why
        assert "--no-rollback" in text_of(ended)

    def test_that_cannot_go_back_ships_when_that_is_accepted(self, shipped: Stage) -> None:
        """`--no-rollback` says it aloud."""
        shipped.rack.may = may_all_but("apps cancel", "releases create-from")

        assert Verdict.SHIPPED is shipped.ship(no_rollback=True).verdict

    def test_that_may_not_promote_is_refused_whatever_is_accepted(self, shipped: Stage) -> None:
        """All that is missing is told at once."""
        shipped.rack.may = may_all_but("build", "releases promote")

        ended = shipped.ship(no_rollback=True)

        assert Verdict.DENIED is ended.verdict
        assert "`convox build`, `convox releases promote`" in ended.why

    def test_denied_outweighs_the_other_problems(self, shipped: Stage) -> None:
        """Two problems, both told; the exit status is that of the permission."""
        shipped.rack.may = may_all_but("build")

        ended = shipped.ship(manifest=replace(read_manifest(manifest_text("good")), required=frozenset({"MISSING"})))

        assert (Verdict.DENIED, 2) == (ended.verdict, len(ended.problems))

    def test_denied_read_tells_all_that_is_denied(self, shipped: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first denial ends the look; the others are found out so that they can be granted together."""
        shipped.rack.may = may_all_but("ps", "env")

        def denied() -> App:
            raise Denied("convox apps info: the rack credential may not do this")

        monkeypatch.setattr(shipped.rack, "app", denied)

        ended = shipped.ship()

        assert Verdict.DENIED is ended.verdict
        assert "`convox env`, `convox ps`" in ended.why

    def test_unknown_is_a_warning(self, shipped: Stage) -> None:
        """A console key of which only trying tells: it ships, and the plan says so."""
        shipped.rack.may = Capabilities(Credential(Kind.CONSOLE), dict.fromkeys(READS, May.YES))

        ended = shipped.ship()

        assert Verdict.SHIPPED is ended.verdict
        [warning] = plan_of(shipped).warnings
        assert warning.startswith("only trying tells whether a console credential may run: build, releases promote")
        assert all(each in warning for each in BACK)

    def test_cli_without_create_from_is_refused(self, shipped: Stage) -> None:
        """Not the credential's fault: another status, another way out."""
        shipped.rack.may = replace(may_all_but(), lacks=("releases create-from",))

        ended = shipped.ship()

        assert Verdict.REFUSED is ended.verdict
        assert "convox update" in text_of(ended)

    @pytest.mark.parametrize(
        ("minutes", "verdict", "is_warned"),
        [(19, Verdict.DENIED, False), (60, Verdict.SHIPPED, True), (120, Verdict.SHIPPED, False)],
    )
    def test_token_must_outlive_the_run(self, shipped: Stage, minutes: int, verdict: Verdict, is_warned: bool) -> None:
        """Too short to watch and go back: refused. Shorter than the worst case: a warning."""
        expires = shipped.clock.utc() + timedelta(minutes=minutes)
        shipped.rack.may = replace(may_all_but(), credential=Credential(Kind.TOKEN, "write", expires))

        ended = shipped.ship()

        assert verdict is ended.verdict
        if verdict is Verdict.SHIPPED:
            assert is_warned is any("the token expires in" in each for each in plan_of(shipped).warnings)


class TestRack:
    @pytest.mark.parametrize("asked", ["", "production", "acme/production"])
    def test_that_was_asked_for_is_accepted(self, shipped: Stage, asked: str) -> None:
        """By its name, or the last part of it; or nothing was said."""
        shipped.rack.rack_info = replace(shipped.rack.rack_info, name=RackName("acme/production"))
        shipped.named = asked

        assert Verdict.SHIPPED is shipped.ship().verdict
        assert "acme/production" == plan_of(shipped).rack.name

    @pytest.mark.parametrize("asked", ["prod", "other/production", "acme", "acme/prod"])
    def test_that_matched_by_a_part_of_its_name_is_refused(self, shipped: Stage, asked: str) -> None:
        """`--rack prod` would be `acme/production` to the CLI: nothing but its name was asked for."""
        shipped.rack.rack_info = replace(shipped.rack.rack_info, name=RackName("acme/production"))
        shipped.named = asked

        ended = shipped.ship()

        assert (Verdict.REFUSED, []) == (ended.verdict, shipped.rack.writes)
        assert f"--rack {asked} was asked for, and the rack that answers is acme/production" in ended.why

    def test_of_v2_is_refused(self, shipped: Stage) -> None:
        """Its version is a date."""
        shipped.rack.rack_info = replace(shipped.rack.rack_info, version="20260418101514")

        ended = shipped.ship()

        assert Verdict.REFUSED is ended.verdict
        assert "is a Convox v2 rack (version 20260418101514)" in ended.why

    def test_is_met_before_a_rollback_too(self, shipped: Stage) -> None:
        """Whoever is called at night must not go back on another rack."""
        shipped.named = "prod"

        ended = shipped.rollback()

        assert (Verdict.REFUSED, []) == (ended.verdict, shipped.rack.writes)
