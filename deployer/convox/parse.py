"""
What the CLI prints, as models. Pure. Whatever cannot be read for certain is Garbled, never an empty list.

Tables are cut at the offsets of their header, counted in code points: cells may be blank or hold spaces
(convox-facts 2.0). A row is never made up: everything returned stands in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployer.core.environment import Environment
from deployer.core.errors import Garbled
from deployer.core.models import App, Build, Port, Process, RackInfo, Release, Service
from deployer.core.names import (
    AppName,
    BuildId,
    ProcessId,
    RackName,
    ReleaseId,
    ServiceName,
    is_release_id,
)
from deployer.core.redact import Secret, first_line, scrub

Row = dict[str, str]

# A build's description ends with what it is found by: never cut one short.
CELL_CHARACTERS = 100_000

_SGR = re.compile(r"\x1b\[[0-9;]*m")
_HEADING = re.compile(r"\S+(?: \S+)*")
# What other parts of the CLI print into stdout before the table: `err: …`, `waring: …` (convox-facts 1.1, 1.2).
_REMARK = re.compile(r"[a-z]+: ")
_KEY_VALUE = re.compile(r"(?P<key>[A-Z][A-Za-z]*)(?: +(?P<value>.*))?")
_PORTS = re.compile(r"(?P<balancer>[0-9]{1,5})(?::(?P<container>[0-9]{1,5}))?", re.ASCII)
_BUILD_ID = re.compile(r"B[A-Z0-9]{1,32}")


def is_help(text: str) -> bool:
    """The CLI did not know the command: it lists all of them, or one's usage, and exits 0 (convox-facts 2.0)."""
    first = _SGR.sub("", text[:1_000]).lstrip("\n").partition("\n")[0]
    return first == "USAGE" or re.match(r"convox [a-z][a-z -]*? {2,}\S", first) is not None


def table(text: str, *columns: str) -> list[Row]:
    """
    The rows under a header that has at least `columns`, in that order; no rows is an empty list.

    After free text, which may hold newlines, a line that does not look like a row goes on with the row before it.
    Raises Garbled for any other layout.
    """
    lines = _lines(text)
    header = next((line for line in lines if not _REMARK.match(line)), "")
    starts = {found[0]: found.start() for found in _HEADING.finditer(header)}
    if [name for name in starts if name in columns] != list(columns):
        raise Garbled("the table is not the one that was asked for", why=_got(text))
    rows: list[Row] = []
    for line in lines:
        if _is_row(line, starts):
            rows.append(_cells(line, starts))
        elif not (rows and _goes_on(line, header)):
            raise Garbled("the table has a row that does not fit its header", why=_got(line))
    return rows


def info(text: str, *keys: str) -> Row:
    """An info block as a mapping with at least `keys`. Raises Garbled."""
    found: Row = {}
    for line in _lines(text):
        match = _KEY_VALUE.fullmatch(line)
        if match:
            found.setdefault(match["key"], (match["value"] or "").strip())
    missing = [key for key in keys if key not in found]
    if missing:
        raise Garbled(f"no {missing[0]} in the answer", why=_got(text))
    return found


def app(text: str) -> App:
    seen = info(text, "Name", "Status", "Release")
    generation = seen.get("Generation", "")
    return App(AppName(seen["Name"]), seen["Status"], _release_or_none(seen["Release"]), generation)


def processes(text: str) -> tuple[Process, ...]:
    """A budget may put a second word into STATUS: `running at-cap` (convox-facts 2.9)."""
    rows = table(text, "ID", "SERVICE", "STATUS", "RELEASE")
    return tuple(
        Process(
            ProcessId(row["ID"]),
            ServiceName(row["SERVICE"]),
            row["STATUS"].partition(" ")[0] or "unknown",
            _release_or_none(row["RELEASE"]) or ReleaseId(""),
        )
        for row in rows
    )


def services(text: str) -> tuple[Service, ...]:
    """Without desired counts: SCALE may be a range (convox-facts 2.12), `desired_counts` has them."""
    rows = table(text, "SERVICE", "DOMAIN", "PORTS")
    return tuple(Service(ServiceName(row["SERVICE"]), row["DOMAIN"], _ports(row["PORTS"]), None) for row in rows)


def desired_counts(text: str) -> dict[ServiceName, int]:
    """From `scale`: under autoscaling DESIRED is the count of the moment."""
    rows = table(text, "SERVICE", "DESIRED", "RUNNING")
    return {ServiceName(row["SERVICE"]): int(row["DESIRED"]) for row in rows if _is_number(row["DESIRED"])}


def releases(text: str) -> tuple[Release, ...]:
    rows = table(text, "ID", "STATUS", "BUILD", "CREATED", "DESCRIPTION")
    return tuple(
        Release(release_id(row["ID"]), _build_or_none(row["BUILD"]), row["STATUS"] == "active", row["DESCRIPTION"])
        for row in rows
    )


