"""The promote child: what it has shown so far, and what is certain not to have promoted."""

from __future__ import annotations

import time

import pytest

from deployer.convox.calls import Calls
from deployer.convox.children import Promotion
from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target
from deployer.core.errors import Denied, RackBusy, RefusedByRack
from deployer.core.names import ReleaseId
from deployer.engine.clock import SystemClock
from deployer.engine.ports import PromoteChild
from tests.unit.convox.conftest import HASTY
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

R0 = ReleaseId("RAAAAAAAAA0")


def until_over(child: PromoteChild, clock: SystemClock) -> None:
    assert clock.wait(5.0, lambda: child.state().is_over)


def until_announced(child: PromoteChild) -> None:
    deadline = time.monotonic() + 5
    while not child.state().is_announced and time.monotonic() < deadline:
        time.sleep(0.01)


def test_release_is_named_once(rack: ConvoxRack, convox: ScriptedConvox, clock: SystemClock) -> None:
    """Without an id the CLI would promote the newest release, whoever made it."""
    convox.says("releases promote", answer_of("promote"))

    child = rack.promote(R0)
    until_over(child, clock)

    assert ["releases promote RAAAAAAAAA0 --wait -a myapp"] == convox.lines
    state = child.state()
    assert (True, False, None) == (state.is_announced, state.is_waiting, state.refusal)
    assert "Promoting RAAAAAAAAA0... " == state.lines[0]


def test_announcement_is_seen_while_the_child_works(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """State is a look at what was printed so far; asking does not wait."""
    convox.says("releases promote", Answer("Promoting RAAAAAAAAA0... ", seconds=30))
    child = rack.promote(R0)

    until_announced(child)

    assert not child.state().is_over
    child.kill()


def test_kill_ends_it_and_is_no_refusal(rack: ConvoxRack, convox: ScriptedConvox, clock: SystemClock) -> None:
    """A child that we ended tells nothing about the rollout. Twice is once."""
    convox.says("releases promote", Answer("Promoting RAAAAAAAAA0... \n", seconds=30))
    child = rack.promote(R0)
    until_announced(child)

    child.kill()
    child.kill()

    state = child.state()
    assert (True, None) == (state.is_over, state.refusal)


def test_waiting_for_another_rollout_is_seen_without_a_newline(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """It would wait 35 minutes and then promote on top of somebody; the line it prints has no end."""
    convox.says("releases promote", Answer("Waiting for app to be ready... ", seconds=30))
    child = rack.promote(R0)

    deadline = time.monotonic() + 5
    while not child.state().is_waiting and time.monotonic() < deadline:
        time.sleep(0.01)

    assert (True, False) == (child.state().is_waiting, child.state().is_announced)
    child.kill()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("app is currently updating", RackBusy),
        ("can not promote an older release, try rollback", RefusedByRack),
        ("can not promote a release with an empty manifest", RefusedByRack),
        ("required env: A, B", RefusedByRack),
        ("process exec requires write access", Denied),
        ("app is locked", RefusedByRack),
    ],
)
def test_refusals_are_certain(
    rack: ConvoxRack, convox: ScriptedConvox, clock: SystemClock, error: str, kind: type[Exception]
) -> None:
    """The rack's own no, with its reason."""
    convox.says("releases promote", Answer("Promoting RAAAAAAAAA0... \n", f"ERROR: {error}\n", 1))

    child = rack.promote(R0)
    until_over(child, clock)

    refusal = child.state().refusal
    assert isinstance(refusal, kind)
    assert error == getattr(refusal, "why", "")


@pytest.mark.parametrize(
    "case",
    ["promote-reverted", "promote-post-drop", "promote-wait-500-twice", "promote-post-504-empty", "promote-wait-hang"],
)
def test_hints_are_not_refusals(rack: ConvoxRack, convox: ScriptedConvox, clock: SystemClock, case: str) -> None:
    """`rollback`, a lost reply or a server error may all stand for a rollout under way."""
    convox.says("releases promote", answer_of(case))

    child = rack.promote(R0)
    until_over(child, clock)

    assert child.state().refusal is None


def test_credential_that_expires_while_the_cli_polls_is_no_refusal(
    runner: Runner, target: Target, convox: ScriptedConvox, clock: SystemClock
) -> None:
    """The promote was accepted; what ended the child came later."""
    end = Answer("Promoting RAAAAAAAAA0... \n", "ERROR: invalid authentication\n", 1, seconds=0.2)
    convox.says("releases promote", end)
    calls = Calls(runner, target, HASTY)

    child = Promotion(calls, runner.start(calls.commands.promote(R0)), R0, first_poll_s=0.1)
    until_over(child, clock)

    assert child.state().refusal is None
