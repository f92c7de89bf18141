"""
A rack's JSON read into the types of `gotypes`, with encoding/json's complaints (convox-facts 5.1).

Keys match in any case, unknown ones are passed over, null is accepted
anywhere. Of several values of a wrong type the first is told; a time that is
none ends the reading at once. Not as in Go: of two equal keys in an object
only the last is looked at, and escapes in a time are read.
"""

from __future__ import annotations

from deployer.localrack.cli import gojson, gotime
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gojson import Number
from deployer.localrack.cli.gotypes import ANY, MAP, STRUCTS, element, fields, zero

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = {dict: "object", list: "array", str: "string", bool: "bool", Number: "number"}
INTEGERS = range(-(2**63), 2**63)
LONGEST_INTEGER = len("-9223372036854775808")


def decode(go_type: str, data: bytes) -> Any:
    """
    The value; structs are dicts that have every field (`gotypes.zero`), times are their text.

    None is a null for a pointer, a list or a map. Raises CommandError with Go's text.
    """
    decoder = _Decoder()
    value = decoder.value(go_type, gojson.loads(data), Place())
    if decoder.complaint:
        raise CommandError(decoder.complaint)
    return value


class Place:
    """Where in the answer: the innermost struct's name, and the fields from the outermost on."""

    __slots__ = ("path", "struct")

    def __init__(self, struct: str = "", path: str = "") -> None:
        self.struct, self.path = struct, path

    def __str__(self) -> str:
        return f"Go struct field {self.struct}.{self.path}" if self.path else "Go value"

    def within(self, struct: str, field: str) -> Place:
        return Place(struct.rpartition(".")[2], f"{self.path}.{field}" if self.path else field)


class _Decoder:
    def __init__(self) -> None:
        self.complaint = ""

    def value(self, go_type: str, found: Any, place: Place) -> Any:
        kind = go_type.removeprefix("*")
        if found is None:
            return zero(go_type)
        if kind == "time.Time":
            return _time(found)
        if kind == ANY:
            return self._untyped(found, place)
        match found:
            case dict() if kind in STRUCTS:
                return self._struct(kind, found, place)
            case dict() if kind.startswith(MAP):
                return {key: self.value(element(kind), item, place) for key, item in found.items()}
            case list() if element(kind) and not kind.startswith(MAP):
                return [self.value(element(kind), item, place) for item in found]
            case Number() if kind in ("int", "int64", "float64"):
                return self._number(kind, found, place)
        if KINDS[type(found)] == kind:
            return found
        return self._refuse(KINDS[type(found)], kind, place)

    def _struct(self, kind: str, found: dict[str, Any], place: Place) -> dict[str, Any]:
        known = {field.name.lower(): field for field in fields(kind)}
        value: dict[str, Any] = zero(kind)
        for key, item in found.items():
            field = known.get(key.lower())
            if field:
                value[field.name] = self.value(field.go_type, item, place.within(kind, field.name))
        return value

    def _untyped(self, found: Any, place: Place) -> Any:
        match found:
            case dict():
                return {key: self._untyped(item, place) for key, item in found.items()}
            case list():
                return [self._untyped(item, place) for item in found]
            case Number():
                return self._number("float64", found, place)
            case _:
                return found

    def _number(self, kind: str, found: Number, place: Place) -> Any:
        if kind == "float64":
            number = float(found)
            return number if abs(number) != float("inf") else self._refuse(f"number {found}", kind, place)
        is_whole = len(found) <= LONGEST_INTEGER and found.removeprefix("-").isdigit()
        if is_whole and int(found) in INTEGERS:
            return int(found)
        return self._refuse(f"number {found}", kind, place)

    def _refuse(self, what: str, kind: str, place: Place) -> None:
        self.complaint = self.complaint or f"json: cannot unmarshal {what} into {place} of type {kind}"


def _time(found: Any) -> str:
    if not isinstance(found, str) or isinstance(found, Number):
        raise CommandError("Time.UnmarshalJSON: input is not a JSON string")
    gotime.parse(found)
    return found
