from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from deployer.core.events import Event, Said
from deployer.render.github import Github
from deployer.render.json_lines import JsonLines
from deployer.render.live import Live
from deployer.render.plain import Plain
from deployer.render.stream import QuietStream, Renderer


class Broken(Renderer):
    """A renderer with a bug."""

    def _show(self, event: Event) -> None:
        raise KeyError("hunter2")

    def _finish(self) -> None:
        raise KeyError("hunter2")


def a_board(out: TextIO) -> Live:
    console = Console(file=out, width=80, height=24, force_terminal=True, highlight=False, markup=False, emoji=False)
    return Live(console)


@pytest.mark.parametrize("make", [Plain, JsonLines, lambda out: Github(out, {}), a_board])
@settings(max_examples=60)
@given(st.lists(st.from_type(Event), max_size=12))  # type: ignore[arg-type]  # a union of classes is a type to hypothesis
def test_no_stream_of_events_can_fail_a_display(make: Callable[[TextIO], Renderer], events: list[Event]) -> None:
    """In any order, with any numbers and any text: the bug that would be complained of is not there."""
    out = io.StringIO()
    renderer = make(out)

    for each in events:
        renderer.record(each)
    renderer.close()

    assert "the display failed" not in out.getvalue()


def test_a_reader_that_goes_away_is_not_missed() -> None:
    """`deployer ship | head`: nothing is raised, at the first write or at any later one."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = QuietStream(os.fdopen(writer, "w"))

    for _ in range(3):
        stream.write("a line\n")
        stream.flush()

    assert not stream.isatty()


def test_a_lost_reader_leaves_the_exit_status_alone() -> None:
    """Python flushes what is buffered as it leaves, and would say 120 instead of the verdict's status."""
    code = (
        "import sys; from deployer.render.stream import QuietStream;"
        "s = QuietStream(sys.stdout); s.write('a'); s.flush(); s.write('b'); sys.exit(20)"
    )
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "w") as gone:
        done = subprocess.run([sys.executable, "-c", code], stdout=gone, stderr=subprocess.PIPE, text=True, check=False)

    assert (20, "") == (done.returncode, done.stderr)


def test_a_closed_stream_is_silence() -> None:
    """Somebody closed it before us."""
    closed = io.StringIO()
    closed.close()
    stream = QuietStream(closed)

    stream.write("a line\n")
    stream.flush()

    assert not stream.isatty()


def test_what_an_encoding_cannot_say_becomes_a_question_mark() -> None:
    """A locale from another time loses an arrow, not the line."""
    raw = io.BytesIO()
    stream = QuietStream(io.TextIOWrapper(raw, encoding="ascii", errors="strict"))

    stream.write("2 keys set → RNEW\n")
    stream.flush()

    assert b"2 keys set ? RNEW\n" == raw.getvalue()


def test_a_bug_in_a_display_never_reaches_the_run() -> None:
    """It is said once, by its type alone, and the run goes on."""
    out = io.StringIO()
    renderer = Broken(out)

    for _ in range(3):
        renderer.record(Said("env", "2 keys set"))
    renderer.close()

    assert "deployer: the display failed (KeyError); the run goes on\n" == out.getvalue()


@pytest.mark.parametrize("broken", [OSError("no space left"), ValueError("closed")])
def test_a_flush_that_fails_ends_the_display(broken: Exception) -> None:
    """A full disk under a redirected log is like a reader that has gone."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise broken

    full = Full()
    stream = QuietStream(full)

    stream.flush()
    stream.write("a line\n")

    assert "" == full.getvalue()
