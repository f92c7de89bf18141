"""A rack's JSON of an unexpected shape: what encoding/json says of it, and that no command falls over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.localrack.cli.client import Client
from deployer.localrack.cli.commands import COMMANDS
from deployer.localrack.cli.engine import run as run_here
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.godecode import decode
from deployer.localrack.cli.gotypes import ANY, LISTS, MAP, STRUCTS, ZEROES, element, fields, marshalled
from deployer.localrack.cli.rack import Rack
from deployer.localrack.cli.sockets import Socket
from deployer.localrack.cli.transport import Response, Transport
from deployer.localrack.cli.urls import parse_endpoint
from tests.contract.by_hand import Run

TIMES = ("0001-01-01T00:00:00Z", "2026-06-25T12:00:00.123456789Z", "9999-12-31T9:59:59+24:60", "0000-02-29T00:00:00Z")


@pytest.mark.parametrize(
    ("go_type", "answer", "complaint"),
    [
        ("structs.Processes", "{}", "object into Go value of type structs.Processes"),
        ("structs.Processes", "[[]]", "array into Go value of type structs.Process"),
        ("*structs.App", '"web"', "string into Go value of type structs.App"),
        ("*structs.App", '{"locked": 1.5}', "number into Go struct field App.locked of type bool"),
        ("*structs.App", '{"NAME": true}', "bool into Go struct field App.name of type string"),
        ("*structs.App", '{"parameters": {"a": 1}}', "number into Go struct field App.parameters of type string"),
        ("*structs.App", '{"parameters": []}', "array into Go struct field App.parameters of type map[string]string"),
        ("structs.Services", '[{"count": 1.5}]', "number 1.5 into Go struct field Service.count of type int"),
        ("structs.Services", '[{"min": 1e3}]', "number 1e3 into Go struct field Service.min of type int"),
        (
            "structs.Services",
            '[{"nlb": 1}]',
            "number into Go struct field Service.nlb of type []structs.ServiceNlbPort",
        ),
        (
            "structs.Services",
            '[{"ports": [{"balancer": 9223372036854775808}]}]',
            "number 9223372036854775808 into Go struct field ServicePort.ports.balancer of type int",
        ),
        (
            "*structs.AppDiagnosticReport",
            '{"overview": {"services": [{"agent": "no"}]}, "pods": 1}',
            "string into Go struct field DiagnosticServiceStatus.overview.services.agent of type bool",
        ),
        (
            "sdk.appBudgetResponse",
            '{"state": []}',
            "array into Go struct field appBudgetResponse.state of type structs.AppBudgetState",
        ),
        (ANY, '[{"a": 1e400}]', "number 1e400 into Go value of type float64"),
    ],
)
def test_the_first_value_of_a_wrong_type_is_told(go_type: str, answer: str, complaint: str) -> None:
    """In the words of Go's UnmarshalTypeError: the innermost struct, and the path from the outermost."""
    with pytest.raises(CommandError) as refused:
        decode(go_type, answer.encode())

    assert f"json: cannot unmarshal {complaint}" == str(refused.value)


