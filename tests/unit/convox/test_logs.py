from __future__ import annotations

import pytest

from deployer.convox.logs import log_lines
from deployer.core.names import ProcessId
from deployer.core.why import LogLine

PROCESS = ProcessId("web-5d9c7b6f4-abcde")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (  # recorded: logs-nofollow
            "2026-06-25T12:00:01Z service/web:RAAAAAAAAA1/web-5d9c7b6f4-abcde hello from web",
            LogLine(PROCESS, "hello from web"),
        ),
        ("[pod/web-5d9c7b6f4-abcde/main] 2026-06-25T12:00:01Z boom: x=1", LogLine(PROCESS, "boom: x=1")),
        ("2026-06-25T12:00:03Z system/k8s/web Scaled up", LogLine(ProcessId("web"), "Scaled up")),
        ("2026-06-25T12:00:03Z web plain", LogLine(None, "plain")),
        ("no shape at all", LogLine(None, "no shape at all")),
    ],
)
def test_line_says_whose_it_is(text: str, line: LogLine) -> None:
    """The process is known where the provider's shape names it; any other line is kept as it is."""
    assert (line,) == log_lines(text)


def test_empty_log_has_no_lines() -> None:
    """`logs` is often silent, status 0 (convox-facts 10.1)."""
    assert () == log_lines("\n\n")
