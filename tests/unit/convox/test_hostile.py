"""Whatever is printed is understood or refused by name, and a row is never made up."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox.failures import failure_of
from deployer.convox.rack import ConvoxRack
from deployer.convox.request import Completed, Request
from deployer.core.errors import Garbled
from deployer.core.models import Process
from deployer.core.names import ProcessId, ReleaseId, ServiceName
from tests.unit.convox.hostile import PARSERS, SPOILERS, invented, outputs_of, read, spoiled
from tests.unit.convox.scripted import Answer, ScriptedConvox

NAMES = sorted(PARSERS)


@pytest.mark.parametrize("name", NAMES)
def test_recordings_are_read_as_they_stand(name: str) -> None:
    """Each parser reads something that the real CLI has printed, and adds nothing to it."""
    parser, command = PARSERS[name]

    results = [(read(parser, text), text) for text in outputs_of(command)]

    assert any(result is not None for result, _ in results) or name.startswith("wire")
    assert [] == [piece for result, text in results for piece in invented(result, text)]


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**64))
def test_row_is_never_invented(name: str, seed: int) -> None:
    """Recordings cut, mixed and spoiled: all that is read stands in the text."""
    parser, command = PARSERS[name]
    text = spoiled(outputs_of(command), random.Random(seed))

    assert [] == invented(read(parser, text), text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spoiler", SPOILERS, ids=lambda text: ascii(text)[:20])
def test_spoiler_anywhere_is_survived(name: str, spoiler: str) -> None:
    """At every tenth place of every recording, and by itself."""
    parser, command = PARSERS[name]

    for text in outputs_of(command):
        for at in range(0, len(text) + 1, 10):
            mixed = text[:at] + spoiler + text[at:]
            assert [] == invented(read(parser, mixed), mixed)
    read(parser, spoiler)


@pytest.mark.parametrize("name", ["builds", "environment", "processes", "releases", "services"])
def test_cut_short_anywhere_is_not_a_shorter_list(name: str) -> None:
    """A table without its last line's end is refused: fewer rows would be fewer replicas."""
    parser, command = PARSERS[name]

    for text in outputs_of(command):
        ends = [at for at in range(1, len(text)) if text[at - 1] != "\n"]
        assert not any(read(parser, text[:at]) for at in ends)


def test_ten_megabytes_of_rows_are_too_many(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """More than is kept of a stream: what was lost could be a replica, so it is no answer."""
    header, row = (
        "ID     SERVICE  STATUS   RELEASE      STARTED  COMMAND\n",
        "web-1  web      running  RAAAAAAAAA1  now      x\n",
    )
    convox.says("ps", Answer(header + row * (10 * 2**20 // len(row)))).says("api get", Answer("", "", 1))

    with pytest.raises(Garbled, match="printed too much"):
        rack.processes()


def test_bytes_that_are_no_text_are_replaced(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """One character for one byte, so that the columns stay where they are."""
    header = "ID       SERVICE  STATUS   RELEASE      STARTED  COMMAND\n"
    convox.says("ps", f"{header}web-\udcff1\udcfe  web      running  RAAAAAAAAA1  now      x\n")

    ids = [each.id for each in rack.processes()]

    assert ["web-\ufffd1\ufffd"] == ids


@given(seed=st.integers(0, 2**64), status=st.sampled_from([0, 1, 2, 127, None]))
def test_any_end_of_a_child_is_well_or_a_named_error(seed: int, status: int | None) -> None:
    """Both streams spoiled: no exception, one harmless line, and never well when the CLI said otherwise."""
    chance = random.Random(seed)
    out, err = (spoiled(outputs_of(chance.choice(["ps", "env", "build", "logs"])), chance) for _ in range(2))

    failure = failure_of(Completed(Request("ps", ("ps",), 1.0), status, out, err), "myapp")

    assert failure is not None or status == 0
    if failure:
        assert re.search(r"[\x00-\x1f\x7f-\x9f]", str(failure)) is None


def test_the_net_catches_a_row_made_of_two() -> None:
    """Each cell stands in the text, and no line has all of them."""
    row = Process(ProcessId("web-1"), ServiceName("web"), "running", ReleaseId("RAAAAAAAAA1"))

    assert [str(row)] == invented((row,), "web-1  web  running  RBBBBBBBBB1\nweb-2  web  running  RAAAAAAAAA1\n")


def test_the_net_catches_an_invented_row() -> None:
    """What the property would see if a parser made something up."""
    row = Process(ProcessId("web-1"), ServiceName("web"), "running", ReleaseId("RAAAAAAAAA1"))

    assert (["RAAAAAAAAA1"], []) == (invented(row, "web-1 web running"), invented(row, "web-1 web running RAAAAAAAAA1"))
