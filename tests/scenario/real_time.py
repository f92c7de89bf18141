"""
Two ships on a rack whose times are a real one's, with deployer's numbers as they are: one is broken, the other knows
no more of its rack than a URL.

They mostly wait, so they are set off early and awaited late: other tests use the time.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from tests.scenario.hammer import Hammer
from tests.scenario.practice import SOAK, PracticeRack
from tests.scenario.shell import DEPLOYER, Done, Shell
from tests.scenario.wrapped import wrapped_convox


class RealTime:
    """`before` served when the broken release was shipped; `users` ask until it has its verdict."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.shell = Shell.in_folder(folder / "home")
        self.rack = PracticeRack(self.shell, checkout, time_scale=1)
        [self.broken], self.by_url = self.rack.serving("broken"), self.rack.app("by-url")
        self.before = self.broken.active
        self.convox = wrapped_convox(folder, 'echo "$1" >> "$0.used"')
        self.users = Hammer(self.broken.url)
        self.users.start()
        self._broken = self.broken.start_ship("--set", "MOOD=crash")
        # another state folder: nothing there tells that this rack is the local one
        stranger = self.shell.with_env(RACK_URL=self.rack.url, XDG_STATE_HOME=str(folder / "elsewhere"))
        words = ("--app", self.by_url.name, "--convox", str(self.convox), "--soak", SOAK)
        self._by_url = stranger.start(DEPLOYER, "ship", str(checkout), *words)

    @cached_property
    def broken_done(self) -> Done:
        done = self._broken.end()
        self.users.stop()
        return done

    @cached_property
    def by_url_done(self) -> Done:
        return self._by_url.end()

    def close(self) -> None:
        self.users.stop()
        self.rack.down()
        self.shell.close()
