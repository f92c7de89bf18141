"""Logs, run and exec over WebSockets (convox-facts 2.9, 5.4)."""

from __future__ import annotations

import contextlib

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from deployer.localrack.sweep import leftovers
from tests.scenario.localrack.harness import APP, MARKER, Driver, read_all

pytestmark = pytest.mark.rack


@pytest.fixture(scope="module")
def serving(shared: Driver) -> Driver:
    shared.set_env("GREETING=hello")
    shared.ship()
    return shared


def run(rack: Driver, command: str, stdin: str = "") -> str:
    """What `convox run` does: a sleeping process, an exec into it, and its removal."""
    row = rack.http.post(f"/apps/{APP}/services/web/processes", headers={"Command": "sleep 3600"}).json()
    assert "pending" == row["status"]
    rack.wait_for(lambda: "running" == rack.get(f"/apps/{APP}/processes/{row['id']}")["status"])
    with rack.socket(f"/apps/{APP}/processes/{row['id']}/exec", Command=command, Tty="false") as socket:
        with contextlib.suppress(ConnectionClosed):  # it may be over before it was given anything
            socket.send(stdin)
            socket.send(b"")
        output = read_all(socket)
    assert 200 == rack.http.delete(f"/apps/{APP}/processes/{row['id']}").status_code
    return output


def test_run_ends_with_the_exit_code_in_a_frame_of_its_own(serving: Driver) -> None:
    """Output, marker, and then the end."""
    assert f"hello\n{MARKER}:3\n" == run(serving, "echo $GREETING; exit 3")


def test_run_is_given_its_input(serving: Driver) -> None:
    """Text frames are stdin, an empty binary one is its end."""
    assert f"some input{MARKER}:0\n" == run(serving, "cat", stdin="some input")


def test_much_output_comes_whole(serving: Driver) -> None:
    """More than any pipe holds."""
    output = run(serving, "python -S -c \"print('x' * 300_000)\"")

    assert f"{'x' * 300_000}\n{MARKER}:0\n" == output


def test_a_command_that_cannot_be_started(serving: Driver) -> None:
    """Said in the output, with a code that is not 0."""
    assert f"cannot start nonsense: No such file or directory\n{MARKER}:126\n" == run(serving, "nonsense")


def test_exec_takes_a_process_or_a_service(serving: Driver) -> None:
    """A service means one of its running processes."""
    # a `run` of a moment ago may still have a row: a replica's id has one part more
    process = next(row["id"] for row in serving.rows(service="web") if row["id"].count("-") == 2)

    for target in (process, "web"):
        with serving.socket(f"/apps/{APP}/processes/{target}/exec", Command="echo $SERVICE", Tty="false") as socket:
            assert f"web\n{MARKER}:0\n" == read_all(socket)


def test_a_person_at_exec_has_a_terminal(serving: Driver) -> None:
    """Echo, a size, and Ctrl-C that ends what runs and not the shell; Ctrl-D, and it is over."""
    process = next(row["id"] for row in serving.rows(service="web") if row["id"].count("-") == 2)
    path = f"/apps/{APP}/processes/{process}/exec"

    with serving.socket(path, Command="sh", Height="30", Width="120") as socket:
        socket.send("stty size; sleep 60\r")
        seen = read_until(socket, "30 120\r\n")
        socket.send("\x03")
        socket.send("echo $SERVICE is $((6*7)); exit 3\r")
        seen += read_all(socket)
    with serving.socket(path, Command="cat") as socket:
        socket.send("line\r")
        read_until(socket, "line\r\nline\r\n")
        socket.send(b"")
        ended = read_all(socket)

    assert seen.startswith(("$ stty size", "# stty size", "stty size"))
    assert "web is 42\r\n" in seen
    assert seen.endswith(f"{MARKER}:3\n")
    assert ended.endswith(f"{MARKER}:0\n")


def read_until(socket: ClientConnection, end: str) -> str:
    text = ""
    while end not in text:
        text += str(socket.recv(timeout=10))
    return text


