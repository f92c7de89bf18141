"""
Events as plain data and back: what the journal keeps and what `--output json` prints.

Generic over the types of the events, so that a new field needs no code here. Version 1 may gain fields; a reader
leaves out what it does not know, and what is missing takes its default.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from deployer.core.events import Event
from deployer.core.verdict import Verdict

VERSION = 1


def encode(event: Event) -> dict[str, object]:
    """
    One event as data that JSON can hold: `{"v": 1, "event": "looked", …}`.

    Raises TypeError for anything that is not plain data, a `Secret` above all (I8).
    """
    return {"v": VERSION, "event": _name(type(event)), **_record(event)}


def decode(data: Mapping[str, object]) -> Event:
    """The event that `data` was made from. Raises ValueError where it is not one of version 1."""
    if data.get("v") != VERSION:
        raise ValueError(f"events of version {VERSION} can be read, not of {data.get('v')!r}")
    kind = _KINDS.get(str(data.get("event")))
    if kind is None:
        raise ValueError(f"no event is called {data.get('event')!r}")
    event: Event = _read(kind, data)
    return event


def _name(kind: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


_KINDS: dict[str, type] = {_name(kind): kind for kind in get_args(Event)}


def _plain(value: object) -> object:
    # In the order that matters: a verdict is an Enum whose value is no plain data, a bool is an int.
    if isinstance(value, Verdict):
        return {"label": value.label, "status": value.status}
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _record(value)
    raise TypeError(f"a {type(value).__name__} is not written down")


def _record(value: Any) -> dict[str, object]:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _read(kind: Any, value: object) -> Any:
    """`value` as a `kind`. Raises ValueError where it is none."""
    if isinstance(kind, NewType):
        return _read(kind.__supertype__, value)
    if get_origin(kind) in (Union, types.UnionType):
        return _read_one_of(get_args(kind), value)
    if get_origin(kind) is tuple:
        return _read_tuple(get_args(kind), value)
    if kind is Verdict:
        return _read_verdict(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if is_dataclass(kind) and isinstance(value, Mapping):
        return _read_record(typing.cast(type, kind), value)
    return _read_scalar(kind, value)


def _read_one_of(kinds: tuple[Any, ...], value: object) -> Any:
    """Optional fields only: our events have no other unions."""
    if value is None and types.NoneType in kinds:
        return None
    (kind,) = (each for each in kinds if each is not types.NoneType)
    return _read(kind, value)


def _read_tuple(kinds: tuple[Any, ...], value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"not a list: {type(value).__name__}")
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], each) for each in value)
    return tuple(_read(kind, each) for kind, each in zip(kinds, value, strict=True))


def _read_verdict(value: object) -> Verdict:
    found = [each for each in Verdict if _plain(each) == value]
    if not found:
        raise ValueError(f"no verdict is {value!r}")
    return found[0]


def _read_record(kind: type, data: Mapping[str, object]) -> Any:
    known: tuple[Field[Any], ...] = fields(kind)
    missing = [each.name for each in known if each.name not in data and not _has_default(each)]
    if missing:
        raise ValueError(f"{kind.__name__} lacks {', '.join(missing)}")
    hints = _hints(kind)
    return kind(**{each.name: _read(hints[each.name], data[each.name]) for each in known if each.name in data})


def _has_default(each: Field[Any]) -> bool:
    return each.default is not MISSING or each.default_factory is not MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_scalar(kind: Any, value: object) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{type(value).__name__} where {getattr(kind, '__name__', kind)} belongs")
    return value
