"""Env that somebody else sets while a ship does."""

from __future__ import annotations

from deployer.core.environment import Environment
from deployer.core.verdict import Verdict
from tests.engine.conftest import APP, Stage


def test_env_that_changed_while_it_was_set_is_not_built_on(shipped: Stage) -> None:
    """Theirs is in ours now, and was in no plan: nothing is built, nothing is lost, and the key is named."""

    def somebody(words: str) -> None:
        if words == "env set":
            shipped.model.create_release(APP, env="THEIRS=1")

    shipped.rack.on_write = somebody

    ended = shipped.ship(wanted=Environment.of(OURS="1"))

    assert (Verdict.BUSY, ["env set"]) == (ended.verdict, shipped.rack.writes)
    assert "while it was set (+ THEIRS)" in ended.why
