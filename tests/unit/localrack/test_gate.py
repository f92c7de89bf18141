"""The door of a local rack: what comes in, by which name, and how much of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deployer.localrack.forms import MAX_FORM_BYTES
from tests.unit.localrack.paper import Answer, PaperRack


def asked(home: Path, ask: Callable[[PaperRack], Awaitable[Answer]]) -> Answer:
    async def play() -> Answer:
        rack = PaperRack(home, random.Random(1))
        answer = await ask(rack)
        await rack.machine.stop(0)
        return answer

    return asyncio.run(play())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:5000", "localhost:5000", "LOCALHOST", "[::1]:5000", "[::1]"])
def test_a_rack_answers_to_the_names_of_this_machine(host: str, tmp_path: Path) -> None:
    """With a port or without."""
    assert 200 == asked(tmp_path, lambda rack: rack.ask("GET", "/apps", host=host)).status


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil:80"])
def test_a_rack_answers_to_no_other_name(host: str, tmp_path: Path) -> None:
    """A page whose name was made to mean 127.0.0.1 learns nothing, even with the password (DNS rebinding)."""
    answer = asked(tmp_path, lambda rack: rack.ask("GET", "/apps", host=host))

    assert (403, "this rack is only reached as 127.0.0.1 or localhost\n") == (answer.status, answer.text)


@pytest.mark.parametrize("path", ["/apps", "/_local/faults"])
def test_a_body_is_bounded(path: str, tmp_path: Path) -> None:
    """However it comes."""
    answer = asked(tmp_path, lambda rack: rack.ask("POST", path, b"x" * (MAX_FORM_BYTES + 1)))

    assert (413, "request body too large\n") == (answer.status, answer.text)


@pytest.mark.parametrize("body", [b"nonsense", b"\xff", b"[" * 100_000, b'{"fault": "drop", "times": "x"}', b"[]"])
def test_an_order_that_is_none_is_refused_in_words(body: bytes, tmp_path: Path) -> None:
    """Never an error of our own."""
    answer = asked(tmp_path, lambda rack: rack.ask("POST", "/_local/faults", body))

    assert 400 == answer.status
    assert "fault" in answer.text or "no JSON" in answer.text or "times" in answer.text


@pytest.mark.parametrize("app", ["..", "../x", "a/b", "A", "a b", "-a", "", "a" * 41, "a\0", "a\n", "%2e%2e", "é"])
def test_an_apps_name_is_no_path(app: str, tmp_path: Path) -> None:
    """Logs are kept in a folder of that name."""
    answer = asked(tmp_path, lambda rack: rack.ask("POST", "/apps", {"name": app}))

    assert answer.status in (400, 403, 404, 422, 500)
    assert answer.text.strip() not in ("", "Internal Server Error")
    assert [] == list((tmp_path / "logs").iterdir())