@pytest.mark.parametrize(
    ("started", "complaint"),
    [
        ("", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'),
        ("2026-06-25", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2026-06-25 12:00", ' as "2006-01-02T15:04:05Z07:00": cannot parse " 12:00" as "T"'),
        ("2026-06-25T12:00:00", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'),
        ("2026-13-01T00:00:00Z", ": month out of range"),
        ("2026-02-29T00:00:00Z", ": day out of range"),
        ("2026-06-25T24:00:00Z", ": hour out of range"),
        ("2026-06-25T12:00:00Zé", ': extra text: "\\xc3\\xa9"'),
    ],
)
def test_a_time_that_is_none_ends_the_reading(started: str, complaint: str) -> None:
    """At once: a wrong type that was met before is not told any more."""
    shown = started.replace("é", "\\xc3\\xa9")
    answer = json.dumps([{"name": 1, "started": started}])

    with pytest.raises(CommandError) as refused:
        decode("structs.Processes", answer.encode())

    assert f'parsing time "{shown}"{complaint}' == str(refused.value)


def test_a_time_must_be_a_text() -> None:
    """Type time.Time reads JSON by itself."""
    with pytest.raises(CommandError, match=r"^Time\.UnmarshalJSON: input is not a JSON string$"):
        decode("*structs.Release", b'{"created": 0}')


def test_keys_match_in_any_case_and_null_is_accepted_anywhere() -> None:
    """Unknown keys are passed over, fields that are missing are empty."""
    read = decode("structs.Services", b'[{"NAME": "web", "Count": null, "new": {}, "MAX": 3, "ports": null}, null]')

    assert ["web", ""] == [service["name"] for service in read]
    assert [(0, 3, None), (0, None, None)] == [(each["count"], each["max"], each["ports"]) for each in read]


def test_what_was_read_is_written_with_its_empty_fields() -> None:
    """Unless they may be left out; what is no list is null."""
    report = decode("*structs.AppDiagnosticReport", b'{"overview": {}, "pods": [], "summary": {"total": 1}}')

    written = marshalled("structs.AppDiagnosticReport", report)

    assert ["namespace", "rack", "app", "timestamp", "overview", "summary"] == list(written)
    assert ("0001-01-01T00:00:00Z", {"services": None}) == (written["timestamp"], written["overview"])
    assert 1 == written["summary"]["total"]


def test_every_type_that_is_named_is_known() -> None:
    """A slip in the table would read as a type of its own."""
    named = {field.go_type.removeprefix("*") for struct in STRUCTS for field in fields(struct)}
    held = {element(each) or each for each in [*named, *LISTS]}

    assert set() == held - {*STRUCTS, *ZEROES}


@pytest.mark.parametrize(
    ("argv", "path", "body", "complaint"),
    [
        (["ps"], "/processes$", {}, "object into Go value of type structs.Processes"),
        (["apps", "info"], "^/apps/myapp$", {"locked": 1}, "number into Go struct field App.locked of type bool"),
        (["deploy-debug"], "/diagnose$", [], "array into Go value of type structs.AppDiagnosticReport"),
    ],
)
def test_a_command_ends_with_the_complaint(run: Run, argv: list[str], path: str, body: Any, complaint: str) -> None:
    """Nothing is printed of an answer that is not understood."""
    done = run(*argv, "-a", "myapp", scenario={"faults": [{"p": path, "status": 200, "body": json.dumps(body)}]})

    assert ("", f"ERROR: json: cannot unmarshal {complaint}\n", 1) == (done.stdout, done.stderr, done.status)


def test_json_that_nests_deeper_than_can_be_read_is_refused(run: Run) -> None:
    """Go stops at 10000 levels, Python sooner."""
    deep = "[" * 100_000 + "]" * 100_000

    done = run("api", "get", "/deep", scenario={"faults": [{"p": "^/deep", "status": 200, "body": deep}]})

    assert ("", "ERROR: exceeded max depth\n", 1) == (done.stdout, done.stderr, done.status)


@pytest.mark.parametrize("length", ["none", "-1", "9" * 5000])
def test_a_length_that_is_no_number_breaks_the_connection(run: Run, length: str) -> None:
    """Python would take some of them, and stop at others with an error of its own."""
    done = run("apps", scenario={"faults": [{"p": "^/apps$", "status": 200, "body": "[]", "length": length}]})

    why = f'net/http: HTTP/1.x transport connection broken: bad Content-Length "{length}"'
    assert (f'ERROR: Get "http://127.0.0.1:PORT/apps?": {why}\n', 1) == (done.stderr, done.status)


def test_registries_are_listed_without_their_passwords(run: Run) -> None:
    """As a table."""
    registry = {"server": "registry.example.com", "username": "ci", "password": "secret"}
    rule = {"p": "^/registries$", "status": 200, "body": json.dumps([registry])}

    done = run("registries", scenario={"faults": [rule]})

    assert "SERVER                USERNAME\nregistry.example.com  ci\n" == done.stdout
    assert ["GET /registries"] == done.asked


# Commands that ask no rack for JSON.
ASKS_NOTHING = {"help", "racks", "switch"}
# Those that wait for seconds once a rack agrees: theirs only refuses. What they read while they wait others read too.
WAITS = {
    "apps create", "apps delete", "build", "deploy", "releases promote", "releases rollback", "run", "services update",
}  # fmt: skip
ARGUMENTS = {
    "api get": ["/"], "apps delete": ["a"], "builds info": ["B"], "builds logs": ["B"], "config get": ["c"],
    "config set": ["c", "--value", "v"], "deploy-debug": ["-o", "summary"], "env get": ["A"], "env mask set": ["A"],
    "env mask unset": ["A"], "env unset": ["A"], "exec": ["web", "ls"], "ps info": ["p"], "ps stop": ["p"],
    "releases create-from": ["--use-active-release-build", "--env-from", "R"], "releases info": ["R"],
    "releases manifest": ["R"], "releases rollback": ["R"], "resources info": ["db"], "resources url": ["db"],
    "run": ["web", "ls"], "services restart": ["web"], "services update": ["web", "--count", "2"],
}  # fmt: skip
LINES = [
    *([words, *ARGUMENTS.get(words, [])] for words in sorted(COMMANDS) if words not in ASKS_NOTHING),
    ["deploy-debug"],
    ["deploy-debug", "-o", "json"],
    ["scale", "web"],
    ["scale", "web", "--min", "0"],
]

SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(TIMES)
JUNK = st.recursive(SIMPLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


def answers(go_type: str) -> st.SearchStrategy[Any]:
    """Answers of a type, with null where Go takes it for none."""
    kind = go_type.removeprefix("*")
    plain: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(max_size=8) | st.sampled_from(["running", "stalled", "auto-shutdown", "%s", "web"]),
        "bool": st.booleans(),
        "int": st.integers(-(2**63), 2**63 - 1),
        "int64": st.integers(-(2**63), 2**63 - 1),
        "float64": st.floats(allow_nan=False, allow_infinity=False),
        "time.Time": st.sampled_from(TIMES),
        ANY: JUNK,
    }
    if kind in plain:
        return st.none() | plain[kind]
    if kind in STRUCTS:
        return st.fixed_dictionaries({}, optional={field.name: answers(field.go_type) for field in fields(kind)})
    if kind.startswith(MAP):
        return st.dictionaries(st.text(max_size=4), answers(element(kind)), max_size=3)
    return st.lists(answers(element(kind)), max_size=3)


def spoil(draw: Any, answer: Any) -> Any:
    """The answer with something else in one place of it."""
    keys: list[Any] = sorted(answer) if isinstance(answer, dict) else []
    keys = list(range(len(answer))) if isinstance(answer, list) else keys
    if not keys or not draw(st.integers(0, 3)):
        return draw(JUNK)
    key = draw(st.sampled_from(keys))
    answer[key] = spoil(draw, answer[key])
    return answer


class AnyTransport(Transport):
    """Answers what is asked with JSON of its type, spoiled or not, or of no type at all; or refuses in any words."""

    def __init__(self, draw: Any, *, agrees: bool) -> None:
        super().__init__(parse_endpoint("http://127.0.0.1:1"))
        self.draw, self.agrees = draw, agrees
        self.wanted = ANY

    def send(self, *_: object) -> Response:
        refuses = not self.agrees or not self.draw(st.integers(0, 9))
        response = Response(self.draw(st.integers(400, 599)) if refuses else 200)
        answer = self.draw(JUNK) if refuses else self.draw(answers(self.wanted))
        answer = spoil(self.draw, answer) if self.draw(st.booleans()) else answer
        response.body = json.dumps({"error": answer} if refuses else answer).encode()
        return response


class AnyClient(Client):
    def __init__(self, transport: AnyTransport) -> None:
        super().__init__(transport.endpoint)
        self.transport: AnyTransport = transport

    def read(self, go_type: str, *args: Any, **options: Any) -> Any:
        self.transport.wanted = go_type
        return super().read(go_type, *args, **options)


class StreamlessRack(Rack):
    """No socket opens on it."""

    def _socket(self, *_: object) -> Socket:
        raise CommandError("websocket: bad handshake")


@pytest.mark.parametrize("line", LINES, ids=" ".join)
@given(data=st.data())
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
def test_no_answer_makes_a_command_fall_over(
    line: list[str], data: st.DataObject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a rack says, a command ends as the Go program would: done, with an error line, or in its panic."""
    monkeypatch.setenv("RACK_URL", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    rack = StreamlessRack(AnyClient(AnyTransport(data.draw, agrees=line[0] not in WAITS)))

    status = run_here([*line[0].split(), *line[1:]], rack)

    assert status in (0, 1, 2)
