"""
The recorded runs, and what their recording did that their fields do not say.

`cases.jsonl` was made against a mock whose state it tells; of `rack-cases.jsonl`,
made against a real rack API, `rack_states.py` says what the rack must have known.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.rack_states import LOGS_OF_ANOTHER_TIME, STATES
from tests.contract.told_promotes import told_promote

Json = dict[str, Any]

RECORDED = Path(__file__).parents[1] / "recorded"
SHORTENED = re.compile(r"…\[(\d+) characters in all\]")
LOGGED = re.compile(r'method="([^"]+)" path="([^"]+)"')
KEPT = 2000


@dataclass(frozen=True, slots=True)
class Case:
    """
    One recorded run.

    `held_open_s`: stdin stayed open that long without further data. `requests`
    is None where the rack's log does not tell what this command asked.
    """

    name: str
    argv: tuple[str, ...]
    stdin: str | None
    held_open_s: float
    tty: bool
    env: dict[str, str]
    scenario: Json
    stdout: str
    stderr: str
    exit_code: int
    signal: str | None
    seconds: float
    requests: list[Json] | None

    @property
    def folder(self) -> str:
        """The current directory's name, which is the app when nothing else names it."""
        asked = [entry["path"].split("/")[2] for entry in self.requests or [] if entry["path"].startswith("/apps/")]
        names_app = any(arg == "-a" or arg.startswith("--app") for arg in self.argv) or len(self.argv) > 3
        return asked[0] if asked and not names_app else "myapp"

    @property
    def is_refused(self) -> bool:
        """Nothing listens at the rack's port."""
        return "connection refused" in self.stderr and not self.requests

    @property
    def goes_down_at(self) -> int | None:
        """The number of requests answered before the rack went away in the middle of the run."""
        dropped = [i for i, entry in enumerate(self.requests or []) if entry.get("status") == "dropped"]
        return dropped[0] if dropped and not self.scenario.get("faults") else None

    @property
    def is_tls(self) -> bool:
        """A console is always asked over TLS, a rack when its URL says so; one case says so of a plain rack."""
        is_console = "CONVOX_HOST" in self.env and "X_DEV_ALLOW_HTTP" not in self.env
        over_tls = self.env.get("RACK_URL", "").startswith("https:")
        return is_console or (over_tls and "first record does not look like" not in self.stderr)

    @property
    def ends_by(self) -> str | None:
        """The signal that ended it. `--watch` answers its signal with status 0."""
        return "SIGINT" if "--watch" in self.argv else self.signal


def load_cases() -> list[Case]:
    """All of cases.jsonl, in its order."""
    lines = (RECORDED / "cases.jsonl").read_text().splitlines()
    return [_case(json.loads(line)) for line in lines]


def load_rack_cases() -> list[Case]:
    """Those of rack-cases.jsonl whose state is known, named `rack-RUN-NAME`."""
    lines = (RECORDED / "rack-cases.jsonl").read_text().splitlines()
    return [_rack_case(name, fields) for name, fields in map(_rack_fields, lines) if name in STATES]


def rack_case_names() -> list[str]:
    """All of rack-cases.jsonl."""
    return [_rack_fields(line)[0] for line in (RECORDED / "rack-cases.jsonl").read_text().splitlines()]


def _rack_fields(line: str) -> tuple[str, Json]:
    fields = json.loads(line)
    return f"rack-{fields['run']}-{fields['name']}", fields


def _rack_case(name: str, fields: Json) -> Case:
    return Case(
        name=name,
        argv=tuple(fields["argv"][1:]),
        stdin=fields["stdin"],
        held_open_s=0,
        tty=False,
        env=fields["env"] or {"RACK_URL": "http://convox:secret@127.0.0.1:PORT"},
        scenario={**STATES[name], **told_promote(fields["stdout"] + fields["stderr"])},
        stdout=fields["stdout"],
        stderr=fields["stderr"],
        exit_code=fields["exit_code"],
        signal=None,
        seconds=fields["seconds"],
        requests=None
        if name in LOGS_OF_ANOTHER_TIME
        else [entry for line in fields["api_log"] for entry in _logged(line)],
    )


def _logged(line: str) -> list[Json]:
    """A line of the rack's log, unless it is the second one about a request that failed."""
    found = LOGGED.search(line)
    is_second = "at=" in line and "response=" not in line
    return [{"method": found[1], "path": found[2]}] if found and not is_second else []


def _case(fields: Json) -> Case:
    stdin, held = fields["stdin"], 0.0
    if isinstance(stdin, list):
        stdin, held = stdin
    scenario = dict(fields["scenario"])
    if "CONVOX_HOST" in fields["env"]:
        scenario["is_console"] = True
    if scenario.get("note") == "one build log line of 200,000 characters":
        scenario["build_lines"] = [[0.05, "x" * 200_000 + "\n"], [0.05, "end\n"]]
    return Case(
        name=fields["name"],
        argv=tuple(fields["argv"][1:]),
        stdin=stdin and _lengthened(stdin),
        held_open_s=held,
        tty=fields["tty"],
        env=fields["env"],
        scenario=scenario,
        stdout=fields["stdout"],
        stderr=fields["stderr"],
        exit_code=fields["exit_code"],
        signal=fields["signal"],
        seconds=fields["seconds"],
        requests=fields["requests"],
    )


def shortened(text: str, like: str) -> str:
    """As the recording shortened the text it holds for the same output, if it did."""
    return f"{text[:KEPT]}…[{len(text)} characters in all]" if SHORTENED.search(like) else text


def _lengthened(stdin: str) -> str:
    """The one long input as it was: a line of 70,000 characters, and a line after it that must get lost."""
    found = SHORTENED.search(stdin)
    if not found:
        return stdin
    head, tail = stdin[: found.start()], "\nAFTER=1\n"
    return head + "x" * (int(found[1]) - len(head) - len(tail)) + tail
