"""Signals: heard by the wait that is on, never in the middle of a write."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from deployer.core.verdict import Verdict, cancelled_by
from deployer.engine.clock import SystemClock
from deployer.engine.run import Recorder


@contextmanager
def signals(clock: SystemClock, recorder: Recorder) -> Iterator[None]:
    """
    Hear SIGINT, SIGTERM and SIGHUP: the first ends the wait that is on, the second leaves at once; hang-ups never do.

    Installed before any lock is taken (faults 3.7).
    """
    heard: list[int] = []

    def leave(signum: int) -> NoReturn:
        summary = recorder.summary
        if summary.ended:
            os._exit(summary.ended.verdict.status)
        os._exit(Verdict.INTERRUPTED.status if summary.is_under_way else cancelled_by(signum).status)

    def handle(signum: int, _: FrameType | None) -> None:
        if signum != signal.SIGHUP:
            if heard:
                leave(signum)
            heard.append(signum)
        clock.interrupt(signum)

    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, handle) for each in caught}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
