"""Copies are told from answers, and honest answers are never taken for copies."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.core.models import Answer
from deployer.core.names import ProcessId, ServiceName
from deployer.probe.answers import Fields, Reply
from deployer.probe.freshness import Heard, heard, resolution_of, with_repeats_marked

ANSWER = Answer(ServiceName("web"), status_code=200)
NAMED = replace(ANSWER, process=ProcessId("web-1"))


def a_heard(answer: Answer = NAMED, *, time: object, sent_s: float, body: bytes = b"same", url: str = "u") -> Heard:
    reply = Reply(200, body, sent_s, sent_s + 0.1)
    return heard(url, answer, reply, {"timestamp": time}, Fields())


@pytest.mark.parametrize(
    ("timestamp", "resolution_s"),
    [
        ("2026-11-24T01:47:00Z", 1),
        ("2026-11-24T01:47:00.12Z", 0.01),
        ("2026-11-24T01:47:00.123000+00:00", 0.001),
        ("2026-11-24T01:47:00.123456789", 1e-9),
        ("2026-11-24 01:47:00,5", 0.1),
        (1_795_000_000, 1),
        (1_795_000_000_123, 0.001),
        (1_795_000_000.25, 0.01),
        ("yesterday", math.inf),
        (None, math.inf),
        (True, math.inf),
        (3.5, math.inf),
        (float("nan"), math.inf),
        ("", math.inf),
        (["01:47:00.1"], math.inf),
    ],
)
def test_resolution_is_how_finely_a_timestamp_is_written(timestamp: object, resolution_s: float) -> None:
    """Trailing zeros are padding, and what is no timestamp tells nothing."""
    assert math.isclose(resolution_s, resolution_of(timestamp))


@pytest.mark.parametrize(
    ("answer", "time", "gap_s", "is_copy"),
    [
        (NAMED, "01:47:00.123456", 0.01, True),
        (NAMED, "01:47:00.123", 0.01, True),
        (NAMED, "01:47:00.123", 0.0005, False),
        (NAMED, "01:47:00", 0.5, False),
        (NAMED, "01:47:00", 1.5, True),
        (ANSWER, "01:47:00.123456", 0.5, False),
        (ANSWER, "01:47:00.123456", 1.5, True),
        (ANSWER, "01:47:00", 60, False),
        (NAMED, None, 60, False),
    ],
)
def test_the_same_words_are_a_copy_only_where_they_cannot_be_honest(
    answer: Answer, time: object, gap_s: float, is_copy: bool
) -> None:
    """One process has one clock; unnamed replicas have clocks that may be a second apart."""
    first = a_heard(answer, time=time, sent_s=0)
    second = a_heard(answer, time=time, sent_s=first.received_s + gap_s)

    assert [is_copy, is_copy] == [each.answer.is_cached for each in with_repeats_marked([first, second], ())]
    assert [is_copy] == [each.answer.is_cached for each in with_repeats_marked([second], [first])]


def test_two_that_were_under_way_at_once_are_never_called_copies() -> None:
    """Two workers of one process can write the same microsecond."""
    both = [a_heard(time="01:47:00.123456", sent_s=0), a_heard(time="01:47:00.123456", sent_s=0.05)]

    assert not any(each.answer.is_cached for each in with_repeats_marked(both, ()))


def test_another_body_or_another_address_is_no_copy() -> None:
    """Only the whole answer to the same question counts."""
    first = a_heard(time="01:47:00.123456", sent_s=0)
    others = [
        a_heard(time="01:47:00.123456", sent_s=9, body=b"other"),
        a_heard(time="01:47:00.123456", sent_s=9, url="other"),
    ]

    assert not any(each.answer.is_cached for each in with_repeats_marked([first, *others], ()))


@given(st.one_of(st.text(), st.floats(), st.integers(), st.lists(st.text())))
def test_any_timestamp_has_a_resolution(timestamp: object) -> None:
    """Whatever stands in the field, nothing raises."""
    assert resolution_of(timestamp) >= 0
