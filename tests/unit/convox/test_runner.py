"""Child processes that misbehave, each for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deployer.convox.request import Completed, Request
from deployer.convox.runner import NoProgram, Runner, Running
from deployer.core.errors import Interrupted, Usage
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock

SHELL = ("/bin/sh", "-c")
# A child that ends its parent first and reads its stdin then.
KILLED_BY_ITS_CHILD = """
import sys
from deployer.convox.request import Request
from deployer.convox.runner import Runner
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock

script = f"kill -KILL $PPID; sleep 0.1; cat > {sys.argv[1]}"
runner = Runner(SystemClock(), {"PATH": "/usr/bin:/bin"}, Redactor(), ("/bin/sh", "-c"))
runner.run(Request("script", (script,), 10.0, stdin=Secret("x" * 60_000)))
"""


@pytest.fixture
def shell(clock: SystemClock) -> Iterator[Runner]:
    """A runner whose "CLI" is a shell."""
    runner = Runner(clock, {"PATH": os.environ["PATH"]}, Redactor(), SHELL)
    yield runner
    runner.close()


def script(text: str, *, deadline_s: float = 10.0, stdin: str | None = None) -> Request:
    return Request("script", (text,), deadline_s, stdin=None if stdin is None else Secret(stdin))


def is_gone(pid: int) -> bool:
    """Gone, or dead and not yet reaped by whoever inherited it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def eventually(fact: Callable[[], bool], within_s: float = 3.0) -> bool:
    deadline = time.monotonic() + within_s
    while not fact() and time.monotonic() < deadline:
        time.sleep(0.01)
    return fact()


def held() -> tuple[int, int]:
    """Open files and threads of this process."""
    return psutil.Process().num_fds(), threading.active_count()


class TestAnswers:
    def test_both_streams_and_the_status(self, shell: Runner) -> None:
        """What the child said and how it ended, whatever the status."""
        completed = shell.run(script("echo out; echo err >&2; exit 3"))

        assert (3, 0, "out\n", "err\n") == (completed.status, completed.signum, completed.stdout, completed.stderr)
        assert not completed.is_ok

    def test_a_signal_is_not_a_status(self, shell: Runner) -> None:
        """A child that somebody killed has no status."""
        completed = shell.run(script("kill -9 $$"))

        assert (None, signal.SIGKILL) == (completed.status, completed.signum)

    def test_stdin_is_closed_when_there_is_none(self, shell: Runner) -> None:
        """An inherited open pipe would hang `env set` for ever (convox-facts 4)."""
        completed = shell.run(script("cat; echo done", deadline_s=5.0))

        assert ("done\n", False) == (completed.stdout, completed.is_late)

    def test_stdin_arrives_whole(self, shell: Runner) -> None:
        """More than a pipe holds, in both directions at once."""
        text = "A_KEY=value with = and 'quotes'\n" * 20_000

        completed = shell.run(script("cat", stdin=text))

        assert text == completed.stdout

    def test_stdin_that_nobody_reads_is_no_trouble(self, shell: Runner) -> None:
        """A child may end without reading: EPIPE is its business."""
        completed = shell.run(script("exit 4", stdin="x" * 1_000_000))

        assert 4 == completed.status

    def test_stdin_arrives_even_if_we_are_killed(self, tmp_path: Path) -> None:
        """A ledger of which half arrives is one that is lost: the child has all of it before it begins."""
        argv = [sys.executable, "-c", KILLED_BY_ITS_CHILD, str(tmp_path / "heard")]

        killed = subprocess.run(argv, stderr=subprocess.PIPE, check=False)

        assert -signal.SIGKILL == killed.returncode, killed.stderr
        assert eventually(lambda: (tmp_path / "heard").exists() and 60_000 == (tmp_path / "heard").stat().st_size)

    def test_stdout_is_no_terminal(self, shell: Runner) -> None:
        """On a terminal the CLI colours its output and hides masked values."""
        completed = shell.run(script("test -t 0 || test -t 1 || test -t 2 || echo none"))

        assert "none\n" == completed.stdout

    def test_invalid_utf8_is_replaced(self, shell: Runner) -> None:
        """Bytes that are no text do not break the reading of the rest."""
        completed = shell.run(script(r"printf 'a\377b\n'; printf '\303' >&2"))

        assert ("a\ufffdb\n", "\ufffd") == (completed.stdout, completed.stderr)

    def test_nothing_is_an_answer_too(self, shell: Runner) -> None:
        """A child may end without a word."""
        completed = shell.run(script("exit 0"))

        assert (0, "", "") == (completed.status, completed.stdout, completed.stderr)

    def test_bytes_that_are_no_utf8_go_out_as_they_came_in(self, shell: Runner) -> None:
        """A name in our own environment may hold any bytes."""
        completed = shell.run(script("od -An -tx1", stdin=os.fsdecode(b"\xff\n")))

        assert "ff 0a" == completed.stdout.strip()


