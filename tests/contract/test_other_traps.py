"""Traps of the real CLI that no recording shows; what is expected stands in convox-facts."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.contract.by_hand import Done, Run
from tests.contract.replay import ROOT, cli_command
from tests.contract.scripted_rack import ScriptedRack

NULL_DEREFERENCE = "panic: runtime error: invalid memory address or nil pointer dereference\n"
AT_CAP = {"config": {"at-cap-action": "block-new-deploys"}, "state": {"circuit-breaker-tripped": True}}


@pytest.mark.parametrize("argv", [("-a", "myapp", "ps"), ("--rack", "lab", "deploy"), ("--help",), ("domains",)])
def test_a_flag_before_the_command_does_nothing_and_succeeds(run: Run, argv: tuple[str, ...]) -> None:
    """The list of commands and status 0, as for an unknown command (convox-facts 0.8)."""
    done = run(*argv)

    assert (0, [], "") == (done.status, done.asked, done.stderr)
    assert done.stdout.startswith("convox api get  ")


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (("ps", "extra"), "0 args required"),
        (("run", "web"), "at least 2 args required"),
        (("run", "web", "ls", "-la"), "unknown flag: -la"),
        (
            ("releases", "--limit", "x"),
            'invalid argument "x" for "-l, --limit" flag: strconv.Atoi: parsing "x": invalid syntax',
        ),
        (("scale", "--count", "2"), "service name required"),
        (("scale", "web", "--min", "3", "--max", "2"), "--max must be >= --min"),
    ],
)
def test_wrong_usage_costs_no_request(run: Run, argv: tuple[str, ...], complaint: str) -> None:
    """One line on stderr, status 1."""
    assert Done("", f"ERROR: {complaint}\n", 1) == run(*argv)


@pytest.mark.skipif("DEPLOYER_CONVOX" in os.environ, reason="a real binary lacks none")
def test_a_command_the_stand_in_lacks_is_refused(run: Run) -> None:
    """Not taken for a shorter command with an argument, and not passed over in silence."""
    done = run("apps", "export", "myapp")

    assert Done("", "ERROR: the stand-in convox does not have the command: apps export\n", 1) == done


def test_cancelling_an_app_without_releases_panics(run: Run) -> None:
    """A Go panic: a stack trace on stderr, status 2, and the app is cancelled all the same (convox-facts 2.8)."""
    done = run("apps", "cancel", "myapp", scenario={"releases": [], "active": ""})

    assert 2 == done.status
    assert "Cancelling deployment of myapp...\nRewriting last active release...\n" == done.stdout
    assert done.stderr.startswith(NULL_DEREFERENCE)
    assert ["POST /apps/myapp/cancel", "GET /apps/myapp/releases"] == done.asked


def test_an_answer_that_is_cut_short_is_an_error(run: Run) -> None:
    """Half a list is no list."""
    done = run("ps", "-a", "myapp", scenario={"faults": [{"p": "/processes$", "m": "GET", "truncate": True}]})

    assert Done("", "ERROR: unexpected EOF\n", 1, ["GET /apps/myapp/processes"]) == done


def test_a_reset_connection_names_both_ends(run: Run) -> None:
    """As Go's net package words it."""
    done = run("ps", "-a", "myapp", scenario={"faults": [{"p": "/processes$", "m": "GET", "rst": True}]})

    route = r"read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:PORT: read: connection reset by peer"
    assert re.fullmatch(rf'ERROR: Get "http://127\.0\.0\.1:PORT/apps/myapp/processes\?": {route}\n', done.stderr)


def test_rack_url_beats_the_rack_flag(run: Run) -> None:
    """A rack that does not exist is named, and nobody minds (convox-facts 1.1)."""
    done = run("rack", "--rack", "doesnotexist")

    assert (0, ["GET /system"]) == (done.status, done.asked)


def test_a_malformed_rack_url_is_shown_with_its_password(run: Run) -> None:
    """Callers must redact it (convox-facts 1.3)."""
    done = run("ps", RACK_URL="https://convox:se%zzcret@h")

    assert Done("", 'ERROR: parse "https://convox:se%zzcret@h": invalid URL escape "%zz"\n', 1) == done


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://", "http: no Host in request URL"),
        ("http://127.0.0.1:99999", "dial tcp: address 99999: invalid port"),
        ("ftp://127.0.0.1", 'unsupported protocol scheme "ftp"'),
    ],
)
def test_a_rack_url_that_leads_nowhere_is_an_error_of_the_request(run: Run, url: str, complaint: str) -> None:
    """It is a URL, so it is only found out when something is asked (convox-facts 1.3)."""
    assert Done("", f'ERROR: Get "{url}/apps?": {complaint}\n', 1) == run("apps", RACK_URL=url)


