"""From what the CLI left behind to one of our errors: rules that the recordings do not show."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox.failures import failure_of
from deployer.convox.request import Completed, Request
from deployer.core.errors import (
    BuildFailed,
    Crashed,
    Garbled,
    NotFound,
    ServerFault,
    TimedOut,
)

PANIC = "panic: runtime error: index out of range [0] with length 0\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:1\n"


def ended(
    stderr: str = "",
    *,
    status: int | None = 1,
    stdout: str = "",
    verb: str = "ps",
    is_write: bool = False,
    late: bool = False,
) -> Completed:
    return Completed(Request(verb, tuple(verb.split()), 10.0, is_write=is_write), status, stdout, stderr, is_late=late)


def test_last_error_is_the_clis_own() -> None:
    """A build's log may hold errors of its own."""
    log = "Starting build... OK\nERROR: app not found in registry\nERROR: response status 502\n"

    assert ServerFault is type(failure_of(ended(log, verb="build"), "myapp"))


def test_reason_is_harmless() -> None:
    """Tags, escapes, damage of Go's format call and credentials never reach a person."""
    stderr = "ERROR: \x1b[31m<b>100%!d(MISSING)</b> of https://u:hunter22@h/x\x1b]0;title\x07 %!(NOVERB)\nsecond line\n"

    failure = failure_of(ended(stderr), "myapp")

    assert failure
    assert "100%d of https://••••@h/x %" == failure.why


def test_redaction_does_not_change_what_is_understood() -> None:
    """Values such as `found` are secrets like any other: words are read first and masked after."""
    failure = failure_of(ended("ERROR: app not found: nope\n"), "nope", lambda text: text.replace("found", "••••"))

    assert (NotFound, "app not ••••: nope") == (type(failure), failure.why if failure else "")


@pytest.mark.parametrize(
    ("completed", "kind"),
    [
        (replace(ended(status=None), is_late=True), TimedOut),
        (ended(status=None), Crashed),
        (ended(PANIC, status=2), Crashed),
        (ended(status=1), Garbled),
        (ended("usage of something\n", status=64), Garbled),
        (ended(status=0, stdout="convox api get          query the rack api\n"), Garbled),
    ],
    ids=["late", "killed", "panic", "silent", "wordless", "help"],
)
def test_end_without_an_error_line_is_named_too(completed: Completed, kind: type[Exception]) -> None:
    """No end of a child is unknown."""
    assert kind is type(failure_of(completed, "myapp"))


@pytest.mark.parametrize("status", [-15, 130, 137, 143])
def test_signal_may_be_told_as_a_status(status: int) -> None:
    """By a shell around the CLI, or by Python; what a command that was run ended with is its own affair."""
    killed, relayed = failure_of(ended("log: app not found\n", status=status), "myapp"), ended(status=137, verb="run")

    assert Crashed is type(killed)
    assert f"signal {abs(status) % 128}" == (killed.why if killed else "")
    assert failure_of(relayed, "myapp") is None


def test_panic_is_not_the_last_error_of_a_log() -> None:
    """A build's log may end with an error of its own before the CLI crashes: what became of the build is open."""
    log = f"Starting build... OK\nERROR: required env: A\n{PANIC}"

    assert Crashed is type(failure_of(ended(log, status=2, verb="build", is_write=True), "myapp"))


def test_error_behind_a_log_without_an_end_is_found() -> None:
    """The stream broke off in the middle of a line."""
    assert BuildFailed is type(failure_of(ended("Step 1/2 : FRERROR: build failed\n", verb="build"), "myapp"))


def test_error_on_stdout_counts_when_it_is_all_there_is() -> None:
    """A wrapper may put both streams into one; values that an env begins with are no words of an error."""
    told = failure_of(ended(stdout="ERROR: app not found: x\n"), "myapp")
    values = failure_of(ended(stdout="KEY=ERROR: app not found: s3cret\n", verb="env"), "myapp")

    assert (NotFound, Garbled) == (type(told), type(values))
    assert "s3cret" not in str(values)


@pytest.mark.parametrize("text", ["ERROR: app not found: x\n", "ERROR: <html>\n<h1>502 Bad Gateway</h1>\n", "ERROR: x"])
def test_log_that_begins_with_an_error_is_none(text: str) -> None:
    """Status 0, and the rack's own words where lines should be: those begin with where they are from."""
    assert failure_of(ended(status=0, stdout=text, verb="logs"), "myapp")
    assert (
        failure_of(ended(status=0, stdout=f"2026-01-01T00:00:00Z service/web/web-1 {text}", verb="logs"), "x") is None
    )


@pytest.mark.parametrize("stderr", ["", 'ns=cli_budget at=fetch-error err="response status 404"\n', "warning: x\n"])
def test_noise_on_stderr_is_no_failure(stderr: str) -> None:
    """Older racks have no budgets, and the CLI says so on every read."""
    assert failure_of(ended(stderr, status=0, stdout="x\n"), "myapp") is None


def test_output_that_was_too_much_is_not_read() -> None:
    """A table that lost its beginning is no table."""
    flooded = Completed(Request("ps", ("ps",), 10.0), 0, "x\n", "", dropped=5)

    assert Garbled is type(failure_of(flooded, "myapp"))


def test_status_of_a_command_that_was_run_is_its_own() -> None:
    """`run` ends with the status of what it ran, and prints what that printed."""
    assert failure_of(ended(status=3, verb="run"), "myapp") is None
    assert failure_of(ended(status=0, verb="run", stdout="ERROR: relation exists\ngoing on\n"), "myapp") is None


@pytest.mark.parametrize(
    "piece", ["a", " ", "<a", "\x1b]", "env ", "%!(EXTRA ", "ERROR: ", "ERROR: dial tcp ", "... ", "x://"]
)
def test_megabyte_of_anything_takes_a_moment(piece: str) -> None:
    """No pattern of ours goes over a text again and again."""
    text = "ERROR: " + piece * (2**20 // len(piece))
    began_s = time.process_time()

    failure_of(ended(text), "myapp")
    failure_of(ended(status=0, stdout=f"convox a{text}"), "myapp")

    assert 2.0 > time.process_time() - began_s


PIECES = ["ERROR: ", "... ", "\n", "EOF", "%!d(MISSING)", "<a", "\x1b[", "panic: ", "ns=cli_budget "]


@given(
    stderr=st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)),
    stdout=st.text(),
    status=st.one_of(st.none(), st.integers(0, 255)),
    verb=st.sampled_from(["ps", "build", "run", "logs"]),
)
def test_no_end_of_a_child_breaks_the_table(stderr: str, stdout: str, status: int | None, verb: str) -> None:
    """Any end is an error of ours of one harmless line, or none; without a word from the CLI only status 0 is none."""
    failure = failure_of(ended(stderr, status=status, stdout=stdout, verb=verb), "myapp")

    if failure is None:
        assert status == 0 or verb == "run"
    else:
        assert not any(mark in str(failure) for mark in "\n\r\x1b\x00")
