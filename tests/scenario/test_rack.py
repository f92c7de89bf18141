"""`deployer rack`: what it starts, it ends; and what it starts ends with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.scenario.practice import PracticeRack
from tests.scenario.shell import Shell, wait_for

pytestmark = pytest.mark.rack


@pytest.fixture
def rack(tmp_path: Path, checkout: Path) -> Iterator[PracticeRack]:
    """A rack of the test's own."""
    shell = Shell.in_folder(tmp_path / "home")
    rack = PracticeRack(shell, checkout)
    yield rack
    rack.down()
    shell.close()


def processes_of(rack: PracticeRack) -> list[psutil.Process]:
    """Everything that runs for this rack: all are told where its folder is, or run below it."""
    home = str(rack.shell.home)
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except (psutil.Error, OSError):
            continue
        if process.pid != os.getpid() and any(home in word for word in words):
            found.append(process)
    return found


def test_down_leaves_no_process(rack: PracticeRack) -> None:
    """After `rack down` nothing of the rack runs: no server, no service, no watchman."""
    rack.serving("web")
    assert 3 <= len(processes_of(rack))

    done = rack.down()

    assert (0, "local is down\n") == (done.status, done.out), done.err
    assert [] == processes_of(rack)


def test_services_die_with_a_rack_that_is_killed(rack: PracticeRack) -> None:
    """A rack that is killed has no time to end what it started: that ends by itself."""
    rack.serving("web")
    running = processes_of(rack)
    [server] = [each for each in running if "deployer.localrack.server" in each.cmdline()]

    os.kill(server.pid, signal.SIGKILL)

    assert wait_for(lambda: processes_of(rack) == [])
    assert 3 <= len(running)


def test_down_is_content_where_nothing_is_up(rack: PracticeRack) -> None:
    """`rack down` may be typed twice, and `rack status` then says how to bring it up."""
    rack.down()

    again, status = rack.down(), rack.shell.deployer("rack", "status")

    assert (0, "local was not up\n") == (again.status, again.out)
    assert 10 == status.status
    assert "try: deployer rack up" in status.err
