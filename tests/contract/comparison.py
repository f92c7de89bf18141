"""
What a replay must have in common with its recording: the bytes, the status and the requests.

Put aside: ports, folders, temporary object keys, commit ids, name servers, and
times that the recording made up at the moment it was made.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.recordings import RECORDED, Case, shortened
from tests.contract.replay import LATE_S, Replay

Json = dict[str, Any]

# What may be asked once more or less in a lane, since its last turn races with the end of the promote.
LAST_TURN = {"logs": ("GET /machines", "GET /apps/A/logs"), "processes": ("GET /apps/A/processes",)}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
ASIDE = (
    (re.compile(r"tmp/[0-9a-f]{30}\.tgz"), "tmp/KEY.tgz"),
    (re.compile(r"\bbuild [0-9a-f]{10} first commit"), "build COMMIT first commit"),
    (re.compile(r"on [0-9.]+:53:"), "on DNS:53:"),
    (re.compile(r"127\.0\.0\.1:\d+->"), "127.0.0.1:LOCAL->"),
)


def differences(case: Case, replay: Replay, moved: dict[str, str]) -> list[str]:
    """What is not the same, in words; empty when the replay is as good as the recording."""
    found = [
        *_text("stdout", case, case.stdout, _restored(replay.stdout, moved)),
        *_text("stderr", case, case.stderr, _restored(replay.stderr, moved)),
    ]
    if case.exit_code != replay.exit_code:
        found.append(f"exit status: recorded {case.exit_code}, now {replay.exit_code}")
    return [*found, *_requests(case, replay)]


def _text(name: str, case: Case, recorded: str, now: str) -> list[str]:
    wanted, got = _plain(case, recorded), shortened(_plain(case, now), recorded)
    return [] if wanted == got else [f"{name}:\n  recorded {wanted!r}\n  now      {got!r}"]


def _plain(case: Case, text: str) -> str:
    """Times that stand neither in the scenario nor in the default state were made up by the recording."""
    told = (RECORDED / "default-rack.json").read_text() + json.dumps(case.scenario)
    text = TIME.sub(lambda found: found[0] if found[0] in told else "TIME", text)
    return _put_aside(text)


def _put_aside(text: str) -> str:
    for pattern, name in ASIDE:
        text = pattern.sub(name, text)
    return text


def _restored(text: str, moved: dict[str, str]) -> str:
    for now, then in moved.items():
        text = text.replace(now, then)
    return text


def _requests(case: Case, replay: Replay) -> list[str]:
    """
    In order, within each lane.

    While a promote is watched the CLI does three things at once: it polls the
    app, polls the processes, and reads the log socket. The last poll and the last
    opening of the socket race with the end of the promote, so either may be missing.
    A GET that is dropped goes out again only if another lane left a connection to do
    so: that is not compared there.
    """
    if case.requests is None:
        return []
    recorded, now = _lanes(case.requests), _lanes(replay.requests)
    return [line for lane in recorded for line in _lane_differences(lane, recorded[lane], now[lane])]


def _lane_differences(lane: str, recorded: list[Json], now: list[Json]) -> list[str]:
    show = _asked if all("headers" in entry for entry in recorded) else _path
    if abs(len(recorded) - len(now)) == len(LAST_TURN.get(lane, ())):
        shorter = min(len(recorded), len(now))
        recorded, now = recorded[:shorter], now[:shorter]
    wanted, got = [show(entry) for entry in recorded], [show(entry) for entry in now]
    if wanted != got:
        return [f"requests ({lane}):\n  recorded {_listed(wanted)}\n  now      {_listed(got)}"]
    late = [b["t"] - a["t"] for a, b in zip(recorded, now, strict=True) if "t" in a]
    if any(abs(seconds) > LATE_S for seconds in late):
        return [f"request times ({lane}): {[round(seconds, 1) for seconds in late]} s off"]
    return []


def _lanes(requests: list[Json]) -> dict[str, list[Json]]:
    lanes: dict[str, list[Json]] = {"main": [], "processes": [], "logs": []}
    is_watching = False
    for entry in requests:
        path = entry["path"]
        is_dropped = entry.get("status") == "dropped"
        if is_watching and is_dropped and lanes["main"][-1].get("status") == "dropped":
            continue
        if is_watching and path.endswith("/processes"):
            lanes["processes"].append(entry)
        elif is_watching and (path == "/machines" or path.endswith("/logs")):
            lanes["logs"].append(entry)
        else:
            lanes["main"].append(entry)
        is_watching = is_watching or path.endswith("/promote")
    return lanes


def _path(entry: Json) -> str:
    """All that a rack's own log tells of a request."""
    return _put_aside(f"{entry['method']} {entry['path']}")


def _asked(entry: Json) -> str:
    body = entry["body"]
    if body and "form" in body:
        shown = json.dumps(_without_commit(body["form"]), sort_keys=True)
    else:
        shown = f"{body['head'][:8]}…" if body else ""  # an archive: its format, not its content
    line = " ".join([entry["method"], f"{entry['path']}?{entry['query']}", json.dumps(entry["headers"]), shown])
    return f"{_put_aside(line)} -> {entry['status']}"


def _without_commit(form: Json) -> Json:
    return {
        name: "COMMIT" if name == "git-sha" and re.fullmatch("[0-9a-f]{40}", value) else value
        for name, value in form.items()
    }


def _listed(lines: list[str]) -> str:
    return "\n    ".join(["", *lines])