def test_a_terminal_that_is_left_is_closed(serving: Driver) -> None:
    """What ran at it is gone."""
    process = next(row["id"] for row in serving.rows(service="web") if row["id"].count("-") == 2)
    before = alive(serving)
    with serving.socket(f"/apps/{APP}/processes/{process}/exec", Command="sleep 600") as socket:
        serving.wait_for(lambda: before < alive(serving))
        socket.close()

    serving.wait_for(lambda: before == alive(serving))


def alive(rack: Driver) -> set[int]:
    return {child.pid for child in leftovers(rack.info.home)}


def test_exec_of_an_unknown_process_says_so_after_a_marker(serving: Driver) -> None:
    """Which is why the CLI exits 0 (recorded: exec-pid-notfound)."""
    with serving.socket(f"/apps/{APP}/processes/web-nope/exec", Command="ls") as socket:
        assert f'{MARKER}:0\nERROR: pods "web-nope" not found\n' == read_all(socket)


def test_logs_show_what_processes_said(serving: Driver) -> None:
    """By app, service or process; a filter picks lines."""
    process = serving.rows(service="web")[0]["id"]

    with serving.socket(f"/apps/{APP}/processes/{process}/logs", Follow="false", Prefix="true") as socket:
        lines = read_all(socket).splitlines()
    with serving.socket(f"/apps/{APP}/logs", Follow="false", Prefix="true", Filter="Status: Updating") as socket:
        filtered = read_all(socket)
    with serving.socket(f"/apps/{APP}/services/web/logs", Follow="false", Tail="1") as socket:
        tail = read_all(socket)

    assert [f"listening as {process}"] == [line.split(" ", 2)[2] for line in lines]
    assert filtered.endswith("system/k8s/atom/app Status: Updating => Running\n")
    assert 1 == tail.count("\n")


def test_a_prefix_is_wanted_of_an_app_and_refused_of_a_service(serving: Driver) -> None:
    """Time and source stand before a service's line unless they are not wanted; before an app's only if they are."""
    said = {}
    for path in (f"/apps/{APP}/logs", f"/apps/{APP}/services/web/logs"):
        for prefix in (None, "true", "false"):
            headers = {"Prefix": prefix} if prefix else {}
            with serving.socket(path, Follow="false", Filter="listening as", Tail="1", **headers) as socket:
                said[path.rpartition("/")[0], prefix] = read_all(socket).split(" ")

    app, service = f"/apps/{APP}", f"/apps/{APP}/services/web"
    assert 3 == len(said[app, None]) == len(said[app, "false"]) == len(said[service, "false"])
    assert 5 == len(said[app, "true"]) == len(said[service, None]) == len(said[service, "true"])
    assert said[app, "true"][2:] == said[app, None]


def test_old_lines_are_not_sent_again(serving: Driver) -> None:
    """`Since` bounds how far back a follower looks, so a CLI that reconnects does not repeat itself."""
    with serving.socket(f"/apps/{APP}/logs", Follow="false", Since="0.001s") as socket:
        assert "" == read_all(socket)


def test_logs_of_an_unknown_app_are_an_error_in_band(serving: Driver) -> None:
    """Text, then the end (2.9)."""
    with serving.socket("/apps/nope/logs", Follow="false") as socket:
        assert "ERROR: app not found: nope\n" == read_all(socket)


def test_a_promote_can_be_followed(serving: Driver) -> None:
    """The lines whose second field starts with `system/` are what `promote` prints (2.6)."""
    with serving.socket(f"/apps/{APP}/logs", Prefix="true", Since="1ms") as socket:
        serving.promote(serving.build())
        lines: list[str] = []
        while not lines or not lines[-1].endswith("=> Running\n"):
            lines.append(str(socket.recv(timeout=10)))

    told = [line.split(" ")[1] for line in lines]
    assert "system/k8s/atom/app" == told[0]
    assert any(source.startswith("service/web:R") for source in told)
