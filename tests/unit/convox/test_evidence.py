"""What is read of a failing release before it is taken away, with a real child process in the place of the CLI."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

import pytest

from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target
from deployer.core.names import ProcessId, ReleaseId, ServiceName
from deployer.core.why import LogLine, Unwell, why_of
from tests.unit.convox.conftest import HASTY
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

R1 = ReleaseId("RAAAAAAAAA1")
WEB = ServiceName("web")
FAILING = ProcessId("web-6f4-11111")
OLD = "web-5d9c7b6f4-abcde"
PS = f"""\
ID                   SERVICE  STATUS   RELEASE      STARTED     COMMAND
{FAILING}        web      crashed  RAAAAAAAAA1  1 hour ago  bin/web
"""
LOG = f"2026-06-25T12:00:01Z service/web/{FAILING} boom: %s\n2026-06-25T12:00:01Z service/web/{OLD} theirs: %s\n"
UNKNOWN = answer_of("deploy-debug-404-route")


@pytest.fixture
def failing(convox: ScriptedConvox) -> ScriptedConvox:
    """A rack whose release has one process that crashes, and no values in its env."""
    convox.says("ps", PS).says("env", "A=\n").says("logs", LOG % ("x=1", "y"))
    return convox.says("deploy-debug", answer_of("deploy-debug-json"))


def test_log_and_diagnosis_of_the_release(rack: ConvoxRack, failing: ScriptedConvox) -> None:
    """Lines of its own processes, and the rack's words for those that are not well."""
    found = rack.evidence(R1, WEB)

    assert (LogLine(FAILING, "boom: x=1"),) == found.log
    assert (
        Unwell(
            FAILING,
            WEB,
            "CrashLoopBackOff",
            "0/1",
            3,
            "Application is crashing on startup",
            ("boom: DATABASE_URL missing",),
            ("BackOff: Back-off restarting failed container",),
        ),
    ) == found.unwell
    assert "boom: DATABASE_URL missing" == why_of(found, FAILING)


@pytest.mark.parametrize(
    ("beside", "told"), [("", ("by nobody",)), (f"{OLD}  web      running  RAAAAAAAAA0  1 hour ago  bin/web\n", ())]
)
def test_line_of_nobody_may_be_that_of_a_release_nobody_has_read(
    rack: ConvoxRack, failing: ScriptedConvox, beside: str, told: tuple[str, ...]
) -> None:
    """It is told while only the failing release speaks: a value of another one would not be known for one."""
    failing.says("ps", PS + beside).says("logs", "by nobody\n")

    assert told == tuple(each.text for each in rack.evidence(R1, WEB).log)


@pytest.mark.parametrize("end", [UNKNOWN, answer_of("unknown-command"), Answer("{}x", status=0), Answer(signum=9)])
def test_rack_without_a_diagnosis_costs_the_log_nothing(rack: ConvoxRack, failing: ScriptedConvox, end: Answer) -> None:
    """Racks before 3.24.0 have no such path, older CLIs no such command: the log has to do."""
    failing.says("deploy-debug", end)

    found = rack.evidence(R1, WEB)

    assert (LogLine(FAILING, "boom: x=1"),) == found.log
    assert () == found.unwell


def test_error_is_no_line_of_a_log(rack: ConvoxRack, failing: ScriptedConvox) -> None:
    """`logs` prints its errors to stdout, status 0 (convox-facts 2.9)."""
    failing.says("logs", "ERROR: app not found: myapp\n").says("deploy-debug", UNKNOWN)

    assert not rack.evidence(R1, WEB)


def test_slow_rack_is_not_waited_for(runner: Runner, target: Target, failing: ScriptedConvox) -> None:
    """All is read side by side, and given up together."""
    rack = ConvoxRack(runner, target, replace(HASTY, evidence_s=1.0))
    failing.says("logs", Answer("late\n", seconds=30)).says("deploy-debug", Answer("{}", seconds=30))
    began_s = time.monotonic()

    assert not rack.evidence(R1, WEB)
    assert time.monotonic() - began_s < 10


def test_all_services_where_none_is_named(rack: ConvoxRack, failing: ScriptedConvox) -> None:
    """Without a service there is no log to ask for (convox-facts 10.1), but a diagnosis of all."""
    found = rack.evidence(R1, None)

    assert [FAILING] == [each.process for each in found.unwell]
    assert "deploy-debug -o json --lines 40 -a myapp" in failing.lines
    assert not any(line.startswith("logs") for line in failing.lines)


def test_words_of_the_rack_are_one_harmless_line(rack: ConvoxRack, failing: ScriptedConvox) -> None:
    """JSON spells any character, and a container's last message may be the reason for its state."""
    spelled = answer_of("deploy-debug-json").stdout.replace("CrashLoopBackOff", "Waiting \\u001b[31m\\u202e\\nfor it")
    failing.says("deploy-debug", spelled)

    [pod] = rack.evidence(R1, WEB).unwell

    assert "Waiting" == pod.state


class TestSecrets:
    CANARY = f"canary-{secrets.token_hex(8)}"

    def test_values_of_the_release_are_masked(self, rack: ConvoxRack, failing: ScriptedConvox) -> None:
        """Its env is read first, so that what it blurts out is known for what it is."""
        diagnosis = answer_of("deploy-debug-json").stdout.replace("DATABASE_URL", f"DATABASE_URL={self.CANARY}")
        failing.says("env", f"TOKEN={self.CANARY}\n").says("logs", LOG % (self.CANARY, "y"))
        for word in ("crashing", "Back-off", "CrashLoopBackOff"):
            diagnosis = diagnosis.replace(word, self.CANARY)
        failing.says("deploy-debug", diagnosis)

        found = rack.evidence(R1, WEB)

        assert found.log
        assert found.unwell
        assert self.CANARY not in str(found)

    def test_secret_that_would_be_cut_short_is_masked_whole(self, rack: ConvoxRack, failing: ScriptedConvox) -> None:
        """The half of a secret is not known for one any more."""
        failing.says("env", f"TOKEN={self.CANARY}\n").says("logs", LOG % ("x" * 485 + self.CANARY, "y"))

        assert "canary" not in str(rack.evidence(R1, WEB).log)

    def test_nothing_is_shown_whose_values_nobody_knows(self, rack: ConvoxRack, failing: ScriptedConvox) -> None:
        """An env that cannot be read cannot be masked."""
        failing.says("env", answer_of("ps-401"))

        assert not rack.evidence(R1, WEB)

    def test_lines_of_other_releases_are_left_out(self, rack: ConvoxRack, failing: ScriptedConvox) -> None:
        """Their env was not read, and their words explain nothing."""
        failing.says("logs", LOG % ("x", self.CANARY))

        assert self.CANARY not in str(rack.evidence(R1, WEB))
