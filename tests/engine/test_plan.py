"""A plan alone, and a ship that does what was planned or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deployer.core.environment import Environment
from deployer.core.errors import Refused
from deployer.core.models import Source
from deployer.core.plan import Plan
from deployer.core.verdict import Verdict
from deployer.engine.draft import ShipRequest
from deployer.engine.prepare import plan_only
from deployer.testing.rack import read_manifest
from tests.engine.conftest import APP, Stage

SOURCE = Source("better", "0123456789abcdef", "Make it better")


def planned(stage: Stage, **more: object) -> Plan:
    request = {
        "ship": stage.next_ship(),
        "actor": "tester",
        "policy": stage.policy,
        "source": SOURCE,
        "manifest": read_manifest(stage.rack.convox_yml("better")),
        "wanted": Environment({}),
        **more,
    }
    stage.rack.writes.clear()
    return plan_only(ShipRequest(**request), stage.ports)  # type: ignore[arg-type]


def test_nothing_is_written(shipped: Stage) -> None:
    """No build, no env, no lock; and what a ship would do is known."""
    events = len(shipped.sink.events)
    plan = planned(shipped, wanted=Environment.of(MODE="new"))

    assert [] == shipped.rack.writes
    assert shipped.ledger.lock is None
    assert events == len(shipped.sink.events)
    assert (("MODE",), True) == (plan.env.added, plan.changes)


def test_what_stands_in_the_way_is_told(shipped: Stage) -> None:
    """All that a ship would be refused for."""
    shipped.rack.service = {"environment": ["OPENAI_API_KEY"]}
    manifest = read_manifest(shipped.rack.convox_yml("better"))

    with pytest.raises(Refused, match="OPENAI_API_KEY is required"):
        planned(shipped, manifest=manifest)


def test_a_release_that_is_active_already_is_no_change(shipped: Stage) -> None:
    """For `--exit-code`: there is nothing to ship."""
    release = shipped.ledger.entries[0].release

    assert not planned(shipped, release=release, source=None, manifest=None).changes


def test_what_was_planned_is_shipped(shipped: Stage) -> None:
    """The world is as it was."""
    plan = planned(shipped, wanted=Environment.of(MODE="new"))

    ended = shipped.ship("better", source=SOURCE, wanted=Environment.of(MODE="new"), planned=plan)

    assert Verdict.SHIPPED is ended.verdict


def somebody_promotes(stage: Stage) -> None:
    stage.model.promote(APP, stage.built("good"))
    stage.rest()


def somebody_stages(stage: Stage) -> None:
    stage.model.create_release(APP, env="THEIRS=1")


MOVES: list[tuple[Callable[[Stage], None], dict[str, object], str]] = [
    (somebody_promotes, {}, "what serves"),
    (somebody_stages, {}, "what others have staged: none was planned, it is THEIRS"),
    (lambda _: None, {"wanted": Environment.of(MODE="new")}, "the env: none was planned, it is + MODE"),
    (
        lambda _: None,
        {"source": replace(SOURCE, commit="ffff")},
        "the source: 0123456789abcdef was planned, it is ffff",
    ),
    (lambda _: None, {"no_rollback": True}, "the way back: on was planned, it is --no-rollback"),
]


@pytest.mark.parametrize(("move", "wishes", "told"), MOVES)
def test_a_world_that_moved_is_refused(
    shipped: Stage, move: Callable[[Stage], None], wishes: dict[str, object], told: str
) -> None:
    """What differs is named, and nothing is written."""
    plan = planned(shipped)
    move(shipped)

    ended = shipped.ship("better", **{"source": SOURCE, "planned": plan, **wishes})

    assert Verdict.REFUSED is ended.verdict
    assert told in str(ended.problems)
    assert [] == shipped.rack.writes
