"""What `ConvoxRack` reads, with a real child process in the place of the CLI."""

from __future__ import annotations

import signal

import psutil
import pytest

from deployer.convox.rack import ConvoxRack
from deployer.core.errors import Denied, Garbled, Interrupted, NotFound, ServerFault, Unauthorised
from deployer.core.models import Port, RackInfo, Service
from deployer.core.names import BuildId, RackName, ReleaseId, ServiceName
from deployer.engine.clock import SystemClock
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

R0, R1 = ReleaseId("RAAAAAAAAA0"), ReleaseId("RAAAAAAAAA1")


def test_rack_is_known_by_its_own_name_and_the_cli_by_its_version(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """The rack that answers names itself, whatever it was called by."""
    convox.says("rack", answer_of("rack")).says("--version", "3.24.9\n")

    info = rack.info()

    assert RackInfo(RackName("lab"), "3.24.9", "3.24.9", "aws") == info


def test_version_of_the_cli_is_known_without_a_rack(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """The CLI tells it by itself: nobody gets to see a credential."""
    convox.says("--version", "3.24.9\n")

    assert "3.24.9" == rack.cli_version()


def test_cli_without_a_version_is_an_error(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """Something else is called convox here."""
    convox.says("--version", Answer("hello\n"))

    with pytest.raises(Garbled, match="convox --version: no version in the answer"):
        rack.info()


def test_reads_are_the_commands_that_a_person_would_type(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """Credentials are granted by command, so each read is the plain one, for the app by name."""
    convox.says("ps", answer_of("ps")).says("apps info", answer_of("apps-info-a"))
    convox.says("releases", answer_of("releases")).says("env", answer_of("env"))
    convox.says("builds info", answer_of("builds-info"))

    rack.processes()
    rack.app()
    rack.releases(3)
    rack.environment(R1)
    rack.build_info(BuildId("BAAAAAAAAA1"))

    assert [
        "ps -a myapp",
        "apps info myapp -a myapp",
        "releases --limit 3 -a myapp",
        "env --release RAAAAAAAAA1 -a myapp",
        "builds info BAAAAAAAAA1 -a myapp",
    ] == convox.lines


def test_a_release_is_asked_for_its_env_once(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A release never changes."""
    convox.says("env", answer_of("env"))

    first, second = rack.environment(R1), rack.environment(R1)

    assert first is second
    assert 1 == len(convox.calls)


def test_a_transient_failure_is_read_again(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """One 503 in between is not an answer."""
    convox.says("ps", answer_of("ps-503-html"), answer_of("ps"))

    rows = rack.processes()

    assert 2 == len(rows)
    assert 2 == len(convox.calls)


def test_a_denial_is_not_tried_again(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A credential that may not do this will not be allowed to by asking more often."""
    convox.says("ps", answer_of("ps-403"))

    with pytest.raises(Denied):
        rack.processes()

    assert 1 == len(convox.calls)


def test_a_rack_in_trouble_is_said_to_be_so(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """After some tries the last error is what the caller gets, without the page's tags."""
    convox.says("ps", answer_of("ps-503-html"))

    with pytest.raises(ServerFault) as caught:
        rack.processes()

    assert "503 Service Temporarily Unavailable" == caught.value.why


def test_an_app_that_is_not_there_is_not_an_empty_app(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """`ps` of a missing app is an empty table with status 0, and a line on stderr that gives it away."""
    convox.says("ps", answer_of("ps-app-notfound", file="rack-cases.jsonl"))

    with pytest.raises(NotFound) as caught:
        rack.processes()

    assert "convox apps create myapp" == caught.value.hint


def test_rows_that_do_not_fit_are_asked_for_as_json(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """Where the text cannot be trusted, `api get` decides."""
    broken = answer_of("ps").stdout.replace("  web      running", " web      running")
    convox.says("ps", broken).says("api get /apps/myapp/processes", answer_of("api-get-processes"))

    rows = rack.processes()

    assert ["web-5d9c7b6f4-abcde", "web-5d9c7b6f4-fghij"] == [row.id for row in rows]


def test_rows_that_do_not_fit_are_an_error_where_json_is_denied(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """And never an empty list."""
    broken = answer_of("ps").stdout.replace("  web      running", " web      running")
    convox.says("ps", broken).says("api get", answer_of("ps-403"))

    with pytest.raises(Garbled):
        rack.processes()


def test_desired_counts_come_from_the_api(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """One call tells domains, ports and how many replicas there should be."""
    convox.says(
        "api get /apps/myapp/services",
        '[{"name":"web","domain":"web.lab","count":2,"ports":[{"balancer":443,"certificate":"","container":8000}]}]\n',
    )

    services = rack.services()

    assert (Service(ServiceName("web"), "web.lab", (Port(443, 8000),), 2),) == services


def test_desired_counts_come_from_texts_where_the_api_is_denied(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A key that may not `api get` may still `services` and `scale`; the denial is asked for once."""
    convox.says("api get", answer_of("ps-403")).says("services", answer_of("services")).says(
        "scale", answer_of("scale")
    )

    rack.services()
    services = rack.services()

    domain = "web.myapp.router.0a1b2c3d4e5f.convox.cloud"
    assert (Service(ServiceName("web"), domain, (Port(443, 3000),), 2),) == services
    assert 1 == sum(line.startswith("api get") for line in convox.lines)


def test_manifest_of_a_release_is_read(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """The manifest that counts is the one the build took along."""
    convox.says("releases manifest", answer_of("manifest"))

    manifest = rack.manifest(R1)

    assert [("web", 3000)] == [(service.name, service.port) for service in manifest.services]


def test_tick_reads_run_side_by_side(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """Neither child waits for the other's end: each here ends only once the other has begun."""
    ps, app = answer_of("ps").stdout, answer_of("apps-info-a").stdout
    convox.says("ps", Answer(ps, meets="apps")).says("apps info", Answer(app, meets="ps"))

    reads = rack.start_reads().collect()

    assert (2, R1, ()) == (len(reads.processes or ()), reads.app and reads.app.release, reads.trouble)


def test_tick_keeps_what_it_could_read(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A read that failed is None and named; the tick does not try again."""
    convox.says("ps", answer_of("ps-drop")).says("apps info", answer_of("apps-info-a"))

    reads = rack.start_reads().collect()

    assert reads.processes is None
    assert reads.app is not None
    assert not reads.is_denied
    assert 1 == len(reads.trouble)
    assert 2 == len(convox.calls)


def test_tick_asks_for_json_when_rows_do_not_fit(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A command with a table of its own in it must not blind the watch."""
    broken = answer_of("ps").stdout.replace("  web      running", " web      running")
    convox.says("ps", broken).says("apps info", answer_of("apps-info-a"))
    convox.says("api get /apps/myapp/processes", answer_of("api-get-processes"))

    reads = rack.start_reads().collect()

    assert 2 == len(reads.processes or ())


def test_tick_without_a_cli_is_a_tick_in_trouble(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """A CLI that vanishes in the middle of a watch must not end the watch."""
    convox.path.unlink()

    reads = rack.start_reads().collect()

    assert (None, None) == (reads.app, reads.processes)
    assert 2 == len(reads.trouble)


def test_tick_says_when_the_credential_is_the_trouble(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """Three denied reads in a row are a verdict, so a denial is told from a failure."""
    convox.says("ps", answer_of("ps-401")).says("apps info", answer_of("ps-401"))

    reads = rack.start_reads().collect()

    assert reads.is_denied


def test_tick_counts_restarts_where_it_is_asked_to(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """In the words of a recorded `deploy-debug`, which nothing else of the tick waits for."""
    convox.says("ps", answer_of("ps")).says("apps info", answer_of("apps-info-a"))
    convox.says("deploy-debug", answer_of("deploy-debug-flags"))

    reads = rack.start_reads(with_restarts=True).collect()

    assert {"web-6f4-11111": 3} == reads.restarts


@pytest.mark.parametrize("refusal", ["deploy-debug-404-route", "ps-401", "ps-drop"])
def test_tick_without_a_count_of_restarts_is_no_tick_in_trouble(
    rack: ConvoxRack, convox: ScriptedConvox, refusal: str
) -> None:
    """A rack before 3.24.0 cannot tell, and a credential that may not ask it is no reason to lose sight."""
    convox.says("ps", answer_of("ps")).says("apps info", answer_of("apps-info-a"))
    convox.says("deploy-debug", answer_of(refusal))

    reads = rack.start_reads(with_restarts=True).collect()

    assert (None, (), False) == (reads.restarts, reads.trouble, reads.is_denied)


def is_at_work(child: psutil.Process, convox: ScriptedConvox) -> bool:
    """One that has ended, and is not reaped yet, is not."""
    try:
        return str(convox.path) in child.cmdline()
    except psutil.NoSuchProcess:
        return False


def test_interrupted_tick_leaves_no_child(rack: ConvoxRack, convox: ScriptedConvox, clock: SystemClock) -> None:
    """The reads of a tick end with it."""
    convox.says("ps", Answer(seconds=30)).says("apps info", Answer(seconds=30)).says("deploy-debug", Answer(seconds=30))
    pending = rack.start_reads(with_restarts=True)
    clock.interrupt(signal.SIGTERM)
    began_s = clock.now_s()

    with pytest.raises(Interrupted):
        pending.collect()

    assert 3.0 > clock.now_s() - began_s
    assert not [each for each in psutil.Process().children(recursive=True) if is_at_work(each, convox)]


def test_an_expired_credential_is_named(rack: ConvoxRack, convox: ScriptedConvox) -> None:
    """With the command that makes a new one."""
    expired = Answer(stderr="ERROR: invalid authentication: token is expired\n", status=1)
    convox.says("apps info", expired)

    with pytest.raises(Unauthorised) as caught:
        rack.app()

    assert "convox apps info: the rack credential has expired" == caught.value.what
