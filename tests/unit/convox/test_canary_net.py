"""The net catches what it is for: twelve leaks of the kinds that were measured (faults 4.1), each put back and seen."""

from __future__ import annotations

import base64
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sh

from deployer.core.errors import DeployerError
from deployer.core.redact import Secret
from tests.unit.convox.net import CANARIES, PASSWORD, VALUE, Cmdlines, files_below, leaks_in, shapes, texts_of

# `sh` takes what is called `true` or a Python that sleeps: children that anybody has.
PYTHON = sh.Command(sys.executable)
SAYS_NOTHING = "import sys, time; sys.stdin.read(); time.sleep(0.2)"


@dataclass(frozen=True)
class Holder:
    """What a careless model looks like."""

    value: str


def _raised(do: Callable[[], object]) -> Iterator[str]:
    try:
        do()
    except Exception as error:
        yield from texts_of(error)


def _raise(error: BaseException, *, under: BaseException | None = None) -> None:
    if under is None:
        raise error
    try:
        raise under
    except BaseException:
        raise error  # noqa: B904 - the leak: what it was raised under stays with it


def _logged_by_sh(level: int) -> Iterator[str]:
    """What `sh` tells its loggers, which the runner silences, once somebody wakes them."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    loggers = [
        logging.getLogger(name) for name in ("sh", "sh.command", "sh.command.process.streamwriter", "sh.streamreader")
    ]
    before = [(each, each.disabled, each.level) for each in loggers]
    for each in loggers:
        each.disabled = False
        each.setLevel(level)
        each.addHandler(handler)
    try:
        PYTHON("-c", SAYS_NOTHING, *((f"--K={VALUE}",) if level == logging.INFO else ()), _in=f"K={VALUE}\n")
    finally:
        for each, was_disabled, was_level in before:
            each.disabled = was_disabled
            each.setLevel(was_level)
            each.removeHandler(handler)
    yield told.getvalue()


def _argv(_: Path) -> Iterator[str]:
    with Cmdlines() as cmdlines:
        subprocess.run([sys.executable, "-c", SAYS_NOTHING, f"K={VALUE}"], stdin=subprocess.DEVNULL, check=True)
    yield from cmdlines.seen


def _file(folder: Path) -> Iterator[str]:
    (folder / "env.tmp").write_text(f"K={VALUE}\n")
    yield from files_below(folder)


def _inherited(_: Path) -> Iterator[str]:
    child = subprocess.run(["/usr/bin/env"], env={"TOKEN": VALUE}, capture_output=True, text=True, check=True)
    yield child.stdout


LEAKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "a value in argv": _argv,
    "sh's exception": lambda _: _raised(lambda: PYTHON("-c", "import sys; sys.exit(1)", f"K={VALUE}")),
    "sh's log at INFO": lambda _: _logged_by_sh(logging.INFO),
    "sh's log at DEBUG": lambda _: _logged_by_sh(logging.DEBUG),
    "subprocess's exception": lambda _: _raised(lambda: subprocess.run(["/bin/false", VALUE], check=True)),
    "a dataclass's repr": lambda _: iter([repr(Holder(VALUE))]),
    "the text of a conversion": lambda _: _raised(lambda: int(VALUE)),
    "what a JSON error keeps": lambda _: _raised(lambda: json.loads(f'{{"K": "{VALUE}" oops')),
    "what an encoding error keeps": lambda _: _raised(lambda: f"{VALUE}\udcff".encode()),
    "an attribute of our own error": lambda _: _raised(lambda: _raise(DeployerError("what", hint=VALUE))),
    "the error behind an error": lambda _: _raised(lambda: _raise(DeployerError("what"), under=ValueError(PASSWORD))),
    "a URL's password, encoded": lambda _: iter([base64.b64encode(f"convox:{PASSWORD}".encode()).decode()]),
    "a file": _file,
    "an inherited environment": _inherited,
}


@pytest.mark.parametrize("leak", LEAKS)
def test_seeded_leak_is_caught(leak: str, tmp_path: Path) -> None:
    """Each through the same eyes that look at the adapter."""
    assert leaks_in(LEAKS[leak](tmp_path))


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: ascii(canary)[:24])
def test_every_shape_of_a_canary_is_caught(canary: str) -> None:
    """Raw, in pieces, quoted for four languages, in base64 at any offset, in hex, and backwards."""
    for shape in shapes(canary):
        assert leaks_in([f"before {shape} after"])


def test_what_is_no_leak_is_not_caught() -> None:
    """A net that catches everything would prove nothing."""
    harmless = [
        "",
        "RAAAAAAAAA1",
        "env set --id -a myapp",
        repr(Secret(VALUE)),
        *texts_of(DeployerError("canary", why="a value")),
    ]

    assert [] == leaks_in(harmless)
