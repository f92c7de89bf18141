"""The JSON of `convox api get`."""

from __future__ import annotations

import pytest

from deployer.convox import wire
from deployer.core.errors import Garbled
from deployer.core.models import Port, Service
from deployer.core.names import ServiceName


def test_service_has_its_count_and_ports() -> None:
    """Unknown fields are passed over."""
    text = (
        '[{"name":"web","domain":"d","count":3,"cpu":1,"ports":[{"balancer":443,"container":8000,"certificate":""}]}]'
    )

    assert (Service(ServiceName("web"), "d", (Port(443, 8000),), 3),) == wire.services(text)


@pytest.mark.parametrize("text", ["[]", "null"])
def test_none_is_no_rows(text: str) -> None:
    """Go prints an empty list as null."""
    assert ((), ()) == (wire.services(text), wire.processes(text))


def test_fields_that_are_not_known_are_unknown() -> None:
    """An older rack without counts: unknown, not zero."""
    (service,) = wire.services('[{"name":"web","ports":null}]')

    assert Service(ServiceName("web"), "", (), None) == service


@pytest.mark.parametrize(
    "text", ["", "<html>", "{}", '[{"name": 1}]', '[{"domain": "s3cret"}]', "[" * 100_000, '"s3cret"']
)
def test_anything_else_is_garbled_and_not_shown(text: str) -> None:
    """The answer of an API may hold values."""
    with pytest.raises(Garbled) as caught:
        wire.services(text)

    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert "s3cret" not in f"{caught.value} {caught.value.__dict__}"


@pytest.mark.parametrize("spelled", ["runn\\ng", "\\u001b[31mred", "\\u202egnp", "a\\r"])
def test_character_that_acts_on_a_terminal_is_garbled(spelled: str) -> None:
    """JSON can spell any; a name of the rack's has none. Found by atheris."""
    row = '[{"id":"web-1","name":"web","status":"%s","release":"R1"}]'

    assert 1 == len(wire.processes(row % "runn\\u0069ng"))
    with pytest.raises(Garbled, match="value_error"):
        wire.processes(row % spelled)


def test_log_without_an_end_is_no_part_of_the_next() -> None:
    """The run before was cut off in the middle of a line. Found by atheris."""
    [pod] = wire.diagnosis('{"pods":[{"name":"web-1","previousLogs":"one\\ntw","logs":"three\\n"}]}')

    assert ("one", "tw", "three") == pod.lines
