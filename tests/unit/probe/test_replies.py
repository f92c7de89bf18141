"""What a reply is taken for: an answer, an answer without a release, a copy from a cache, or none at all."""

from __future__ import annotations

import asyncio

import pytest

from deployer.core.models import Answer
from deployer.core.names import ProcessId, ReleaseId
from deployer.core.redact import Redactor, Secret
from deployer.probe.answers import BODY_LIMIT_BYTES, Fields

from .asking import GOOD, STAMP, WEB, a_probe, a_target, ask, ask_once, fresh
from .loopback import Loopback, Request, a_reply, always


def test_a_good_answer_says_who_answers() -> None:
    """Release, process and build stamp are read from the contract's fields."""
    answer = ask_once(always(a_reply(GOOD)))

    assert "" == answer.error
    assert 200 == answer.status_code
    assert ReleaseId("RABCDEFGHIJ") == answer.release
    assert ProcessId("web-7f9c6d-x2x4z") == answer.process
    assert STAMP == answer.stamp
    assert 0 < answer.elapsed_s < 5
    assert not answer.is_cached


def test_field_names_can_be_set() -> None:
    """An app with a health answer of its own need not change it."""
    probe = a_probe(fields=Fields(release=("rel",), process="pod", stamp="image"))

    answer = ask_once(always(a_reply({"rel": "RA", "pod": "web-1", "image": STAMP})), probe=probe)

    assert (ReleaseId("RA"), ProcessId("web-1"), STAMP) == (answer.release, answer.process, answer.stamp)


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_status_is_an_answer(status: int) -> None:
    """The service answered and said no; an HTML page does not make it less of an answer."""
    page = b"<html><h1>Down</h1></html>"

    answer = ask_once(always(a_reply(page, status=status, content_type="text/html")))

    assert Answer(WEB, status_code=status, elapsed_s=answer.elapsed_s, said="Down") == answer
    assert answer.is_failure


def test_what_an_error_says_is_masked_before_it_is_cut_short() -> None:
    """The first line of it may be shown, but no secret that a service quotes in it, nor the half of one."""
    redactor = Redactor()
    redactor.learn(Secret("hunter2-hunter2"))
    reply = a_reply(b"x" * 190 + b" hunter2-hunter2\nmore", status=500)

    answer = ask_once(always(reply), probe=a_probe(redact=redactor.redact))

    assert answer.said.startswith("x" * 190)
    assert "hunter" not in answer.said


def test_an_error_status_still_says_who_answered() -> None:
    """So that a failing old process is not held against the new release."""
    answer = ask_once(always(a_reply(GOOD, status=503)))

    assert ProcessId("web-7f9c6d-x2x4z") == answer.process
    assert answer.is_failure


def test_a_huge_body_is_not_read_to_its_end() -> None:
    """Past 64 KiB the connection is closed, whatever is still to come."""
    sent = 0

    async def pour(_: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while sent < 200 * BODY_LIMIT_BYTES:
            writer.write(b" " * BODY_LIMIT_BYTES)
            sent += BODY_LIMIT_BYTES
            await writer.drain()

    answer = ask_once(pour)

    assert "answer too large" == answer.error
    assert sent < 200 * BODY_LIMIT_BYTES


@pytest.mark.parametrize("body", [b"", b"{", b"{'version': 'RA'}", b"\xff\xfe{", b"[" * 50_000, b"9" * 5_000, b"\0"])
def test_what_calls_itself_json_and_is_not_is_unknown(body: bytes) -> None:
    """A garbled answer says nothing about the release."""
    assert Answer(WEB, error="not JSON") == ask_once(always(a_reply(body)))


@pytest.mark.parametrize("body", [b"ok", b"<html>fine</html>", b"[1]", b'"RABC"', b"null", b"{}"])
def test_a_good_answer_without_a_release_is_an_answer_still(body: bytes) -> None:
    """A service that only says `ok` can be seen to answer, if not for which release."""
    answer = ask_once(always(a_reply(body, content_type="text/plain")))

    assert answer.is_ok
    assert answer.release is None
    assert "" == answer.error


@pytest.mark.parametrize("odd", [7, None, True, ["RA"], {"id": "RA"}, "1.4.2", "unknown", "", "<b>R</b>", "RA\x1b[2J"])
def test_fields_of_the_wrong_kind_are_as_good_as_missing(odd: object) -> None:
    """An app's own `version` is no release, and nothing hostile gets past the shape of an id."""
    answer = ask_once(always(a_reply({"version": odd, "process": [odd], "build": odd})))

    assert (None, None, "") == (answer.release, answer.process, answer.stamp)


def test_release_is_taken_where_version_is_the_app_s_own() -> None:
    """`version: 1.4.2` beside `release: RA` is common, and honest."""
    answer = ask_once(always(a_reply({"version": "1.4.2", "release": "RA"})))

    assert ReleaseId("RA") == answer.release


@pytest.mark.parametrize(("age", "is_cached"), [("3", True), ("0", False), ("", False), ("soon", False)])
def test_age_gives_a_cache_away(age: str, is_cached: bool) -> None:
    """Only a shared cache sends `Age`."""
    assert is_cached is ask_once(always(a_reply(GOOD, age=age))).is_cached


def test_the_same_instant_twice_gives_a_cache_away() -> None:
    """The last question of a round is asked after the first answer: an honest one would have a later timestamp."""
    answers = ask(always(a_reply(GOOD)), times=3)

    assert answers[0].is_cached
    assert answers[2].is_cached


def test_fresh_answers_are_not_called_cached() -> None:
    """Timestamps that differ are a service's own answers, in one round and the next."""
    probe = a_probe()

    with Loopback(fresh()) as server:
        answers = [each for _ in range(2) for each in probe.round([a_target(server.url(), times=4)])]

    assert not any(each.is_cached for each in answers)


@pytest.mark.parametrize("body", [{"version": "RA"}, {"version": "RA", "timestamp": "2026-11-24T01:47:00Z"}])
def test_answers_that_may_honestly_be_the_same_are_not_called_cached(body: dict[str, object]) -> None:
    """Without a timestamp, or with one of whole seconds, two answers in a row may be the same."""
    assert not any(each.is_cached for each in ask(always(a_reply(body)), times=4))
