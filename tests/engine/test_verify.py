"""Verify: the whole proof of what serves, and not one write."""

from __future__ import annotations

import signal

import pytest

from deployer.core.events import Ended, Intended
from deployer.core.verdict import Verdict
from deployer.engine.verify import VerifyRequest, verify
from deployer.testing.programs import Program
from tests.engine.conftest import APP, Stage


def verified(stage: Stage) -> Ended:
    request = VerifyRequest(ship=stage.next_ship(), actor="tester", policy=stage.policy)
    return stage.run("verify", lambda ports: verify(request, ports), request.ship)


def test_what_serves_is_proven(shipped: Stage) -> None:
    """Every process has answered for the active release, for the whole soak."""
    ended = verified(shipped)

    assert (Verdict.SHIPPED, shipped.active) == (ended.verdict, ended.release)
    assert f"{shipped.active} serves on 2 of 2 processes" == ended.serving
    assert ended.seconds >= shipped.policy.soak_s


@pytest.mark.parametrize("program", [Program(fails_from_s=0.0), Program(says_release="ROTHERCODE")])
def test_what_fails_is_left(shipped: Stage, program: Program) -> None:
    """It is said, with the way back, and nothing is done about it."""
    shipped.world.programs["good"] = program
    ended = verified(shipped)

    assert Verdict.LEFT_BAD is ended.verdict
    assert f"deployer rollback --app {APP}" == ended.hints[0]


def test_somebody_who_promotes_meanwhile_supersedes(shipped: Stage) -> None:
    """What was looked at serves no more."""
    release = shipped.built()
    shipped.world.at(shipped.clock.now_s() + 5.0, lambda: shipped.model.promote(APP, release))
    ended = verified(shipped)

    assert (Verdict.SUPERSEDED, release) == (ended.verdict, ended.serving)


def test_a_rack_that_goes_dark_is_lost_sight(shipped: Stage) -> None:
    """Nothing is concluded from silence."""
    shipped.world.at(shipped.clock.now_s() + 5.0, lambda: setattr(shipped.rack, "is_dark", True))

    assert Verdict.LOST_SIGHT is verified(shipped).verdict


def test_nothing_to_verify_is_refused(stage: Stage) -> None:
    """Nothing was ever promoted."""
    ended = verified(stage)

    assert Verdict.REFUSED is ended.verdict
    assert "nothing is active on demo" in ended.why


def test_a_signal_ends_it(shipped: Stage) -> None:
    """Nothing of ours is under way, so nothing is left."""
    shipped.clock.interrupt_at(shipped.clock.now_s() + 5.0, signal.SIGINT)

    assert 130 == verified(shipped).verdict.status


@pytest.mark.parametrize("program", ["good", "crashes"])
def test_it_writes_nothing(shipped: Stage, program: str) -> None:
    """Not on the rack, not in the ledger, good or bad (I13)."""
    shipped.world.programs["good"] = shipped.world.programs[program]
    entries, lock = list(shipped.ledger.entries), shipped.ledger.lock
    verified(shipped)

    assert ([], []) == (shipped.rack.writes, shipped.sink.of(Intended))
    assert (entries, lock) == (shipped.ledger.entries, shipped.ledger.lock)