def test_the_app_is_the_folder_unless_a_file_says_so(run: Run, tmp_path: Path) -> None:
    """`./.convox/app`, of this folder only, beats the folder's name (convox-facts 1.2)."""
    (tmp_path / ".convox").mkdir()
    (tmp_path / ".convox" / "app").write_text("myapp\n")

    assert ["GET /apps/myapp"] == run("apps", "info").asked


def test_a_rack_in_a_file_is_found_by_name(run: Run, racks: list[ScriptedRack], tmp_path: Path) -> None:
    """And asked about itself once after a success, not again within half an hour (convox-facts 1.1)."""
    folder = tmp_path / "config" / "racks"
    folder.mkdir(parents=True)
    first = run("rack", RACK_URL="")
    (folder / "lab").write_text(f"http://convox:secret@127.0.0.1:{racks[0].port}\n")
    racks[0].requests.clear()

    run("apps", "--rack", "la", RACK_URL="")
    run("apps", "-r", "lab", RACK_URL="")

    assert "no current rack" in first.stderr
    assert ["/apps", "/system", "/apps"] == [entry["path"] for entry in racks[0].requests]


def test_racks_of_a_terraform_that_is_not_there_are_told_on_stdout(run: Run, tmp_path: Path) -> None:
    """Where a parser of the listing meets them, with status 0 (convox-facts 1.1)."""
    racks = tmp_path / "config" / "racks"
    for name, file in (("empty", "notes"), ("made", "main.tf")):
        (racks / name).mkdir(parents=True)
        (racks / name / file).touch()

    listed = run("racks", RACK_URL="", PATH=str(tmp_path))
    (tmp_path / "config" / "current").write_text('{"name":"gone","type":"terraform"}')
    current = run("rack", RACK_URL="")

    missing = 'exec: "terraform": executable file not found in $PATH'
    told = f"err: no such terraform rack: empty\nerr: {missing}\nNAME  PROVIDER  STATUS\n"
    assert Done(told, "", 0) == listed
    assert Done("", "ERROR: no such terraform rack: gone\n", 1) == current


def test_a_bool_flag_is_true_only_for_the_word_true(run: Run) -> None:
    """`--promote=1` silently means false (convox-facts 2.0)."""
    done = run("env", "set", "A=1", "--promote=1", "-a", "myapp")

    assert ("Setting A... OK\nRelease: RBBBBBBBBB1\n", 0) == (done.stdout, done.status)


def test_keys_are_sorted_with_their_tags_around_them(run: Run) -> None:
    """So `A1` comes before `A` where the keys are named, as it does in the stored text."""
    done = run("env", "set", "A=1", "A1=2", "--replace", "-a", "myapp")

    assert done.stdout.startswith("Setting A1, A... OK\n")


