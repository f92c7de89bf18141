"""
How the CLI waits for an app: in real seconds, never scaled (convox-facts 2.6, 3.6).

Sleep 5 s, then ask every 5 s; done after two `running` in a row, so never
before 15 s; over after two errors in a row; after 35 minutes `timeout`. A
status `rollback` seen once is an error from then on, even if the app runs again.
"""

from __future__ import annotations

import time

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import LOG_TAIL_SINCE, text
from deployer.localrack.cli.ticker import Ticker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from threading import Event, Lock, Thread

    from deployer.localrack.cli.context import Context
    from deployer.localrack.cli.rack import Rack

POLL_S = 5
IN_A_ROW = 2
APP_TIMEOUT_S = 35 * 60
PROCESS_POLL_S = 1
PROCESS_TIMEOUT_S = 5 * 60
PROCESS_STATES_S = 3
REOPEN_LOGS_S = 1
LAST_LOOK_S = 0.2
NO_SUCH_APP = ("no such app", "app not found")
LONGEST_LINE = 65535  # a line of 64 KiB and more ends Go's line scanner


def until(is_done: Callable[[], bool], *, every_s: float, timeout_s: float) -> None:
    """Ask at every tick until two answers in a row are yes; two errors in a row are raised."""
    ticker = Ticker(every_s)
    give_up_at = time.monotonic() + timeout_s
    good = bad = 0
    while good < IN_A_ROW:
        ticker.wait()
        if time.monotonic() > give_up_at:
            raise CommandError("timeout")
        try:
            done = is_done()
        except CommandError:
            good, bad = 0, bad + 1
            if bad >= IN_A_ROW:
                raise
            continue
        good, bad = good + 1 if done else 0, 0


def app_running(rack: Rack, app: str) -> None:
    rolled_back = False

    def is_running() -> bool:
        nonlocal rolled_back
        status = text(rack.app(app), "status")
        rolled_back = rolled_back or status == "rollback"
        if rolled_back:
            raise CommandError("rollback")
        return status == "running"

    time.sleep(POLL_S)  # give the rack time to start updating
    until(is_running, every_s=POLL_S, timeout_s=APP_TIMEOUT_S)


def app_gone(rack: Rack, app: str) -> None:
    """An error is the end that is hoped for, if it says that there is no such app (convox-facts 5.1)."""

    def is_gone() -> bool:
        try:
            rack.app(app)
        except CommandError as exc:
            if any(words in str(exc) for words in NO_SUCH_APP):
                return True
            raise
        return False

    time.sleep(POLL_S)  # give the rack time to start deleting
    until(is_gone, every_s=POLL_S, timeout_s=APP_TIMEOUT_S)


def process_running(rack: Rack, app: str, process: str) -> None:
    until(
        lambda: text(rack.process(app, process), "status") == "running",
        every_s=PROCESS_POLL_S,
        timeout_s=PROCESS_TIMEOUT_S,
    )


def app_running_with_logs(context: Context, app: str) -> None:
    """Wait as `app_running`, printing the rack's own log lines and each change of a process's status meanwhile."""
    from threading import Event, Lock, Thread  # few commands wait

    watcher = _Watcher(context, app, Event(), Lock())
    looking = Thread(target=watcher.print_process_states, daemon=True)
    looking.start()
    Thread(target=watcher.print_system_logs, daemon=True).start()
    try:
        app_running(context.rack, app)
    finally:
        watcher.stop(looking)


class _Watcher:
    """Two jobs beside the wait. Neither is waited for long: they may be stuck in a request."""

    def __init__(self, context: Context, app: str, stopped: Event, printing: Lock) -> None:
        self.context, self.app, self.stopped, self.printing = context, app, stopped, printing
        self.is_silent = False

    def stop(self, looking: Thread) -> None:
        """A look at the processes under way may still print what it sees; after that nothing is printed."""
        self.stopped.set()
        looking.join(LAST_LOOK_S)
        with self.printing:
            self.is_silent = True

    def print_system_logs(self) -> None:
        """Reopened a second after each end (`promote-ws-abort`); given up when it is refused (`promote-ws-500`)."""
        while not self.stopped.is_set():
            try:
                stream = self.context.rack.app_logs(self.app, LOG_TAIL_SINCE)
            except CommandError:
                return
            for line in scan_lines(stream.chunks()):
                words = line.split(b" ", 2)
                if self.stopped.is_set():
                    return
                if len(words) == 3 and words[1].startswith(b"system/"):
                    self._print(line + b"\n")
            stream.close()
            self.stopped.wait(REOPEN_LOGS_S)

    def print_process_states(self) -> None:
        """Every 3 s; a process first seen `running` is not worth a line."""
        ticker = Ticker(PROCESS_STATES_S)
        known: dict[str, str] = {}
        while True:
            ticker.wait(self.stopped.wait)
            if self.stopped.is_set():
                return
            try:
                processes = self.context.rack.processes(self.app)
            except CommandError:
                continue
            for process in processes:
                ident, status = text(process, "id"), text(process, "status")
                if known.get(ident, "running") != status:
                    self._print(f"  {ident:<32}  {text(process, 'name'):<12}  {status}\n".encode())
                known[ident] = status

    def _print(self, line: bytes) -> None:
        with self.printing:
            if not self.is_silent:
                self.context.writer.stream(line)


def scan_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """
    Lines without their ends, as Go's bufio.Scanner gives them.

    Stops for good at a line of 64 KiB or more: it and all that follows is lost (convox-facts 4).
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if len(line) > LONGEST_LINE:
                return
            yield line.removesuffix(b"\r")
        if len(rest) > LONGEST_LINE:
            return
    if rest:
        yield rest.removesuffix(b"\r")