class TestLines:
    def test_come_while_the_child_works(self, shell: Runner) -> None:
        """Each within a moment of being written, not when a buffer is full."""
        seen: list[tuple[str, float]] = []
        began_s = time.monotonic()

        completed = shell.run(
            script("echo one >&2; sleep 0.4; printf two >&2"),
            on_line=lambda line: seen.append((line, time.monotonic() - began_s)),
        )

        assert ["one", "two"] == [line for line, _ in seen]
        assert 0.3 > seen[0][1]
        assert "one\ntwo" == completed.stderr

    def test_come_on_the_callers_thread(self, shell: Runner) -> None:
        """The engine is single-threaded."""
        threads: list[threading.Thread] = []

        shell.run(script("echo one >&2"), on_line=lambda _: threads.append(threading.current_thread()))

        assert [threading.current_thread()] == threads

    def test_are_harmless(self, shell: Runner) -> None:
        """No escapes, no known secret."""
        lines: list[str] = []
        shell.redactor.learn(Secret("s3cret-value"))

        shell.run(script(r"printf '\033[31mred\033[0m s3cret-value \033]0;title\007\n' >&2"), on_line=lines.append)

        assert ["red •••• "] == lines

    def test_error_in_the_callback_ends_the_child(self, shell: Runner, tmp_path: Path) -> None:
        """A bug of ours must not leave a child behind."""

        def fail(line: str) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            shell.run(script(f"echo $$ > {tmp_path}/pid; echo line >&2; sleep 30"), on_line=fail)

        assert is_gone(int((tmp_path / "pid").read_text()))


class TestDeadline:
    def test_ends_a_child_that_hangs(self, shell: Runner) -> None:
        """The CLI itself has no time limit at all (faults 0.11)."""
        completed = shell.run(script("echo begun; sleep 30", deadline_s=0.2))

        assert (True, "begun\n") == (completed.is_late, completed.stdout)
        assert 2.0 > completed.seconds

    def test_ends_a_child_that_ignores_being_asked(self, shell: Runner) -> None:
        """TERM, then KILL."""
        completed = shell.run(script("trap '' TERM; echo begun; while :; do sleep 0.1; done", deadline_s=0.2))

        assert (True, signal.SIGKILL) == (completed.is_late, completed.signum)

    def test_ends_the_whole_group(self, shell: Runner, tmp_path: Path) -> None:
        """What the child has started ends with it."""
        shell.run(script(f"sleep 60 & echo $! > {tmp_path}/pid; wait", deadline_s=0.3))

        assert eventually(lambda: is_gone(int((tmp_path / "pid").read_text())))

    def test_is_kept_with_lines(self, shell: Runner) -> None:
        """A child that talks and does not end is late as well."""
        lines: list[str] = []

        completed = shell.run(script("while :; do echo x >&2; sleep 0.05; done", deadline_s=0.3), on_line=lines.append)

        assert completed.is_late
        assert lines


class TestLeftovers:
    def test_child_that_forks_and_exits_is_over(self, shell: Runner, tmp_path: Path) -> None:
        """A grandchild that holds the pipes open does not keep us, and does not stay."""
        completed = shell.run(script(f"sleep 60 & echo $! > {tmp_path}/pid; echo done"))

        assert (0, "done\n") == (completed.status, completed.stdout)
        assert 2.0 > completed.seconds
        assert eventually(lambda: is_gone(int((tmp_path / "pid").read_text())))

    def test_grandchild_in_a_session_of_its_own_does_not_keep_us(self, shell: Runner) -> None:
        """It holds our pipes and is out of reach of the group's signals."""
        python = f"{sys.executable} -c 'import os, time; os.setsid(); time.sleep(3)'"

        completed = shell.run(script(f"{python} & sleep 0.2; echo done"))

        assert (0, "done\n") == (completed.status, completed.stdout)
        assert 2.0 > completed.seconds

    def test_half_closed_streams_are_read_to_their_end(self, shell: Runner) -> None:
        """A child that closes stdout and works on is not over."""
        completed = shell.run(script("echo out; exec >&-; sleep 0.3; echo late >&2; exit 5"))

        assert (5, "out\n", "late\n") == (completed.status, completed.stdout, completed.stderr)

    def test_no_files_and_threads_are_left(self, shell: Runner) -> None:
        """A long watch makes thousands of calls."""
        shell.run(script("exit 0"))
        files, threads = held()

        for _ in range(20):
            shell.run(script("echo x", stdin="y"))

        assert eventually(lambda: held()[0] <= files and held()[1] <= threads)


