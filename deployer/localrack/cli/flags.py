"""Flags as the CLI's flag library (spf13/pflag) reads them: anywhere after the command, until `--`."""

from __future__ import annotations

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Value = bool | int | str | list[str]

UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


class HelpWanted(Exception):
    """`--help` or `-h` came before anything wrong."""


class Flag:
    """One flag of a command. `kind`: bool, int, string, strings (may be repeated) or duration."""

    __slots__ = ("kind", "name", "short")

    def __init__(self, name: str, short: str = "", kind: str = "string") -> None:
        self.name, self.short, self.kind = name, short, kind


class Flags:
    """The flags that were given."""

    def __init__(self, values: dict[str, Value]) -> None:
        self.values = values

    def given(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        value = self.values.get(name)
        return value if isinstance(value, int) else 0

    def is_set(self, name: str, *, default: bool = False) -> bool:
        return self.values.get(name, default) is True

    def option(self, name: str) -> str | None:
        """As the rack's API wants it; None when the flag was not given."""
        value = self.values.get(name)
        match value:
            case None:
                return None
            case bool():
                return "true" if value else "false"
            case list():
                return ",".join(value)
            case _:
                return str(value)


def parse(args: Sequence[str], flags: Sequence[Flag]) -> tuple[list[str], Flags]:
    """
    Positional arguments and flags.

    Raises CommandError in the words of the CLI, HelpWanted on `--help`. A bool
    flag is true when bare or exactly `true`: `--promote=1` means false (convox-facts 2.0).
    """
    reader = _Reader(args, flags)
    reader.read()
    return reader.positional, Flags(reader.values)


class _Reader:
    def __init__(self, args: Sequence[str], flags: Sequence[Flag]) -> None:
        self.rest = list(args)
        self.long = {flag.name: flag for flag in flags}
        self.short = {flag.short: flag for flag in flags if flag.short}
        self.positional: list[str] = []
        self.values: dict[str, Value] = {}

    def read(self) -> None:
        while self.rest:
            arg = self.rest.pop(0)
            if arg == "--":
                self.positional += self.rest
                return
            if arg.startswith("--"):
                self._long(arg)
            elif arg.startswith("-") and len(arg) > 1:
                self._shorts(arg[1:])
            else:
                self.positional.append(arg)

    def _long(self, arg: str) -> None:
        name, equals, value = arg[2:].partition("=")
        if not name or name.startswith("-"):
            raise CommandError(f"bad flag syntax: {arg}")
        flag = self.long.get(name)
        if flag is None:
            if name == "help":
                raise HelpWanted
            raise CommandError(f"unknown flag: --{name}")
        self._set(flag, value if equals else self._next(flag, f"flag needs an argument: --{name}"))

    def _shorts(self, letters: str) -> None:
        while letters:
            letter, tail = letters[0], letters[1:]
            flag = self.short.get(letter)
            if flag is None:
                if letter == "h":
                    raise HelpWanted
                raise CommandError(f"unknown flag: -{letters}")
            if tail.startswith("=") and len(tail) > 1:
                return self._set(flag, tail[1:])
            if flag.kind != "bool" and tail:
                return self._set(flag, tail)
            self._set(flag, self._next(flag, f"flag needs an argument: '{letter}' in -{letters}"))
            letters = tail
        return None

    def _next(self, flag: Flag, complaint: str) -> str:
        if flag.kind == "bool":
            return "true"
        if not self.rest:
            raise CommandError(complaint)
        return self.rest.pop(0)

    def _set(self, flag: Flag, text: str) -> None:
        if flag.kind == "strings":
            before = self.values.get(flag.name)
            self.values[flag.name] = [*(before if isinstance(before, list) else []), text]
            return
        try:
            self.values[flag.name] = PARSERS[flag.kind](text)
        except ValueError as exc:
            name = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            raise CommandError(f"invalid argument {quote(text)} for {quote(name)} flag: {exc}") from exc


def _integer(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"strconv.Atoi: parsing {quote(text)}: invalid syntax")
    return int(text)


def _duration(text: str) -> str:
    """Read as Go's time.ParseDuration does, printed as Go prints a duration: `90s` is `1m30s`."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return "0s"
    total = 0.0
    while rest:
        number, unit, rest = _quantity(text, rest)
        total += number * UNITS_S[unit]
    if text[-1:] in ("", "+", "-"):
        raise ValueError(f"time: invalid duration {quote(text)}")
    return ("-" if text.startswith("-") else "") + format_duration(total)


def _quantity(text: str, rest: str) -> tuple[float, str, str]:
    end = next((i for i, char in enumerate(rest) if char not in "0123456789."), len(rest))
    if end == 0 or rest[:end].count(".") > 1 or rest[:end] == ".":
        raise ValueError(f"time: invalid duration {quote(text)}")
    stop = next((i for i, char in enumerate(rest[end:], end) if char in "0123456789."), len(rest))
    unit = rest[end:stop]
    if not unit:
        raise ValueError(f"time: missing unit in duration {quote(text)}")
    if unit not in UNITS_S:
        raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    return float(rest[:end]), unit, rest[stop:]


def format_duration(seconds: float) -> str:
    """As Go prints it: `5s`, `2m0s`, `24h0m0s`, `1.5s`, `250ms`."""
    if 0 < seconds < 1:
        for unit, size in (("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
            if seconds >= size:
                return f"{round(seconds / size, 6):g}{unit}"
    minutes, secs = divmod(round(seconds, 9), 60)
    hours, mins = divmod(int(minutes), 60)
    tail = f"{round(secs, 9):g}s"
    if hours:
        return f"{hours}h{mins}m{tail}"
    return f"{mins}m{tail}" if mins else tail


def _bool(text: str) -> bool:
    return text == "true"


PARSERS: dict[str, Callable[[str], Value]] = {"bool": _bool, "int": _integer, "string": str, "duration": _duration}
