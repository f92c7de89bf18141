"""From what the CLI left behind to one of our errors: rules that the recordings do not show."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox.failures import NoSuchConfig, failure_of
from deployer.convox.request import Completed, Request
from deployer.core.errors import (
    CannotTell,
    Crashed,
    Denied,
    Garbled,
    NotFound,
    RackBusy,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
    TimedOut,
    Transport,
    Unauthorised,
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


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("invalid authentication: token is expired", Unauthorised),
        ("authentication failed", Unauthorised),
        ("you are unauthorized to access this", Denied),
        ("app create requires admin access", Denied),
        ("could not find rack: acme/prod", RackUnreachable),
        ("ambiguous rack name: prod", RackUnreachable),
        ("no current rack, use `convox racks` to list", RackUnreachable),
        ("unknown rack type: ", RackUnreachable),
        ('parse "https://convox:se%zzcret@h": invalid URL escape "%zz"', RackUnreachable),
        ('Get "http:///system?": http: no Host in request URL', RackUnreachable),
        ("no such app: x", NotFound),
        ("app config not found: deployer", NoSuchConfig),
        ("no build for release: RAAAAAAAAA1", NotFound),
        ("no such release: RAAAAAAAAA1", NotFound),
        ("env not found: FOO", NotFound),
        ("service not found: web", NotFound),
        ("app is currently updating", RackBusy),
        ("app is not updating", RackBusy),
        ("not currently updating", RackBusy),
        ("can not promote an older release, try rollback", RefusedByRack),
        ("can not promote a release with an empty manifest", RefusedByRack),
        ("required env: A, B", RefusedByRack),
        ("app is locked", RefusedByRack),
        ("bufio.Scanner: token too long", RefusedByRack),
        ('Get "https://h/system?": dial tcp 10.0.0.1:443: i/o timeout', RackUnreachable),
        ('Get "https://h/system?": x509: certificate signed by unknown authority', RackUnreachable),
        ('Get "https://h/system?": net/http: TLS handshake timeout', Transport),
        ('Get "https://h/system?": read tcp 1.1.1.1:1->2.2.2.2:2: read: connection reset by peer', Transport),
        ("write tcp 1.1.1.1:1->2.2.2.2:2: write: broken pipe", Transport),
        ("context deadline exceeded", Transport),
        ("response status 502", ServerFault),
        ("Internal Server Error", ServerFault),
        ("<!DOCTYPE html><title>Bad Gateway</title>", ServerFault),
        ("json: cannot unmarshal string into Go value", Garbled),
        ("unexpected end of JSON input", Garbled),
        ("rollback", CannotTell),
        ("timeout", CannotTell),
    ],
)
def test_words_decide(words: str, kind: type[Exception]) -> None:
    """All errors of the CLI exit 1 and differ only in their words."""
    failure = failure_of(ended(f"Doing something... ERROR: {words}\n"), "myapp")

    assert kind is type(failure)


def test_last_error_is_the_clis_own() -> None:
    """A build's log may hold errors of its own."""
    log = "Starting build... OK\nERROR: app not found in registry\nERROR: response status 502\n"

    assert ServerFault is type(failure_of(ended(log, verb="build"), "myapp"))


@pytest.mark.parametrize("app", ["locked", "budget", "eof", "timeout", "rollback"])
def test_name_of_an_app_is_not_a_word_of_the_error(app: str) -> None:
    """It stands in the request's URL."""
    stderr = f'ERROR: Get "http://h/apps/{app}?": dial tcp 1.1.1.1:1: connect: connection refused\n'

    assert RackUnreachable is type(failure_of(ended(stderr), app))


def test_words_that_no_rule_knows_are_the_racks_reason() -> None:
    """A write was refused; a read may be tried again."""
    stderr = "ERROR: the moon is in the wrong place\n"

    refused, odd = failure_of(ended(stderr, is_write=True), "myapp"), failure_of(ended(stderr), "myapp")

    assert (RefusedByRack, ServerFault) == (type(refused), type(odd))
    assert refused
    assert "the moon is in the wrong place" == refused.why


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
