"""Every recorded run of the real CLI is understood, or refused with a named error. None ends in "unknown"."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from deployer.convox import parse, wire
from deployer.convox.failures import failure_of
from deployer.convox.manifest import read_manifest
from deployer.convox.request import Completed, Request
from deployer.convox.rules import NoSuchPath, WrongAddress
from deployer.core.errors import (
    BuildFailed,
    BuildUnknown,
    CannotTell,
    Crashed,
    Denied,
    DeployerError,
    Garbled,
    NotFound,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
    Transport,
    Unauthorised,
)
from tests.unit.convox.scripted import recorded_cases

CASES = [(file, case) for file in ("cases.jsonl", "rack-cases.jsonl") for case in recorded_cases(file)]

WRITES = {"env set", "env unset", "build", "deploy", "releases promote", "releases rollback", "releases create-from"}
WRITES |= {"apps cancel", "apps create", "apps delete", "apps lock", "apps unlock", "config set", "ps stop", "restart"}
WRITES |= {"exec", "run", "services restart", "services update"}

# How the answer of each verb is read. Those with `None` print a story or a process's own words.
READERS: dict[str, Callable[[str], object] | None] = {
    "api get": None,
    "apps": lambda text: parse.table(text, "APP", "STATUS", "RELEASE"),
    "apps cancel": None,
    "apps create": None,
    "apps delete": None,
    "apps info": parse.app,
    "apps lock": None,
    "apps unlock": None,
    "balancers": lambda text: parse.table(text, "BALANCER", "SERVICE", "ENDPOINT"),
    "build": None,
    "builds": parse.builds,
    "builds info": parse.build,
    "builds logs": None,
    "certs": lambda text: parse.table(text, "ID", "DOMAIN", "EXPIRES"),
    "config get": None,
    "config set": None,
    "configs": lambda text: parse.table(text, "CONFIG-ID"),
    "deploy": None,
    "deploy-debug": None,
    "env": parse.environment,
    "env get": None,
    "env mask": None,
    "env set": None,
    "env unset": None,
    "exec": None,
    "frobnicate": None,
    "help": None,
    "instances": lambda text: parse.table(text, "ID", "STATUS", "STARTED"),
    "logs": None,
    "ps": parse.processes,
    "ps info": lambda text: parse.info(text, "Id", "Release", "Status"),
    "ps stop": None,
    "rack": lambda text: parse.rack(text, "3.24.9"),
    "racks": lambda text: parse.table(text, "NAME", "PROVIDER", "STATUS"),
    "rack access": None,
    "rack params": None,
    "releases": parse.releases,
    "releases create-from": parse.created_release,
    "releases info": lambda text: parse.info(text, "Id", "Build", "Env"),
    "releases manifest": read_manifest,
    "releases promote": None,
    "releases rollback": None,
    "resources": lambda text: parse.table(text, "NAME", "TYPE"),
    "restart": None,
    "run": None,
    "scale": parse.desired_counts,
    "services": parse.services,
    "services restart": None,
    "services update": None,
    "switch": None,
    "version": parse.client_version,
}

# What the failed ones are, by name, and by the last word of argv where the runs of one name differ.
FAILURES: dict[type[DeployerError], str] = {
    BuildFailed: "build-id-failed deploy-id-build-failed",
    BuildUnknown: "build-id-unexpected-status",
    CannotTell: """
        deploy-id-rollback env-set-id-promote-rollback promote-app-updating-first-cur-rollback promote-crash-then-cancel
        promote-reverted promote-rollback-brief promote-rollback-seen
    """,
    Crashed: """
        build-id-sigint-poll build-id-sigint-stream deploy-id-sigterm-waiting logs-sigterm promote-sigint-during-post
        promote-sigterm-during-post promote-sigterm-while-waiting promote-stdout-closed-early promote-wait-hang
        ps-hang-sigint run-sigint build-id/app3 logs-app-notfound
    """,
    Denied: "build-id-403 env-set-403 env-set-readonly-401 promote-post-401 promote-post-403 ps-403",
    Garbled: "help noargs ps-200-empty ps-200-notjson ps-help ps-watch-sigint unknown-command",
    NotFound: """
        app-notfound apps-info-cwd-notfound apps-info-notfound build-app-notfound build-id-app-notfound
        builds-info-notfound builds-info-unknown create-from-app-notfound
        deploy-debug-app-notfound env-app-notfound env-release-unknown env-set-404 env-set-notfound
        exec-pid-notfound logs-no-pods manifest-unknown promote-app-deleted
        promote-app-notfound promote-empty-list promote-empty-list-null promote-unknown-release ps-app-notfound
        ps-info-notfound releases-app-notfound rollback-id-unknown run-app-notfound scale-app-notfound
    """,
    NoSuchPath: "api-get-404 deploy-debug-404-route trailing-slash",
    RackUnreachable: """
        build-id-refused build-id-server-down-poll console-ps-500-racks console-ps-bad-key console-ps-unknown-rack
        env-set-refused logs-refused promote-refused ps-dns version-refused
    """,
    RefusedByRack: """
        build-id-nodir config-set-file-missing config-set-no-flag create-from-both-build-flags create-from-id-flag
        create-from-no-flags missing-arg promote-post-409-budget promote-post-json-error rollback-noarg too-many-args
    """,
    ServerFault: """
        build-id-create-500 build-id-poll-500-once build-id-upload-500 create-from-create-500 env-set-500-create
        logs-service/app2
        promote-post-504-empty promote-wait-500-twice ps-429 ps-500-empty ps-500-multiline ps-500-tags ps-503-html
        rollback-create-500 rollback-id-promote-500 run-500
    """,
    Transport: """
        build-id-log-refused-500 logs-upgrade-403 logs-upgrade-500 promote-post-drop promote-wait-drop-always ps-drop
    """,
    WrongAddress: "ps-no-rack version-https-to-http-port",
    Unauthorised: "build-id-401 env-set-401 logs-bad-password promote-401 ps-401 version-no-password wrong-password",
}


def verb_of(argv: list[str]) -> str:
    two = " ".join(argv[1:3])
    return two if two in READERS else " ".join(argv[1:2])


def completed_of(case: dict[str, Any]) -> Completed:
    verb, status = verb_of(case["argv"]), case["exit_code"]
    request = Request(verb, tuple(case["argv"][1:]), 10.0, is_write=verb in WRITES)
    signum = int(signal.Signals[case["signal"]]) if case.get("signal") else max(0, -status)
    return Completed(request, None if signum else status, case["stdout"], case["stderr"], signum)


def expected_of(case: dict[str, Any]) -> type[DeployerError] | None:
    expected = {name: error for error, names in FAILURES.items() for name in names.split()}
    return expected.get(f"{case['name']}/{case['argv'][-1]}", expected.get(case["name"]))


@pytest.mark.parametrize(
    "case", [case for _, case in CASES], ids=[f"{file[:4]}-{case['name']}" for file, case in CASES]
)
def test_recorded_case_is_understood_or_refused(case: dict[str, Any]) -> None:
    """A run that went well is read; one that did not is the error that it should be."""
    completed = completed_of(case)

    outcome = outcome_of(completed)

    assert expected_of(case) is outcome


def outcome_of(completed: Completed) -> type[DeployerError] | None:
    failure = failure_of(completed, "myapp")
    if failure:
        return type(failure)
    reader = READERS.get(completed.request.verb)
    try:
        if reader:
            reader(completed.stdout)
    except DeployerError as error:
        return type(error)
    return None


def test_all_recorded_cases_are_there() -> None:
    """The enumeration covers both files whole, and no expectation is left without a case."""
    counts = Counter(file for file, _ in CASES)
    names = {name for _, case in CASES for name in (case["name"], f"{case['name']}/{case['argv'][-1]}")}

    stale = {name for group in FAILURES.values() for name in group.split()} - names

    assert {"cases.jsonl": 239, "rack-cases.jsonl": 50} == counts
    assert set() == stale


def test_no_recorded_error_text_reaches_a_person_raw() -> None:
    """No tags, no escapes, no damage of Go's format call, no password, one line each."""
    failures = [failure_of(completed_of(case), "myapp") for _, case in CASES]

    told = [f"{each.what} {each.why} {each.hint}" for each in failures if each]

    assert 100 < len(told)
    for text in told:
        assert not any(mark in text for mark in ("MISSING", "\x1b", "\n", "<h", ":secret@")), text


def test_listed_rows_are_what_the_rack_had() -> None:
    """Across all recorded `ps` tables that were read, each row has a process id, a service and a release."""
    texts = [
        case["stdout"] for _, case in CASES if verb_of(case["argv"]) == "ps" and outcome_of(completed_of(case)) is None
    ]

    rows = [row for text in texts for row in parse.processes(text)]

    assert len(rows) > 20
    assert all(row.id.startswith(f"{row.service}-") and row.release.startswith("R") for row in rows)


def test_json_of_the_real_rack_api_is_read() -> None:
    """`api get` of processes, from both racks."""
    texts = [case["stdout"] for _, case in CASES if case["name"] == "api-get-processes"]

    rows = [wire.processes(text) for text in texts]

    assert [2, 2] == [len(each) for each in rows]
    assert ["web-6dc86fdd8-72br2", "web-6dc86fdd8-vlbz4"] == [row.id for row in rows[1]]
