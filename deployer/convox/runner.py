"""
Child processes: the one file that knows `sh`.

What sh 2.4.0 would do by itself, and why this file keeps it from doing so:
- stdout is a terminal (`_tty_out`), which makes the CLI colour its output and hide masked values: pipes of our own.
- A reader in line mode keeps a line without end in memory; with a buffer size it holds text back until so many bytes
  are there; unbuffered it reads byte by byte. Its exceptions keep 750 bytes of stderr, none under a callback. So it
  gets bare file descriptors, and one thread of ours drains both streams.
- An end is noticed by polling once a second, unless somebody waits: that thread does.
- Its loggers tell argv and the first bytes of stdin: silenced. Its exceptions tell both: none leaves this file.
- A child that cannot be executed leaves a zombie and its pipes behind (`ForkException`): we look before we leap.
"""

from __future__ import annotations

import logging
import os
import select
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import sh

from deployer.convox.request import CONVOX, Completed, Request
from deployer.convox.streams import Stream
from deployer.convox.target import credentials_in
from deployer.core.errors import RackUnreachable, Usage
from deployer.core.redact import Redactor, Secret, scrub
from deployer.engine.clock import SystemClock

CHUNK_BYTES = 64 * 1024
# The two stages of ending a child: asked, then made to. The CLI has no signal handlers (convox-facts 2.0).
ASKED_S = 1.0
MADE_S = 2.0
# How often to see whether a child has gone whose pipes somebody else still holds open.
STRAGGLER_S = 0.25
# No exit status or signal is an exception to us.
_ANY_END = tuple(range(-64, 256))

# sh writes argv at INFO and stdin at DEBUG (faults 4.1). A logger that is disabled stays silent whatever its level, its
# parents' handlers and theirs are set to.
_LOGGERS = ("command", "command.process", "command.process.streamreader", "command.process.streamwriter")
for _name in ("", *_LOGGERS, "streamreader", "stream_bufferer"):
    logging.getLogger(f"sh.{_name}".rstrip(".")).disabled = True


class NoProgram(RackUnreachable):
    """The program to run is not there or cannot be run. Trying again does not help."""

    is_transient = False


