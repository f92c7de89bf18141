"""Processes and commands that say more than anybody can read: bounded on disk and in memory, and in nobody's way."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import psutil
import pytest

from deployer.localrack.logs import FILE_BYTES
from tests.scenario.localrack.harness import APP, Driver

pytestmark = pytest.mark.rack

MB = 1_000_000
FLOODED_S = 1.5
MANIFEST = "services:\n  worker:\n    build: .\n    command: sh work.sh\n    scale: 2\n"


def seconds(of: Callable[[], object]) -> float:
    start_s = time.monotonic()
    of()
    return time.monotonic() - start_s


def memory(rack: Driver) -> int:
    return int(psutil.Process(rack.info.pid).memory_info().rss)


@pytest.mark.parametrize("word", ["", "x" * 5000])
def test_a_process_that_floods_its_log_is_in_nobodys_way(rack: Driver, word: str) -> None:
    """Neither in short lines nor in long ones: others are answered, and what is kept of it is bounded."""
    before = memory(rack)
    rack.promote(rack.build({"convox.yml": MANIFEST, "work.sh": f"exec yes '{word}'\n"}))
    with rack.socket(f"/apps/{APP}/logs"):  # a follower who never reads
        rack.wait_for(lambda: ["running", "running"] == [row["status"] for row in rack.rows()])
        time.sleep(FLOODED_S)

        answered_s = sorted(seconds(lambda: rack.get("/apps")) for _ in range(5))
        on_disk = sum(file.stat().st_size for file in (rack.info.home / "logs").rglob("*.log*"))

        # it was 8 s before a process that floods had to wait for others
        assert answered_s[2] < 1
        assert 0 < on_disk <= 2 * 2 * (FILE_BYTES + 100_000)
        assert memory(rack) - before < 60 * MB


def test_a_command_whose_output_nobody_takes_waits(rack: Driver) -> None:
    """With a reader that is slow, and when it has gone."""
    rack.promote(rack.build({"convox.yml": MANIFEST, "work.sh": "exec sleep 600\n"}))
    rack.wait_for(lambda: ["running", "running"] == [row["status"] for row in rack.rows()])
    before = memory(rack)

    with rack.socket(f"/apps/{APP}/processes/worker/exec", Command="yes"):
        time.sleep(FLOODED_S)
        while_slow = memory(rack) - before
    time.sleep(FLOODED_S)

    assert while_slow < 30 * MB
    assert memory(rack) - before < 30 * MB
    assert seconds(lambda: rack.get("/apps")) < 1


def test_a_request_whose_head_never_ends_is_cut_off(rack: Driver) -> None:
    """Before it is known who asks: at 64 KiB or less, and the rack goes on."""
    before = memory(rack)
    sent = 0

    with socket.create_connection(("127.0.0.1", rack.info.port), timeout=10) as connection:
        connection.sendall(b"GET /apps HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        with contextlib.suppress(ConnectionError):
            while sent < 64 * MB:
                connection.sendall(b"x" * 10_000)
                sent += 10_000
            raise AssertionError("all of it was taken")

    assert memory(rack) - before < 10 * MB
    assert 200 == rack.http.get("/apps").status_code
