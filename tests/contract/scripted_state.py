"""
What the scripted rack knows and answers.

It is the mock the recordings were made against, told again from
`default-rack.json`, the scenarios and the answers the recordings show. It is a
second witness: it knows nothing of the rack model and nothing of the stand-in.
"""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Json = dict[str, Any]
Answer = tuple[int, Any]

RECORDED = Path(__file__).parents[1] / "recorded"
# When cases.jsonl was made: absolute times in a scenario are moved by as much as has passed since.
RECORDED_AT = datetime(2026, 11, 23, 12, 35, 30, tzinfo=UTC)
RUN_PROCESS = "web-run-x7k2p"
NOTHING: Json = {
    "budget": {"config": None, "state": None},
    "services": {},
    "diagnose": {},
    "resources": [],
    "balancers": [],
}
EXIT_CODE = "F1E49A85-0AD7-4AEF-A618-C249C6E6568D:"


class Refusal(Exception):
    """An error answer; `text` is the body."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Stream:
    """What a socket says: lines as `[seconds after the one before, text]`, and how it ends."""

    def __init__(self, lines: list[list[Any]], end: str = "eof") -> None:
        self.lines, self.end = lines, end


class RackState:
    """The state of one case. `moved` maps absolute times as moved to what the scenario, so the recording, says."""

    def __init__(self, scenario: Json) -> None:
        default = json.loads((RECORDED / "default-rack.json").read_text())
        self.moved: dict[str, str] = {}
        self.since_recording = timedelta(seconds=int((datetime.now(UTC) - RECORDED_AT).total_seconds()))
        self.known: Json = self._with_times({**default, **scenario})
        self.started = time.monotonic()
        self.releases = [self._release(i, release) for i, release in enumerate(self.known["releases"])]
        self.active: str = self.known["active"]
        self.before_promote = ""
        self.promoted_at: float | None = None
        self.promoted = ""
        self.build: Json | None = None
        self.build_started = 0.0
        self.build_logs_read = 0
        self.configs: dict[str, str] = dict(self.known["configs"])
        self.new_ids = list(self.known["new_release_ids"])
        self.apps = [self.known["app"]]

    def answer(self, method: str, path: str, query: str, form: Json) -> Answer:
        """Status and JSON (or text). Raises Refusal."""
        parts = path.strip("/").split("/")
        if path == "/racks" and self.known.get("is_console"):
            return 200, self.known["console_racks"]
        if path == "/system":
            return 200, self.known["rack"]
        if path in ("/certificates", "/instances"):
            return 200, self.known.get(path[1:], [])
        if parts[0] != "apps":
            raise Refusal(404)
        if len(parts) == 1:
            return self._apps(method, form)
        name = parts[1]
        rest = parts[2:]
        if rest[:1] == ["objects"]:
            return 200, {"Url": f"object://{name}/{'/'.join(rest[1:])}"}
        if name not in self.apps:
            if rest == ["processes"] and self.known.get("lists_unknown_apps"):
                return 200, []
            raise Refusal(404, f"app not found: {name}\n")
        options = {key: values[0] for key, values in parse_qs(query).items()}
        return self._of_app(method, rest, options, form)

    def stream(self, path: str) -> Stream:
        """What the socket at this path says."""
        parts = path.strip("/").split("/")
        if parts[1] not in self.apps:
            return Stream([[0, f"ERROR: app not found: {parts[1]}\n"]])
        if parts[2] == "builds":
            return self._build_logs()
        if parts[-1] == "exec":
            code = self.known["exec_code"]
            marker = [] if code is None else [[0, f"{EXIT_CODE}{code}\n"]]
            return Stream([*self.known["exec_lines"], *marker], self.known.get("exec_end", "eof"))
        if self.promoted_at is not None:
            return Stream(self.known["promote_log_lines"], self.known.get("promote_log_end", "hang"))
        return Stream(self.known["logs_lines"], self.known.get("logs_end", "eof"))

    def _apps(self, method: str, form: Json) -> Answer:
        if method == "POST":
            self.apps.append(form["name"])
            return 200, self._app()
        return 200, self.known.get("apps") or [self._app()]

    def _of_app(self, method: str, rest: list[str], query: Json, form: Json) -> Answer:
        match method, rest:
            case _, []:
                return self._itself(method)
            case "GET", [what] if what in NOTHING:
                return 200, self.known.get(what, NOTHING[what])
            case "GET", ["resources", name]:
                return 200, next(found for found in self.known["resources"] if found["name"] == name)
            case _, ["releases", *more]:
                return self._releases(method, more, query, form)
            case _, ["builds", *more]:
                return self._builds(method, more, form)
            case _, ["processes", *more]:
                return self._processes(method, more, query)
            case _, ["configs", *more]:
                return self._configs(method, more, form)
            case "POST", ["services", service, "processes"]:
                return 200, self._process([RUN_PROCESS, service, "pending"])
            case (("POST" | "PUT"), _):  # cancel, restart, scale
                return 200, "ok\n"
        raise Refusal(404)

    def _itself(self, method: str) -> Answer:
        if method == "DELETE":
            self.apps.remove(self.known["app"])
        return 200, self._app() if method == "GET" else "ok\n"

    def _app(self) -> Json:
        status, release = self._status()
        return {
            "generation": "3", "locked": False, "name": self.known["app"], "release": release,
            "router": self.known.get("router", "nginx"), "status": status,
            "parameters": self.known.get("parameters", {}),
        }  # fmt: skip

    def _status(self) -> tuple[str, str]:
        if self.promoted_at is not None:
            passed = time.monotonic() - self.promoted_at
            _, status, which = _last(self.known["promote_timeline"], passed)
            return status, self.promoted if which == "NEW" else self.before_promote
        status = self.known["app_status"]
        if isinstance(status, list):
            status = _last(status, time.monotonic() - self.started)[1]
        return status, self.active

    def _releases(self, method: str, rest: list[str], query: Json, form: Json) -> Answer:
        match method, rest:
            case "GET", []:
                return 200, self.releases[: int(query.get("limit", 10))]
            case "POST", []:
                newest = self.releases[0] if self.releases else {"build": "", "env": ""}
                fields = {key: form.get(key, newest.get(key, "")) for key in ("build", "env")}
                return 200, self._new_release({**fields, "description": form.get("description", "")})
            case "GET", [ident]:
                return 200, self._found(self.releases, ident, "releases")
            case "POST", [ident, "promote"]:
                time.sleep(self.known["promote_seconds"])
                self.before_promote, self.promoted = self._status()[1], ident
                self.promoted_at = time.monotonic()
                return 200, "ok\n"
        raise Refusal(404)

    def _new_release(self, fields: Json) -> Json:
        release = self._release(0, {"id": self.new_ids.pop(0), "manifest": "", **fields}, age_s=0)
        self.releases.insert(0, release)
        return release

    def _release(self, index: int, fields: Json, age_s: int | None = None) -> Json:
        age = 3600 * (index + 1) if age_s is None else age_s
        return {"app": self.known["app"], "created": self._made_up(age), **fields}

    def _builds(self, method: str, rest: list[str], form: Json) -> Answer:
        if method == "POST":
            self.build_started = time.monotonic()
            self.build = {
                "id": self.known["build_id"], "app": self.known["app"], "status": "running", "release": "",
                "description": form.get("description", ""), "started": self._made_up(0),
                "ended": "0001-01-01T00:00:00Z",
            }  # fmt: skip
            return 200, self.build
        if not rest:
            return 200, self.known["builds"]
        self._maybe_finish_build()
        return 200, self._found([*self.known["builds"], *([self.build] if self.build else [])], rest[0], "builds")

    def _maybe_finish_build(self) -> None:
        build = self.build
        if not build or build["status"] != "running":
            return
        if time.monotonic() - self.build_started < self.known["build_final_after"]:
            return
        build["status"] = self.known["build_final"]
        if build["status"] == "complete":
            build["release"] = self._new_release({"build": build["id"], "env": ""})["id"]

    def _build_logs(self) -> Stream:
        """Read a second time, the log is there at once."""
        self.build_logs_read += 1
        lines = self.known["build_lines"]
        if self.build_logs_read > 1:
            return Stream([[0, text] for _, text in lines])
        return Stream(lines[: self.known.get("build_abort_after")], self.known["build_end"])

    def _processes(self, method: str, rest: list[str], query: Json) -> Answer:
        if method == "DELETE":
            return 200, "ok\n"
        processes = self._process_list()
        if not rest:
            wanted = [p for p in processes if query.get("service", p["name"]) == p["name"]]
            return 200, [p for p in wanted if query.get("release", p["release"]) == p["release"]]
        if rest[0] == RUN_PROCESS:
            return 200, self._process([RUN_PROCESS, "web", "running"])
        found = next((p for p in processes if p["id"] == rest[0]), None)
        if found is None:
            raise Refusal(500, f'pods "{rest[0]}" not found\n')
        return 200, found

    def _process_list(self) -> list[Json]:
        if self.promoted_at is None:
            return list(self.known["processes"])
        rows = _last(self.known["promote_processes"], time.monotonic() - self.promoted_at)[1]
        return [self._process(row) for row in rows]

    def _process(self, row: list[str]) -> Json:
        ident, service, status = row
        return {
            "id": ident, "app": self.known["app"], "command": f"bin/{service}", "cpu": 256, "gpu": 0, "host": "",
            "image": "", "instance": "node1", "memory": 512, "name": service, "ports": [], "release": self.promoted,
            "started": self._made_up(0), "status": status,
        }  # fmt: skip

    def _configs(self, method: str, rest: list[str], form: Json) -> Answer:
        if not rest:
            return 200, [{"name": name, "value": value} for name, value in sorted(self.configs.items())]
        if method == "PUT":
            self.configs[rest[0]] = base64.b64decode(form.get("value", "")).decode()
            return 200, "ok\n"
        if rest[0] not in self.configs:
            raise Refusal(404, f"app config not found: {rest[0]}\n")
        return 200, {"name": rest[0], "value": self.configs[rest[0]]}

    def _found(self, records: list[Json], ident: str, kind: str) -> Json:
        found = next((record for record in records if record["id"] == ident), None)
        if found is None:
            raise Refusal(500, f'{kind}.convox.com "{ident.lower()}" not found\n')
        return found

    def _made_up(self, age_s: int) -> str:
        made = datetime.now(UTC) - timedelta(seconds=age_s)
        return f"{made:%Y-%m-%dT%H:%M:%S.%fZ}"  # to the microsecond: `15s ago` must not read 16

    def _with_times(self, value: Any) -> Any:
        """`AGO:seconds` and absolute times, as of now."""
        if isinstance(value, dict):
            return {key: self._with_times(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._with_times(item) for item in value]
        if isinstance(value, str) and value.startswith("AGO:"):
            return self._made_up(int(value[4:]))
        return self._moved(value) if isinstance(value, str) and value.endswith("Z") else value

    def _moved(self, value: str) -> str:
        try:
            then = datetime.fromisoformat(value)
        except ValueError:
            return value
        if then.year == 1:
            return value
        moved = f"{then + self.since_recording:%Y-%m-%dT%H:%M:%SZ}"
        self.moved[moved] = value
        return moved


def _last(timeline: list[list[Any]], passed_s: float) -> list[Any]:
    """The latest entry that has begun."""
    return [entry for entry in timeline if entry[0] <= passed_s][-1]