class Running:
    """A child at work. The caller owns it: nothing but `wait`'s deadline and `kill` ends it."""

    def __init__(
        self,
        request: Request,
        clock: SystemClock,
        command: sh.Command,
        environment: Mapping[str, str],
        *,
        with_lines: bool,
    ) -> None:
        self.request = request
        self.stdout = Stream(keeps_lines=with_lines and request.told_on == "stdout")
        self.stderr = Stream(keeps_lines=with_lines and request.told_on == "stderr")
        self.told = self.stdout if request.told_on == "stdout" else self.stderr
        self.is_late = False
        self._clock = clock
        self._began_s = clock.now_s()
        self._seconds = 0.0
        self._status: int | None = None
        self._over = threading.Event()
        self._child = self._start(command, environment)
        # a daemon: a child that even SIGKILL cannot end must not keep us from ending
        threading.Thread(target=self._attend, name=f"drain {request.verb}", daemon=True).start()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def wait(self) -> Completed:
        """Until it ends or its deadline has passed, when it is killed. Raises Interrupted and leaves it running."""
        self.wait_until(lambda: False)
        return self.completed()

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Until `ready()` or the end, which comes with the deadline at the latest. Raises Interrupted."""
        if self.is_late:
            return
        left_s = self._began_s + self.request.deadline_s - self._clock.now_s()
        if not self._clock.wait(left_s, lambda: self.is_over or ready()):
            self.is_late = True
            self.kill()

    def completed(self) -> Completed:
        """What became of it, as far as it can be known: `status` is `None` as long as it has not ended."""
        status = self._status
        has_exited = status is not None and status >= 0
        return Completed(
            request=self.request,
            status=status if has_exited else None,
            signum=0 if status is None or has_exited else -status,
            stdout=self.stdout.text,
            stderr=self.stderr.text,
            seconds=self._seconds or self._clock.now_s() - self._began_s,
            is_late=self.is_late,
            dropped=self.stdout.dropped,
        )

    def kill(self) -> None:
        """Ask the process group to end, then make it. Idempotent; 3 s at most, and deaf to interruptions."""
        for signum, grace_s in ((signal.SIGTERM, ASKED_S), (signal.SIGKILL, MADE_S)):
            if self.is_over:
                return
            self._signal(signum)
            self._over.wait(grace_s)

    def _start(self, command: sh.Command, environment: Mapping[str, str]) -> sh.RunningCommand:
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self._pipes = {out: self.stdout, err: self.stderr}
        try:
            with _stdin(self.request.stdin) as given:
                return command(
                    *self.request.words,
                    _in=given,
                    _out=out_end,
                    _err=err_end,
                    _env=dict(environment),
                    _encoding="utf-8",
                    _tty_out=False,
                    _new_session=True,
                    _bg=True,
                    _bg_exc=False,
                    _ok_code=_ANY_END,
                    _no_pipe=True,
                )
        except BaseException:
            os.close(out)
            os.close(err)
            raise
        finally:
            os.close(out_end)
            os.close(err_end)

    def _attend(self) -> None:
        """In a thread of its own: drain both streams to their end, then reap the child and what it left behind."""
        try:
            self._drain(dict(self._pipes))
            with suppress(ChildProcessError):  # somebody set SIGCHLD to be ignored: the status is lost
                self._status = self._child.process.wait()
            # right after the reaping: nobody else can have got the number yet
            self._signal(signal.SIGKILL)
        finally:
            for fd, stream in self._pipes.items():
                os.close(fd)
                stream.close()
            self._seconds = self._clock.now_s() - self._began_s
            self._over.set()
            self._clock.wake()

    def _drain(self, pipes: dict[int, Stream]) -> None:
        poller = select.poll()
        for fd in pipes:
            poller.register(fd, select.POLLIN)
        is_alive = True
        while pipes:
            ready = poller.poll(STRAGGLER_S * 1000)
            for fd, _ in ready:
                chunk = os.read(fd, CHUNK_BYTES)
                pipes[fd].write(chunk)
                if not chunk:
                    poller.unregister(fd)
                    del pipes[fd]
            if not ready and not is_alive:
                return
            if not ready:
                is_alive = self._child.is_alive()
            elif self.told.has_lines:
                self._clock.wake()

    def _signal(self, signum: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.process.pgid, signum)


class Runner:
    """Starts children for one target. `convox` is the CLI's name or path, or the words that start it."""

    def __init__(
        self,
        clock: SystemClock,
        environment: Mapping[str, str],
        redactor: Redactor,
        convox: Sequence[str] = (CONVOX,),
        completed: Callable[[Completed], None] = lambda _: None,
    ) -> None:
        self.clock = clock
        self.redactor = redactor
        self._environment = dict(environment)
        for secret in credentials_in(environment):
            redactor.learn(secret)
        self._convox = tuple(convox)
        self._completed = completed
        self._started: list[Running] = []

    def run(self, request: Request, on_line: Callable[[str], None] | None = None) -> Completed:
        """
        Run it to its end or its deadline; `on_line` gets each line as it is told, on this thread.

        An end with any status is an answer. Raises NoProgram; Interrupted, after killing the child.
        """
        child = self._begin(request, with_lines=on_line is not None)
        try:
            while on_line and not (child.is_over or child.is_late):
                child.wait_until(lambda: child.told.has_lines)
                self._tell(child, on_line)
            completed = child.wait()
        except BaseException:
            child.kill()
            raise
        if on_line:
            self._tell(child, on_line)
        self._completed(completed)
        return completed

    def start(self, request: Request) -> Running:
        """Start it in the background, in a session of its own: a Ctrl-C is for us alone. Raises NoProgram."""
        return self._begin(request, with_lines=False)

    def close(self) -> None:
        """End every child that is still at work."""
        for child in self._started:
            child.kill()

    def harmless(self, text: str) -> str:
        """Foreign text, fit to be shown: known secrets masked first, then whatever could act on a terminal."""
        return scrub(self.redactor.redact(text))

    def _begin(self, request: Request, *, with_lines: bool) -> Running:
        is_convox = request.program == CONVOX
        program, *words = self._convox if is_convox else (request.program,)
        environment = self._environment if is_convox else _without_credentials(self._environment)
        try:
            command = sh.Command(_executable(program, environment.get("PATH"))).bake(*words)
            child = Running(request, self.clock, command, environment, with_lines=with_lines)
        except (sh.ForkException, sh.CommandNotFound, OSError) as error:
            why = _reason(error)
        else:
            self._started = [*(each for each in self._started if not each.is_over), child]
            return child
        raise NoProgram(f"{program} cannot be run", why=why, hint=_HINT)

    def _tell(self, child: Running, on_line: Callable[[str], None]) -> None:
        for line in child.told.take_lines():
            on_line(self.harmless(line))


@contextmanager
def _stdin(secret: Secret | None) -> Iterator[IO[bytes] | bytes]:
    """
    What the child is to hear, all of it in its pipe before the child begins: were we killed meanwhile, it would take
    what has come by then for the whole. More than a pipe holds is written as it is read.
    """
    if secret is None:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing
        return
    data = _bytes(secret)
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as ready:
        with os.fdopen(writer, "wb", buffering=0) as pipe:
            os.set_blocking(writer, False)
            is_whole = pipe.write(data) == len(data)
        yield ready if is_whole else data


def _bytes(stdin: Secret) -> bytes:
    """A name in our own environment may hold bytes that are not UTF-8: they go out as they came in."""
    with suppress(UnicodeEncodeError):  # carries the whole text, so nothing is raised under it
        return stdin.reveal().encode("utf-8", errors="surrogateescape")
    raise Usage("a value cannot be sent", why="it is not text")


def _without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """For programs that have no business with the rack."""
    return {key: value for key, value in environment.items() if key != "RACK_URL" and not key.startswith("CONVOX_")}


def _executable(program: str, path_variable: str | None) -> str:
    found = shutil.which(program, path=path_variable)
    if found:
        return str(Path(found).absolute())
    path = Path(program)
    if path.is_dir():
        raise NoProgram(f"{program} cannot be run", why="it is a directory", hint=_HINT)
    if path.exists():
        raise NoProgram(f"{program} cannot be run", why="it is not executable", hint=f"chmod +x {program}")
    raise NoProgram(f"{program} was not found", why="there is no such command on PATH", hint=_HINT)


_HINT = "install the Convox CLI, or say where it is: --convox PATH"


def _reason(error: Exception) -> str:
    """The last line of what sh tells is Python's own: `OSError: [Errno 8] Exec format error: …`."""
    lines = str(error).strip().splitlines()
    return scrub(lines[-1].strip()) if lines else type(error).__name__
