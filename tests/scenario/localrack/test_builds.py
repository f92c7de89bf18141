"""A build unpacks, reads, records; and says what is wrong as the rack does (convox-facts 2.5, 7, 10.1)."""

from __future__ import annotations

import io
import tarfile

import pytest

from tests.scenario.localrack.harness import APP, MANIFEST, SERVER, SOURCE, Driver, pack

pytestmark = pytest.mark.rack


def log_of_failed(rack: Driver, files: dict[str, str] | bytes, **form: str) -> str:
    build = rack.start_build(files, **form)
    log = rack.build_log(build)
    answer = rack.get(f"/apps/{APP}/builds/{build}")
    assert ("failed", "") == (answer["status"], answer["release"])
    return log


def test_a_build_makes_a_release_and_its_log_can_be_read_twice(shared: Driver) -> None:
    """The CLI reads the log to its end and then once more (2.5)."""
    build = shared.start_build(SOURCE, description="build 0123456789 first", **{"git-sha": "abc"})

    log = shared.build_log(build)

    assert log.startswith("Building: web from .\n")
    assert log == shared.build_log(build)
    answer = shared.get(f"/apps/{APP}/builds/{build}")
    assert ("complete", "build 0123456789 first", "abc") == (
        answer["status"],
        answer["description"],
        answer["git-sha"],
    )
    assert MANIFEST == shared.get(f"/apps/{APP}/releases/{answer['release']}")["manifest"]


def test_required_env_that_is_missing_fails_the_build(shared: Driver) -> None:
    """The words of a real build log (10.1)."""
    log = log_of_failed(shared, {**SOURCE, "convox.yml": f"environment: [TOKEN]\n{MANIFEST}"})

    assert "ERROR: validation errors:\nrequired env: TOKEN\n" == log


def test_a_build_arg_counts_as_env(shared: Driver) -> None:
    """The manifest is checked with the newest env and the build args (7)."""
    files = {**SOURCE, "convox.yml": f"environment: [TOKEN]\n{MANIFEST}"}

    assert shared.build(files, **{"build-args": "TOKEN=x,OTHER=y"})


def test_a_source_without_a_manifest(shared: Driver) -> None:
    """No convox.yml, or one elsewhere by name."""
    assert "ERROR: no such file: convox.yml\n" == log_of_failed(shared, {"app.py": SERVER})
    assert shared.build({"other.yml": MANIFEST, "app.py": SERVER}, manifest="other.yml")


def test_a_service_that_nothing_could_start(shared: Driver) -> None:
    """Neither a command nor a Dockerfile with one."""
    log = log_of_failed(shared, {"convox.yml": "services:\n  web:\n    port: 1\n"})

    assert log.endswith("ERROR: service web has no command in convox.yml and no Dockerfile\n")


def test_what_is_no_archive(shared: Driver) -> None:
    """Bytes that are no tar.gz."""
    assert "ERROR: the source is no tar.gz" in log_of_failed(shared, b"nonsense")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped"])
def test_an_archive_never_writes_outside_its_folder(shared: Driver, name: str) -> None:
    """Neither upwards nor absolute; a leading slash is cut off, the rest refused."""
    build = shared.start_build(pack({**SOURCE, name: "x"}))
    shared.build_log(build)

    root = shared.info.home
    assert [] == [path for path in root.parent.rglob("escaped") if not path.match("sources/*/source/tmp/escaped")]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc/passwd"])
def test_an_archive_has_no_links_that_lead_out(shared: Driver, target: str) -> None:
    """Symbolic links out of the source are refused."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, target
        tar.addfile(link)

    assert "ERROR: the source is refused" in log_of_failed(shared, buffer.getvalue())


def test_the_dockerfile_says_what_to_start(rack: Driver) -> None:
    """No command in the manifest: CMD of the last stage, with its ENV and the build args (2.5)."""
    dockerfile = 'FROM python AS base\nARG STAMP\nENV APP_STAMP=$STAMP\nFROM base\nCMD ["python", "-S", "app.py"]\n'
    files = {
        "convox.yml": MANIFEST.replace("    command: python -S app.py\n", ""),
        "app.py": SERVER.replace('"RACK")', '"APP_STAMP")'),
        "Dockerfile": dockerfile,
    }

    rack.promote(rack.build(files, **{"build-args": "STAMP=s123"}))
    rack.wait_for(lambda: ["running", "running"] == [row["status"] for row in rack.rows()])

    assert "s123" in rack.http.get(rack.front_door, auth=None).text
