from __future__ import annotations

import io
import json

from deployer.core.encode import decode
from deployer.core.events import Event, Said
from deployer.render.json_lines import JsonLines
from tests.unit.render.runs import Wall, doomed_ship


def lines_of(*events: Event) -> list[str]:
    out = io.StringIO()
    renderer = JsonLines(out, Wall().now)
    for event in events:
        renderer.record(event)
    renderer.close()
    return out.getvalue().splitlines()


def test_every_event_is_one_line_with_its_time() -> None:
    """A machine gets all of them, heartbeats of the watch included, and can make the events again."""
    events = [event for _, event in doomed_ship()]

    lines = [json.loads(each) for each in lines_of(*events)]

    assert events == [decode(each) for each in lines]
    assert {"2026-11-23T12:00:00.000+02:00"} == {each["at"] for each in lines}


def test_no_text_can_break_a_line() -> None:
    """Line breaks of any kind, and what no terminal should see, are escaped."""
    text = "one\ntwo\r\u2028three\x1b[2J → four"

    (line,) = lines_of(Said("env", text))

    assert line.isascii()
    assert line.isprintable()
    assert text == json.loads(line)["text"]
