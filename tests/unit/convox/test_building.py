"""A build, and every way of losing sight of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.convox.building import builders_error
from deployer.convox.rack import ConvoxRack
from deployer.core.errors import (
    BuildFailed,
    BuildUnknown,
    Denied,
    NotFound,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
)
from deployer.core.models import Source
from deployer.core.names import ReleaseId, ShipId
from tests.unit.convox.scripted import Answer, ScriptedConvox, answer_of

SHIP = ShipId("20261124-014700-a1b2c3")
TITLE = "build 0123456789 first [ship 20261124-014700-a1b2c3]"
RELEASES = (
    f"ID           STATUS  BUILD        CREATED  DESCRIPTION\nRBBBBBBBBB1          BBBBBBBBBB1  now      {TITLE}\n"
)


def builds(status: str, release: str = "RBBBBBBBBB1", title: str = TITLE) -> str:
    header = "ID           STATUS    RELEASE      STARTED  ELAPSED  DESCRIPTION\n"
    other = "BCCCCCCCCC1  complete  RCCCCCCCCC1  now      1s       build somebody else's\n"
    return f"{header}{other}BBBBBBBBBB1  {status:8}  {release:11}  now      1s       {title}\n"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(str(tmp_path), "0123456789abcdef", "first")


def test_lines_come_as_they_are_told(rack: ConvoxRack, convox: ScriptedConvox, source: Source) -> None:
    """The log is on stderr, since stdout is for the id; each line arrives once, in order."""
    convox.says("build", answer_of("build-id")).says("builds", builds("complete")).says("releases", RELEASES)
    lines: list[str] = []

    release = rack.build(source, SHIP, lines.append)

    assert ReleaseId("RBBBBBBBBB1") == release.id
    assert ["Building: .", "Step 1/2 : FROM scratch", "Running: docker push"] == lines[3:6]
    assert f"build {source.path} --id -d {TITLE} -a myapp" == convox.lines[0]


def test_stamp_is_passed_to_a_dockerfile_that_takes_it(
    rack: ConvoxRack, convox: ScriptedConvox, source: Source
) -> None:
    """Then the image itself knows which ship it is from."""
    (Path(source.path) / "Dockerfile").write_text("FROM scratch\nARG DEPLOYER_STAMP=none\n")
    convox.says("build", answer_of("build-id")).says("builds", builds("complete")).says("releases", RELEASES)

    rack.build(source, SHIP, lambda _: None)

    assert "--build-args DEPLOYER_STAMP=20261124-014700-a1b2c3" in convox.lines[0]


def test_failed_build_says_the_builders_own_error(rack: ConvoxRack, convox: ScriptedConvox, source: Source) -> None:
    """`build failed` alone helps nobody."""
    log = "Starting build... OK\nBuilding: .\nERROR: validation errors:\nrequired env: KEY\nERROR: build failed\n"
    convox.says("build", Answer(stderr=log, status=1)).says("builds", builds("failed", ""))

    with pytest.raises(BuildFailed) as caught:
        rack.build(source, SHIP, lambda _: None)

    assert ("build BBBBBBBBBB1 failed", "validation errors: required env: KEY") == (caught.value.what, caught.value.why)
    assert "convox builds logs BBBBBBBBBB1 -a myapp" == caught.value.hint


def test_failed_build_is_failed_also_when_it_is_not_listed(
    rack: ConvoxRack, convox: ScriptedConvox, source: Source
) -> None:
    """The CLI has seen the status; only the id is missing then."""
    convox.says("build", answer_of("build-id-failed")).says("builds", answer_of("ps-403"))

    with pytest.raises(BuildFailed) as caught:
        rack.build(source, SHIP, lambda _: None)

    assert ("the build failed", "Running: docker push") == (caught.value.what, caught.value.why)


@pytest.mark.parametrize(
    "end",
    [
        answer_of("build-id-poll-500-once"),
        answer_of("build-id-server-down-poll"),
        answer_of("build-id-log-refused-500"),
        answer_of("build-id-unexpected-status"),
        Answer(stderr="Starting build... OK\nBuilding: .\n", signum=9),
        Answer(stderr="Starting build... OK\nBuilding: .\n"),
        Answer(stderr="Starting build... ERROR: etcdserver: request timed out\n", status=1),
        Answer(stderr="Starting build... ERROR: the moon is in the wrong place\n", status=1),
    ],
    ids=["poll-500", "server-down", "log-refused", "odd-status", "killed", "no-id", "create-500", "odd-words"],
)
def test_lost_build_is_found_again_and_watched(
    rack: ConvoxRack, convox: ScriptedConvox, source: Source, end: Answer
) -> None:
    """However the stream was lost: our build is known by the ship, still runs, and is then complete."""
    convox.says("build", end).says("builds", builds("running", ""), builds("complete")).says("releases", RELEASES)

    release = rack.build(source, SHIP, lambda _: None)

    assert ReleaseId("RBBBBBBBBB1") == release.id
    assert 1 == sum(line.startswith("build ") for line in convox.lines)


def test_odd_words_are_the_reason_where_no_build_is_there(
    hasty_rack: ConvoxRack, convox: ScriptedConvox, source: Source
) -> None:
    """No rule knows them, so the build was looked for; there is none, so they were a refusal."""
    convox.says("build", Answer(stderr="Starting build... ERROR: the moon is in the wrong place\n", status=1))
    convox.says("builds", answer_of("builds-empty"))

    with pytest.raises(RefusedByRack, match="the moon is in the wrong place"):
        hasty_rack.build(source, SHIP, lambda _: None)


def test_somebody_elses_newer_build_is_not_adopted(
    hasty_rack: ConvoxRack, convox: ScriptedConvox, source: Source
) -> None:
    """Never "the newest": without our ship's id in a description there is no build of ours."""
    other = builds("complete", title="build 0123456789 first [ship 20261124-014700-ffffff]")
    convox.says("build", answer_of("build-id-poll-500-once")).says("builds", other)

    with pytest.raises(BuildUnknown):
        hasty_rack.build(source, SHIP, lambda _: None)


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("build-id-401", "Unauthorised"),
        ("build-id-403", "Denied"),
        ("build-id-app-notfound", NotFound.__name__),
        ("build-id-refused", RackUnreachable.__name__),
        ("build-id-upload-500", ServerFault.__name__),
        ("build-id-nodir", "RefusedByRack"),
    ],
)
def test_build_that_never_began_is_not_looked_for(
    rack: ConvoxRack, convox: ScriptedConvox, source: Source, case: str, error: str
) -> None:
    """The rack was not asked, or said no: the reason is the answer."""
    convox.says("build", answer_of(case))

    with pytest.raises(Exception, match="convox build") as caught:
        rack.build(source, SHIP, lambda _: None)

    assert error == type(caught.value).__name__
    assert 1 == len(convox.calls)


