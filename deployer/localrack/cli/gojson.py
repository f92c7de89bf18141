"""JSON read and written as Go's encoding/json does, its complaints included (`ps-200-empty`, `ps-200-notjson`)."""

from __future__ import annotations

import json

from deployer.localrack.cli.errors import TOO_DEEP, CommandError
from deployer.localrack.cli.gofmt import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LITERALS = {"t": "true", "f": "false", "n": "null"}
SPACE = " \t\r\n"
# What Python's reader expected -> what Go's reader says it was doing.
NOWHERE = "looking for beginning of value"
PLACES = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}
# Escaped so that the text is safe inside HTML.
HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class Number(str):
    """A number in the digits it was sent in: what becomes of them depends on the type they are for (`godecode`)."""

    __slots__ = ()


def loads(data: bytes) -> Any:
    """Raises CommandError with Go's text when `data` is not one JSON value. Numbers are `Number`."""
    text = data.decode("utf-8", "replace")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_int=Number, parse_float=Number)
        return _mended(value) if "\\ud" in text.lower() else value
    except json.JSONDecodeError as exc:
        raise CommandError(_complaint(text, exc)) from exc
    except RecursionError as exc:
        raise CommandError(TOO_DEEP) from exc


def _refuse(constant: str) -> Any:
    """NaN and Infinity are Python's alone."""
    place = "in numeric literal" if constant.startswith("-") else NOWHERE
    raise CommandError(f"invalid character {_char(constant.lstrip('-')[0])} {place}")


def _mended(value: Any) -> Any:
    """Half a surrogate pair is no character: Go reads the replacement character."""
    match value:
        case Number():
            return value
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_mended(key): _mended(item) for key, item in value.items()}
        case list():
            return [_mended(item) for item in value]
        case _:
            return value


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    at = error.pos
    while at < len(text) and text[at] in SPACE:
        at += 1
    if at >= len(text) or error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    if error.msg == "Expecting value" and text[at] in LITERALS:
        return _wrong_literal(text, at)
    if error.msg == "Expecting ',' delimiter":
        place = "after object key:value pair" if _inside_object(text[:at]) else "after array element"
    else:
        place = next((words for start, words in PLACES.items() if error.msg.startswith(start)), NOWHERE)
    return f"invalid character {_char(text[at])} {place}"


def _wrong_literal(text: str, at: int) -> str:
    literal = LITERALS[text[at]]
    for offset, wanted in enumerate(literal):
        found = text[at + offset : at + offset + 1]
        if not found:
            return "unexpected end of JSON input"
        if found != wanted:
            return f"invalid character {_char(found)} in literal {literal} (expecting '{wanted}')"
    return "unexpected end of JSON input"


def _inside_object(before: str) -> bool:
    """Whether the innermost open bracket is a brace; strings are skipped."""
    opened: list[str] = []
    in_string = escaped = False
    for char in before:
        if in_string:
            in_string, escaped = escaped or char != '"', not escaped and char == "\\"
        elif char == '"':
            in_string = True
        elif char in "[{":
            opened.append(char)
        elif char in "]}" and opened:
            opened.pop()
    return bool(opened) and opened[-1] == "{"


def _char(char: str) -> str:
    """Go looks at bytes: of a character outside ASCII it names the first one, as if that were a character."""
    byte = char.encode("utf-8", "surrogatepass")[:1].decode("latin-1")
    return "'\\''" if byte == "'" else "'\"'" if byte == '"' else f"'{quote(byte)[1:-1]}'"


def dumps(value: Any, indent: str = "") -> str:
    """Indented by two spaces, keys in the order given; empty lists and objects on one line."""
    deeper = f"{indent}  "
    match value:
        case dict() if value:
            items = [f"{_string(key)}: {dumps(item, deeper)}" for key, item in value.items()]
        case list() if value:
            items = [dumps(item, deeper) for item in value]
        case _:
            return _scalar(value)
    first, last = "{}" if isinstance(value, dict) else "[]"
    body = f",\n{deeper}".join(items)
    return f"{first}\n{deeper}{body}\n{indent}{last}"


def sort_keys(value: Any) -> Any:
    """As Go writes a map: keys in order at every depth."""
    match value:
        case dict():
            return {key: sort_keys(value[key]) for key in sorted(value)}
        case list():
            return [sort_keys(item) for item in value]
        case _:
            return value


def _scalar(value: Any) -> str:
    match value:
        case str():
            return _string(value)
        case float():
            return _number(value)
        case _:
            return json.dumps(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(HTML)


def _number(value: float) -> str:
    """Every number of an untyped document is a float64: exponents only below 1e-6 and from 1e21."""
    shortest = repr(value)
    if "e" not in shortest:
        return shortest.removesuffix(".0")
    if 1e-6 <= abs(value) < 1e21:
        from decimal import Decimal  # few numbers need it

        return format(Decimal(shortest), "f")
    mantissa, _, exponent = shortest.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}"
