from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.core.encode import decode, encode
from deployer.core.events import Ended, Event, Looked, Planned, ProcessSeen, Said, Started
from deployer.core.names import AppName, ProcessId, ReleaseId, ShipId
from deployer.core.redact import Secret
from deployer.core.verdict import Verdict
from tests.unit.render.runs import A_PLAN, a_look


@given(st.from_type(Event))  # type: ignore[arg-type]  # a union of classes is a type to hypothesis
def test_every_event_survives_the_journal(event: Event) -> None:
    """Whatever is in an event comes back from its line of JSON unchanged."""
    line = json.dumps(encode(event), allow_nan=False)

    assert event == decode(json.loads(line))


def test_an_event_is_plain_data_with_its_version_and_its_name() -> None:
    """A reader of another language needs nothing but JSON: enums are their words, tuples are lists."""
    seen = ProcessSeen(ProcessId("api-1"), "api", ReleaseId("RNEW"), "running", is_new=True)

    data = encode(Looked("watch", ReleaseId("RNEW"), "updating", progress=(), processes=(seen,)))

    assert (1, "looked", "RNEW", []) == (data["v"], data["event"], data["release"], data["progress"])
    assert [
        {
            "id": "api-1",
            "service": "api",
            "release": "RNEW",
            "status": "running",
            "is_new": True,
            "answered_s_ago": None,
            "answer_ms": None,
        }
    ] == data["processes"]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_its_label_and_its_status(verdict: Verdict) -> None:
    """Two verdicts may share a status and three share a label; the pair tells each from all others."""
    event = Ended(verdict, None, "nothing")

    data = encode(event)

    assert {"label": verdict.label, "status": verdict.status} == data["verdict"]
    assert event == decode(data)


def test_a_secret_is_never_written_down() -> None:
    """An event that somehow holds a secret is a bug, and stops there: not even its mask is written."""
    event = Said("env", Secret("hunter2-hunter2"))  # type: ignore[arg-type]

    with pytest.raises(TypeError) as caught:
        encode(event)

    assert "hunter2" not in str(caught.value)


def test_an_older_journal_lacks_fields_and_a_newer_one_has_more() -> None:
    """Fields that are missing take their defaults, fields that are unknown are left out."""
    data = {"v": 1, "event": "said", "at": "2026-11-23T12:00:00Z", "step": "env", "text": "2 keys set", "mood": "good"}

    assert Said("env", "2 keys set") == decode(data)


def test_whole_seconds_of_other_writers_are_seconds() -> None:
    """JSON knows one kind of number: 60 and 60.0 are the same soak."""
    data = encode(Planned(A_PLAN))
    whole = json.loads(json.dumps(data).replace("60.0", "60"))

    assert Planned(A_PLAN) == decode(whole)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"v": 2},
        {"v": None},
        {"event": "danced"},
        {"event": None},
        {"ship": None},
        {"app": 7},
        {"actor": ["gha"]},
    ],
)
def test_what_is_not_an_event_is_a_value_error(spoilt: Mapping[str, object]) -> None:
    """A torn or foreign line is told apart from an event, so that `resume` can stop at it."""
    started = Started(ShipId("20261123-120000-a1b2c3"), "ship", AppName("myapi"), "gha:18234", "0.1.0")

    with pytest.raises(ValueError, match=r"version|called|belongs"):
        decode({**encode(started), **spoilt})


def test_a_field_that_has_no_default_must_be_there() -> None:
    """An event cut short is not read as another one."""
    data = {key: value for key, value in encode(Said("env", "2 keys set")).items() if key != "text"}

    with pytest.raises(ValueError, match="text"):
        decode(data)


def test_nested_records_are_read_as_strictly() -> None:
    """A list where a record belongs is refused, at any depth."""
    look = a_look(running=1, proven=0)
    data = encode(replace(look, trouble=("ps: timed out",)))

    with pytest.raises(ValueError, match="Progress"):
        decode({**data, "progress": [["api", 2]]})
