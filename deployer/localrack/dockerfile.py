"""What a Dockerfile says about the process to start: the last stage's CMD, ENTRYPOINT, ENV and ARG.

Nothing is built: there is no Docker here. RUN, COPY and the like are not looked at, so what they would install must be
in the environment the rack runs in. Stages that start from an earlier one inherit from it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from deployer.localrack.command import Command

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Image:
    """One stage: what a container made from it would start, and find in its environment."""

    entrypoint: Command | None = None
    cmd: Command | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def command(self) -> Command | None:
        """ENTRYPOINT with CMD as its arguments; a shell-form ENTRYPOINT ignores CMD, as Docker has it."""
        if self.entrypoint is None:
            return self.cmd
        if self.entrypoint.through_shell or self.cmd is None:
            return self.entrypoint
        return replace(self.entrypoint, argv=(*self.entrypoint.argv, *self.cmd.argv))


def read_dockerfile(text: str, build_args: Mapping[str, str]) -> Image:
    """The last stage. `build_args` fill the ARGs that are declared, as a build does (convox-facts 2.5)."""
    stages: dict[str, Image] = {}
    image, name = Image(), ""
    shared: dict[str, str] = {}
    for word, rest in _instructions(text):
        if word == "FROM":
            stages[name] = image
            base, name = _stage_names(rest)
            image = replace(stages.get(base, Image()), args={})
        elif word == "ARG" and not stages:
            shared.update(_argument(rest, shared, build_args))
        else:
            image = _apply(image, word, rest, {**shared, **build_args})
    return image


def _apply(image: Image, word: str, rest: str, build_args: Mapping[str, str]) -> Image:
    known = {**image.args, **image.env}
    match word:
        case "ARG":
            return replace(image, args={**image.args, **_argument(rest, known, build_args)})
        case "ENV":
            return replace(image, env={**image.env, **_assignments(rest, known)})
        case "CMD":
            return replace(image, cmd=_command(rest))
        case "ENTRYPOINT":
            # a new ENTRYPOINT forgets the CMD that came with the base
            return replace(image, entrypoint=_command(rest), cmd=None)
        case _:
            return image


def _command(rest: str) -> Command | None:
    """`["a", "b"]` is the exec form; anything else goes to a shell. An empty list takes the command away."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return Command(tuple(words)) if words else None
    return Command(("/bin/sh", "-c", rest), through_shell=True)


def _argument(rest: str, known: Mapping[str, str], build_args: Mapping[str, str]) -> dict[str, str]:
    """`NAME` or `NAME=default`; one that is declared without default and not passed does not exist."""
    name, equals, default = rest.partition("=")
    if name in build_args:
        return {name: build_args[name]}
    return {name: _fill("".join(_words(default)), known)} if equals else {}


def _assignments(rest: str, known: Mapping[str, str]) -> dict[str, str]:
    """`A=1 B="x y"`, or the old form `A the rest of the line`."""
    first, _, old_value = rest.partition(" ")
    if "=" not in first:
        return {first: _fill(old_value.strip(), known)}
    pairs = (word.partition("=") for word in _words(rest))
    return {name: _fill(value, known) for name, _, value in pairs}


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _fill(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        found = known.get(match[1] or match[2], "")
        if match[3] == "-":
            return found or match[4]
        return match[4] if match[3] == "+" and found else "" if match[3] == "+" else found

    return _VARIABLE.sub(value, text)


def _stage_names(rest: str) -> tuple[str, str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    base = words[0].lower() if words else ""
    return base, words[2].lower() if len(words) > 2 and words[1].upper() == "AS" else ""


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Logical lines: comments dropped, `\\` at the end joined."""
    joined = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#") or (not stripped and not joined):
            continue
        if stripped.endswith("\\"):
            joined += stripped[:-1] + " "
            continue
        word, _, rest = (joined + stripped).partition(" ")
        joined = ""
        if word:
            yield word.upper(), rest.strip()
