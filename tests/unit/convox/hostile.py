"""
Outputs that nobody should print: recordings of the real CLI, cut, mixed and spoiled.

Fuzzing begins at what a parser can read, since noise alone never gets past its first line.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache

from deployer.convox import parse, wire
from deployer.core.errors import Garbled
from deployer.core.redact import Secret, scrub
from deployer.core.why import Unwell
from tests.unit.convox.scripted import recorded_cases

# What a parser adds of its own: a process without a status, and the version that `rack` is told.
OURS = {"unknown", "3.24.9"}

# Each parser, and the commands whose output it reads.
PARSERS: dict[str, tuple[Callable[[str], object], str]] = {
    "app": (parse.app, "apps info"),
    "build": (parse.build, "builds info"),
    "builds": (parse.builds, "builds"),
    "client_version": (parse.client_version, "version"),
    "created_release": (parse.created_release, "releases create-from"),
    "desired_counts": (parse.desired_counts, "scale"),
    "environment": (parse.environment, "env"),
    "processes": (parse.processes, "ps"),
    "rack": (lambda text: parse.rack(text, "3.24.9"), "rack"),
    "release_id": (parse.release_id, "build"),
    "releases": (parse.releases, "releases"),
    "services": (parse.services, "services"),
    "wire diagnosis": (lambda text: tuple(_words_of(each) for each in wire.diagnosis(text)), "deploy-debug"),
    "wire processes": (wire.processes, "api get"),
    "wire services": (wire.services, "api get"),
}


def _words_of(pod: Unwell) -> tuple[object, ...]:
    """Those that stand in the answer as they are: an event is put together of two."""
    return pod.process, pod.service, pod.state, pod.ready, pod.hint, pod.lines


# Escapes, controls, other languages' digits, rich markup, workflow commands, Go format damage, and what tables are of.
SPOILERS = (
    *("\x1b[31m", "\x1b[2K", "\x1b]0;title\x07", "\x1b", "\r", "\r\n", "\t", "\0", "\x85", "\u2028", "\u202e"),
    *("\ufffd", "\udcff", "٣", "٤٢", "日本語", "e\u0301", "[bold]", "[/red]", "[link=x]", "%!d(MISSING)"),
    *("::set-output name=a::b", "::stop-commands::x", "  ", "    ", "\n", "\n\n", "ID  ", "RELEASE", "ERROR: "),
    *("err: x\n", "=", "null", "{}", "[", "RAAAAAAAAA1", '"', "9" * 400),
)


@cache
def outputs_of(command: str) -> list[str]:
    """What the real CLI printed for it, well or ill."""
    words = command.split()
    cases = (case for file in ("cases.jsonl", "rack-cases.jsonl") for case in recorded_cases(file))
    found = {case["stdout"] for case in cases if case["argv"][1 : 1 + len(words)] == words}
    return sorted(found)


def spoiled(sources: list[str], chance: random.Random) -> str:
    """One of the recordings, with a few things done to it; now and then nothing but noise."""
    text = chance.choice(sources)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        text = chance.choice(_WAYS)(text, sources, chance)
    return text


def _cut(text: str, _: list[str], chance: random.Random) -> str:
    return text[: chance.randint(0, len(text))]


def _drop(text: str, _: list[str], chance: random.Random) -> str:
    start = chance.randint(0, len(text))
    return text[:start] + text[start + chance.randint(1, 12) :]


def _insert(text: str, _: list[str], chance: random.Random) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(SPOILERS) + text[at:]


def _interleave(text: str, sources: list[str], chance: random.Random) -> str:
    """As two children do that share a pipe."""
    mixed = [*text.splitlines(keepends=True), *chance.choice(sources).splitlines(keepends=True)]
    chance.shuffle(mixed)
    return "".join(mixed)


def _splice(text: str, sources: list[str], chance: random.Random) -> str:
    other = chance.choice(sources)
    return text[: chance.randint(0, len(text))] + other[chance.randint(0, len(other)) :]


def _end(text: str, _: list[str], __: random.Random) -> str:
    return text + "\n"


_WAYS = (_cut, _drop, _insert, _insert, _interleave, _splice, _end)


def read(parser: Callable[[str], object], text: str) -> object | None:
    """What it was read as, `None` for Garbled. Any other exception is the finding."""
    try:
        return parser(text)
    except Garbled as error:
        assert "\n" not in str(error)  # noqa: PT017
        return None


def invented(result: object, text: str) -> list[str]:
    """
    The pieces of what was read that stand neither in what was printed, as it is, plain or harmless, nor in OURS; and
    the rows of a table whose cells stand in no one line of it. JSON goes over lines as it likes.
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    places = (text, plain, scrub(plain, limit=len(plain) + 1), _spelled_out(text))
    lost = [piece for piece in _pieces(result) if piece not in OURS and not any(piece in each for each in places)]
    return lost or [
        str(row) for row in _rows(result) if not text.lstrip().startswith(("[", "{")) and _is_torn(row, plain)
    ]


def _rows(result: object) -> list[object]:
    return [row for row in result if is_dataclass(row)] if isinstance(result, tuple) else []


def _is_torn(row: object, plain: str) -> bool:
    pieces = [piece for piece in _pieces(row) if piece not in OURS]
    harmless = (scrub(line, limit=len(line) + 1) for line in plain.split("\n"))
    return not any(all(piece in line for piece in pieces) for line in harmless)


def _spelled_out(text: str) -> str:
    """The strings of a JSON text, which may spell a character as an escape; "" for other texts."""
    try:
        return "\n".join(_pieces(json.loads(text)))
    except (ValueError, RecursionError):
        return ""


def _pieces(result: object) -> Iterator[str]:
    if isinstance(result, Secret):
        yield result.reveal()
    elif isinstance(result, Mapping):
        yield from _pieces((*result.keys(), *result.values()))
    elif isinstance(result, tuple | list):
        for each in result:
            yield from _pieces(each)
    elif is_dataclass(result):
        yield from _pieces(tuple(getattr(result, field.name) for field in fields(result)))
    elif isinstance(result, str | int) and not isinstance(result, bool):
        yield str(result)