def test_build_that_cannot_be_looked_for_is_unknown(
    hasty_rack: ConvoxRack, convox: ScriptedConvox, source: Source
) -> None:
    """A build that began, and then a rack that denies the list: it may still finish."""
    convox.says("build", answer_of("build-id-poll-500-once")).says("builds", answer_of("ps-403"))

    with pytest.raises(BuildUnknown) as caught:
        hasty_rack.build(source, SHIP, lambda _: None)

    assert Denied.__name__ in repr(caught.value) or "may not do this" in caught.value.why


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Building: .\nERROR: no space left on device\nERROR: build failed\n", "no space left on device"),
        (
            '#5 ERROR: process "/bin/sh -c false" did not complete\nERROR: build failed\n',
            'process "/bin/sh -c false" did not complete',
        ),
        ("Packaging source... OK\nStarting build... OK\nthe last words\nERROR: build failed\n", "the last words"),
        ("Packaging source... OK\nStarting build... OK\nERROR: build failed\n", ""),
        ("", ""),
    ],
)
def test_builders_error_is_its_last_own_word(log: str, said: str) -> None:
    """The CLI's own `build failed` and its progress are not the builder's."""
    assert said == builders_error(log)


class TestABuildThatWasLeft:
    def test_it_is_waited_for(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Found by its description among others, and asked for until it is over."""
        convox.says("builds", builds("running", ""), builds("running", ""), builds("complete")).says(
            "releases", RELEASES
        )

        assert ReleaseId("RBBBBBBBBB1") == rack.find_build(SHIP).id

    def test_it_failed(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Where its log is, is said."""
        convox.says("builds", builds("failed", ""))

        with pytest.raises(BuildFailed) as caught:
            rack.find_build(SHIP)
        assert "convox builds logs BBBBBBBBBB1 -a myapp" == caught.value.hint

    def test_it_never_began(self, rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """Nobody else's build is taken for it, the newest least of all."""
        convox.says("builds", builds("complete", title="build another [ship 20261124-014700-ffffff]"))

        with pytest.raises(NotFound):
            rack.find_build(SHIP)

    def test_nobody_can_tell(self, hasty_rack: ConvoxRack, convox: ScriptedConvox) -> None:
        """A list that cannot be read is no list without it."""
        convox.says("builds", Answer(status=1, stderr="ERROR: response status 503\n"))

        with pytest.raises(BuildUnknown):
            hasty_rack.find_build(SHIP)