def test_reading_stops_at_a_line_too_long_although_the_pipe_is_open(racks: list[ScriptedRack], tmp_path: Path) -> None:
    """The scanner gives up at 64 KiB and what it has is sent (convox-facts 0.10)."""
    rack = ScriptedRack({})
    racks.append(rack)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "RACK_URL": f"http://convox:secret@127.0.0.1:{rack.port}",
    }
    argv = [*cli_command(), "env", "set", "--replace", "-a", "myapp"]

    with subprocess.Popen(argv, cwd=tmp_path, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.write(b"A=1\nBIG=" + b"x" * 65536)
        child.stdin.flush()
        status = child.wait(20)

    assert (0, {"form": {"env": "A=1"}}) == (status, rack.requests[-1]["body"])


def test_a_config_value_gives_way_to_stdin(run: Run, racks: list[ScriptedRack]) -> None:
    """Whatever `--value` says (convox-facts 2.12)."""
    run("config", "set", "note", "--value", "hello", "-a", "myapp", stdin="from stdin")

    assert "from stdin" == racks[0].state.configs["note"]


def test_a_marker_with_rubbish_is_an_error(run: Run) -> None:
    """The one way in which exec admits that it does not know the exit code."""
    lines = [[0, "out\nF1E49A85-0AD7-4AEF-A618-C249C6E6568D:1\nmore\n"]]

    done = run("exec", "web-1", "ls", "-a", "myapp", scenario={"exec_lines": lines, "exec_code": None})

    assert ("out\n", "ERROR: unable to read exit code\n", 1) == (done.stdout, done.stderr, done.status)


def test_stdin_is_forwarded_to_the_process(run: Run) -> None:
    """Its end too; the command's status is ours."""
    done = run("exec", "web-1", "cat", "-a", "myapp", stdin="x" * 5000, scenario={"exec_lines": [], "exec_code": 7})

    assert (7, "") == (done.status, done.stderr)


def test_a_line_break_in_a_command_becomes_a_space(run: Run, racks: list[ScriptedRack]) -> None:
    """A command travels in a header; only a detached one is refused for its line break."""
    done = run("exec", "web-1", "a\nb", "-a", "myapp")
    detached = run("run", "-d", "web", "a\nb", "-a", "myapp")

    assert (0, "a b") == (done.status, racks[0].requests[-1]["headers"]["Command"])
    assert 'net/http: invalid header field value for "Command"\n' in detached.stderr


def test_restart_does_not_wait(run: Run) -> None:
    """Each service in turn, by name."""
    services = [{"name": "worker"}, {"name": "api"}]

    done = run("restart", "-a", "myapp", scenario={"services": services})

    assert "Restarting api... OK\nRestarting worker... OK\n" == done.stdout
    assert "POST /apps/myapp/services/worker/restart" == done.asked[-1]


def test_a_breached_budget_shows_in_the_status(run: Run) -> None:
    """A second word, which a parser that splits at white space trips over (convox-facts 2.9)."""
    done = run("ps", "-a", "myapp", scenario={"budget": AT_CAP})

    assert "  running at-cap  RAAAAAAAAA1  " in done.stdout
    assert ["GET /apps/myapp/processes", "GET /apps/myapp/budget", "GET /apps/myapp/services"] == done.asked


def test_a_release_without_a_build_has_no_manifest(run: Run) -> None:
    """As after `env set` on a new app (convox-facts 2.12)."""
    releases = [{"id": "RAAAAAAAAA1", "build": "", "env": "", "description": ""}]

    done = run("releases", "manifest", "RAAAAAAAAA1", "-a", "myapp", scenario={"releases": releases})

    assert ("", "ERROR: no build for release: RAAAAAAAAA1\n", 1) == (done.stdout, done.stderr, done.status)


def test_a_missing_variable_and_a_missing_config_are_errors(run: Run) -> None:
    """Each in its own words."""
    assert "ERROR: env not found: NOPE\n" == run("env", "get", "NOPE", "-a", "myapp").stderr
    assert "ERROR: app config not found: nope\n" == run("config", "get", "nope", "-a", "myapp").stderr


def test_a_pod_that_cannot_be_asked_for_ends_the_run_and_is_removed(run: Run) -> None:
    """Two failed polls in a row; the process is stopped before the error is printed."""
    rule = {"p": "/processes/web-run", "m": "GET", "status": 500, "body": "boom\n"}

    done = run("run", "web", "true", "-a", "myapp", scenario={"faults": [rule]})

    assert ("", "ERROR: boom\n", 1) == (done.stdout, done.stderr, done.status)
    assert "DELETE /apps/myapp/processes/web-run-x7k2p" == done.asked[-1]


def test_creating_an_app_waits_for_two_looks(run: Run) -> None:
    """Five seconds of sleep and two polls: never under 15 s (convox-facts 2.11)."""
    before = time.monotonic()

    done = run("apps", "create", "fresh", scenario={"app": "fresh"})

    assert ("Creating fresh... OK\n", 0) == (done.stdout, done.status)
    assert ["POST /apps", "GET /apps/fresh", "GET /apps/fresh"] == done.asked
    assert 15 <= time.monotonic() - before < 20


def test_what_a_diagnosis_has_and_is_empty_is_shown(run: Run) -> None:
    """To Go an empty object is not null (convox-facts 2.10)."""
    report = {"app": "myapp", "overview": {}, "summary": {}}

    told = run("deploy-debug", "-a", "myapp", scenario={"diagnose": report}).stdout
    short = run("deploy-debug", "-o", "summary", "-a", "myapp", scenario={"diagnose": report}).stdout

    assert "<h1>" not in told
    assert "--- Service Status ---\n  No services found.\n" in told
    assert "\nSummary: 0 total\n" in told
    assert "All 0 processes healthy.\n" == short