class TestFlood:
    @pytest.mark.skipif(sys.platform != "linux", reason="reads its own peak from /proc")
    @pytest.mark.parametrize("flood", ["head -c 200000000 /dev/zero", "yes '' | head -c 2000000"])
    def test_is_bounded(self, flood: str) -> None:
        """200 MB without a newline or two million lines stay under 50 MB: measured in a process of their own."""
        program = (
            "import os, re, sys\n"
            "from deployer.convox.request import Request\n"
            "from deployer.convox.runner import Runner\n"
            "from deployer.core.redact import Redactor\n"
            "from deployer.engine.clock import SystemClock\n"
            "runner = Runner(SystemClock(), dict(os.environ), Redactor(), ('/bin/sh', '-c'))\n"
            "request = Request('flood', (f'{sys.argv[1]}; {sys.argv[1]} >&2',), 60.0)\n"
            "done = runner.run(request, on_line=lambda line: None)\n"
            "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())\n"
            "print(len(done.stdout), done.dropped, peak[1])\n"
        )

        out = subprocess.run([sys.executable, "-c", program, flood], capture_output=True, text=True, check=True).stdout

        kept, dropped, most_kib = (int(word) for word in out.split())
        assert 2**20 == kept
        assert dropped > 900_000
        assert 50_000 > most_kib

    def test_of_lines_says_what_it_left_out(self, shell: Runner, tmp_path: Path) -> None:
        """A reader that is slower than the child misses lines and is told so; the end is always there."""
        lines: list[str] = []

        def read_late(line: str) -> None:
            assert eventually((tmp_path / "said").exists, within_s=10)
            lines.append(line)

        shell.run(script(f"seq -f %0100.f 100000 >&2; echo the end >&2; touch {tmp_path}/said"), on_line=read_late)

        assert "the end" == lines[-1]
        assert any(line.endswith("lines left out …") for line in lines)


class TestNoProgram:
    @pytest.mark.parametrize("make", ["missing", "directory", "not executable"])
    def test_is_said_clearly(self, make: str, clock: SystemClock, tmp_path: Path) -> None:
        """Where the CLI should be there is nothing, a directory, or a file that cannot be run."""
        path = tmp_path / "convox"
        if make == "directory":
            path.mkdir()
        if make == "not executable":
            path.write_text("#!/bin/sh\n")
        runner = Runner(clock, {}, Redactor(), (str(path),))

        with pytest.raises(NoProgram) as caught:
            runner.run(script("x"))

        assert str(path) in caught.value.what
        assert caught.value.hint
        assert not caught.value.is_transient

    def test_file_that_the_system_cannot_run(self, clock: SystemClock, tmp_path: Path) -> None:
        """Executable, but nothing that the system could execute: an error of ours, not of sh."""
        path = tmp_path / "convox"
        path.write_bytes(b"\x7fELF and nothing else")
        path.chmod(0o755)

        with pytest.raises(NoProgram, match="Exec format error") as caught:
            Runner(clock, {}, Redactor(), (str(path),)).run(script("x"))

        assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    def test_stdin_that_is_no_text_is_not_quoted(self, shell: Runner) -> None:
        """Python's own error would carry the whole of it."""
        with pytest.raises(Usage) as caught:
            shell.run(script("cat", stdin="s3cret\ud800"))

        assert (None, None) == (caught.value.__cause__, caught.value.__context__)


class TestInterruption:
    def test_ends_the_wait_and_the_child(self, clock: SystemClock, shell: Runner, tmp_path: Path) -> None:
        """The first signal: stop waiting, kill the group, at once."""
        pid = tmp_path / "pid"
        timer = threading.Timer(0.5, lambda: clock.interrupt(signal.SIGINT))
        timer.start()
        began_s = time.monotonic()

        with pytest.raises(Interrupted):
            shell.run(script(f"echo $$ > {pid}; sleep 30"))

        assert 2.0 > time.monotonic() - began_s
        assert is_gone(int(pid.read_text()))

    def test_leaves_a_started_child_to_its_owner(self, clock: SystemClock, shell: Runner) -> None:
        """A promote in the background is ended by whoever started it, or not."""
        child = shell.start(script("sleep 30"))
        clock.interrupt(signal.SIGINT)

        with pytest.raises(Interrupted):
            child.wait()

        assert not child.is_over
        child.kill()
        assert child.is_over

    def test_terminal_signals_do_not_reach_the_child(self, shell: Runner) -> None:
        """A session of its own: Ctrl-C is for us alone."""
        completed = shell.run(script("ps -o sid= -p $$; echo $$"))

        sid, pid = completed.stdout.split()
        assert pid == sid
        assert os.getsid(0) != int(sid)

    def test_close_ends_what_was_started(self, shell: Runner) -> None:
        """Nothing of ours stays when deployer ends."""
        child: Running = shell.start(script("sleep 30"))

        shell.close()

        assert child.is_over


def test_every_end_is_told(clock: SystemClock) -> None:
    """For `--verbose`: the command line and how it ended."""
    told: list[Completed] = []
    runner = Runner(clock, {"PATH": os.environ["PATH"]}, Redactor(), SHELL, told.append)

    runner.run(script("exit 3"))

    assert [("convox 'exit 3'", 3)] == [(each.command, each.status) for each in told]
