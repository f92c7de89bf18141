"""An app on a simulated rack, and the words to ship it with."""

from __future__ import annotations

import pytest

from deployer.testing.app import APP, SimulatedApp

__all__ = ["APP", "Stage"]

Stage = SimulatedApp


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def shipped(stage: Stage) -> Stage:
    """A stage on which a good release was shipped and has come to rest."""
    ended = stage.ship("good")
    assert 0 == ended.verdict.status
    stage.rest()
    return stage
