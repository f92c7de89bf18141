"""
How long after a good release serves it has its verdict, beside the CLI's own promote; and what a ship needs of memory.

On the local rack at a real rack's times: `make bench`. With DEPLOYER_CONVOX both run on the real CLI.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.bench.real_times import checkout, serving
from tests.scenario.practice import App, PracticeRack
from tests.scenario.shell import Running
from tests.scenario.wrapped import wrapped_convox

SOAK_S = 15.0
LOOK_EVERY_S = 0.05
LIMIT_MB = 80
LINES = 50_000


@dataclass(slots=True)
class Moments:
    """On the monotonic clock: all replicas are the new ones and no old one is left; the rack says running."""

    serves_s: float = 0.0
    running_s: float = 0.0

    @property
    def later_s(self) -> float:
        return max(self.serves_s, self.running_s)


def watched(app: App, release: str, act: Callable[[], object]) -> Moments:
    """What somebody else sees who looks twenty times a second while `act` goes on."""
    moments, is_over = Moments(), threading.Event()

    def watch() -> None:
        while not (moments.serves_s and moments.running_s) and not is_over.wait(LOOK_EVERY_S):
            rows, was_updating = app.rows, moments.running_s
            if not moments.serves_s and {("running", release)} == {row[1:] for row in rows}:
                moments.serves_s = time.monotonic()
            # before its replicas serve, `running` is still a word about the release before
            if moments.serves_s and not was_updating and (release, "running") == (app.active, app.status):
                moments.running_s = time.monotonic()

    witness = threading.Thread(target=watch, daemon=True)
    witness.start()
    act()
    is_over.set()
    witness.join()
    assert moments.later_s, app.rows
    return moments


def staged(app: App, number: int) -> str:
    made: str = json.loads(app.rack.post(f"/apps/{app.name}/releases", env=f"N={number}"))["id"]
    return made


def test_verdict_on_a_good_release(rack: PracticeRack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under 3 s without a soak; with it at most soak + 3 s after the last replica, or 5 s after `running`."""
    app = serving(rack, checkout(tmp_path / "source"), "good")
    took: dict[str, tuple[Moments, float]] = {}
    for number, soak in enumerate(("0s", f"{SOAK_S:g}s")):
        release = staged(app, number)
        moments = watched(app, release, lambda soak=soak, release=release: ship(app, release, soak))  # type: ignore[misc]
        took[f"deployer --soak {soak}"] = moments, app.journal()[-1]["mono"]
    release = staged(app, 9)
    promote = rack.start_convox
    moments = watched(app, release, lambda: promote("releases", "promote", release, "--app", app.name).end())
    took["convox releases promote"] = moments, time.monotonic()

    with capsys.disabled():
        print(f"\n\n  {'':<26}{'after last replica':>20}{'after running':>16}")  # noqa: T201
        for name, (seen, end_s) in took.items():
            print(f"  {name:<26}{end_s - seen.serves_s:>18.1f} s{end_s - seen.running_s:>14.1f} s")  # noqa: T201
    at_once, end_s = took["deployer --soak 0s"]
    assert 3 > end_s - at_once.later_s
    soaked, end_s = took["deployer --soak 15s"]
    assert max(soaked.serves_s + SOAK_S + 3, soaked.running_s + 5) > end_s


def ship(app: App, release: str, soak: str) -> None:
    done = app.start("promote", release, "--soak", soak).end()
    assert 0 == done.status, done.err


def test_memory_of_a_ship(rack: PracticeRack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A build that writes fifty thousand lines, and a ship all the same: never more than 80 MB."""
    chatter = f"seq -f 'step %.0f of a build that has much to say about each of its files' {LINES} >&2"
    convox = wrapped_convox(tmp_path, f'case "$*" in "build "*) {chatter} ;; esac')
    app = serving(rack, checkout(tmp_path / "source"), "chatty")
    words = (str(tmp_path / "source"), "--set", "N=1", "--soak", "5s", "--convox", str(convox))

    running = app.start("ship", *words)
    most_mb = largest_mb(running)
    done = running.end()

    with capsys.disabled():
        print(f"\n  {LINES} lines of a build, then a watch: at most {most_mb:.0f} MB", end="")  # noqa: T201
    assert 0 == done.status, done.err[-2000:]
    assert LINES / 2 < done.err.count("step ")  # what comes faster than it can be told is left out, and that is said
    assert most_mb < LIMIT_MB


def largest_mb(running: Running) -> float:
    """The most that the process ever held, looked at until it ends."""
    process, most = psutil.Process(running.popen.pid), 0
    while running.popen.poll() is None:
        try:
            most = max(most, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(LOOK_EVERY_S)
    return most / 1024**2