def builds(text: str) -> tuple[Build, ...]:
    rows = table(text, "ID", "STATUS", "RELEASE", "STARTED", "ELAPSED", "DESCRIPTION")
    return tuple(_build(row["ID"], row["STATUS"], row["RELEASE"], row["DESCRIPTION"]) for row in rows)


def build(text: str) -> Build:
    seen = info(text, "Id", "Status")
    return _build(seen["Id"], seen["Status"], seen.get("Release", ""), seen.get("Description", ""))


def environment(text: str) -> Environment:
    """`KEY=value` lines, values verbatim (convox-facts 4). What cannot be read is not shown: it may be a value."""
    if not text.endswith("\n"):  # an empty env is an empty line
        raise Garbled("the env was cut short")
    values: dict[str, Secret] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        key, mark, value = line.partition("=")
        if mark and key:
            values[key] = Secret(value)
        elif line:
            raise Garbled("the env is not readable", why=f"line {number} is not KEY=value")
    return Environment(values)


def rack(text: str, cli_version: str) -> RackInfo:
    seen = info(text, "Name", "Version")
    return RackInfo(RackName(seen["Name"]), seen["Version"], cli_version, seen.get("Provider", ""))


def client_version(text: str) -> str:
    """What `--version` prints, `3.24.9`; `version` calls it `client: 3.24.9`."""
    found = re.match(r"(?:client: |(?=[0-9]))([A-Za-z0-9.+_-]+)$", text, re.MULTILINE)
    if not found:
        raise Garbled("no version in the answer", why=_got(text))
    return found[1]


def release_id(text: str) -> ReleaseId:
    """What `--id` leaves on stdout: the bare id, without a newline. Raises Garbled."""
    word = text.strip(" \n")
    if not is_release_id(word):
        raise Garbled("no release id in the answer", why=_got(text))
    return ReleaseId(word)


def created_release(text: str) -> ReleaseId:
    """`Created release: R…` of `releases create-from`, which has no `--id` (convox-facts 2.12)."""
    found = re.search(r"^Created release: (\S+)$", text, re.MULTILINE)
    return release_id(found[1] if found else text)


def _got(text: str) -> str:
    return f"got: {first_line(text[:2_000]) or 'nothing'}"


def _lines(text: str) -> Iterator[str]:
    """Only `\\n` ends a line: a cell may hold any other character. A text that was cut short is Garbled."""
    if text and not text.endswith("\n"):
        raise Garbled("the answer was cut short", why=_got(text))
    return iter(_SGR.sub("", text).split("\n")[:-1])


def _is_row(line: str, starts: dict[str, int]) -> bool:
    """One word in the first column, something beyond it, and two blanks before every column that it reaches."""
    first, *others = starts.values()
    reached = [start for start in others if start < len(line)]
    is_cut_right = all(line[start - 2 : start] == "  " for start in reached)
    name = line[first : others[0] if others else None].rstrip(" ")
    return bool(name) and " " not in name and is_cut_right and bool(reached or not others)


def _goes_on(line: str, header: str) -> bool:
    """A line of free text, which has fewer columns than a row; one that could be a row is not explained away."""
    is_after_free_text = header.endswith(("COMMAND", "DESCRIPTION"))
    return is_after_free_text and len(_HEADING.findall(line)) < len(_HEADING.findall(header)) - 2


def _cells(line: str, starts: dict[str, int]) -> Row:
    """Only the last column is free text; anywhere else a character that does nothing good is not cleaned away."""
    ends = [*list(starts.values())[1:], None]
    cells = zip(starts.items(), ends, strict=True)
    raw = {name: line[start:end].strip(" ") for (name, start), end in cells}
    row = {name: scrub(cell, limit=CELL_CHARACTERS) for name, cell in raw.items()}
    if list(row.values())[:-1] != list(raw.values())[:-1]:
        raise Garbled("the table has control characters in it", why=_got(line))
    return row


def _ports(text: str) -> tuple[Port, ...]:
    """`443:8000`, several of them after blanks. What does not look like that is left out."""
    found = (_PORTS.fullmatch(word) for word in text.replace(",", " ").split())
    return tuple(Port(int(each["balancer"]), int(each["container"] or each["balancer"])) for each in found if each)


def _build(id_: str, status: str, release: str, description: str) -> Build:
    if not _BUILD_ID.fullmatch(id_):
        raise Garbled("no build id in the answer", why=_got(id_))
    return Build(BuildId(id_), status, _release_or_none(release), description)


def _release_or_none(text: str) -> ReleaseId | None:
    return ReleaseId(text) if is_release_id(text) else None


def _build_or_none(text: str) -> BuildId | None:
    return BuildId(text) if _BUILD_ID.fullmatch(text) else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,6}", text) is not None
