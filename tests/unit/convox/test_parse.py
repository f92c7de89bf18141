"""Tables, blocks and ids: read for certain or not at all."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox import parse
from deployer.core.errors import Garbled
from deployer.core.models import App, Build, Port, Process
from deployer.core.names import AppName, BuildId, ProcessId, ReleaseId, ServiceName
from tests.unit.convox.scripted import recorded

PS = "ID         SERVICE  STATUS           RELEASE      STARTED     COMMAND\n"
ROW = "web-1-abc  web      running          RAAAAAAAAA1  1 hour ago  bin/web\n"


def out(name: str, **kwargs: str) -> str:
    return str(recorded(name, **kwargs)["stdout"])  # type: ignore[arg-type]


class TestTable:
    def test_cells_may_be_blank_or_hold_blanks(self) -> None:
        """Rows are cut at the header's offsets, not at white space."""
        releases = parse.releases(out("releases"))

        assert [
            ("RAAAAAAAAA1", "BAAAAAAAAA1", True, "build 0123456789 first"),
            ("RAAAAAAAAA0", "BAAAAAAAAA0", False, "older"),
        ] == [(each.id, each.build, each.is_active, each.description) for each in releases]

    def test_columns_that_are_not_known_are_passed_over(self) -> None:
        """Newer CLIs add columns."""
        text = "SERVICE  NLB PORTS  DOMAIN  COLD  PORTS\nweb      5000       web.x   yes   443:8000 80:8000\n"

        (service,) = parse.services(text)

        assert ("web.x", (Port(443, 8000), Port(80, 8000))) == (service.domain, service.ports)

    def test_offsets_are_code_points(self) -> None:
        """Wide and combined characters are padded by their number, not by their width."""
        text = "SERVICE  DOMAIN  PORTS\n日本語      d.x     443:1\n"

        (service,) = parse.services(text)

        assert ("日本語", "d.x", (Port(443, 1),)) == (service.name, service.domain, service.ports)

    def test_no_rows_is_no_rows(self) -> None:
        """A header alone is an answer."""
        assert () == parse.processes(out("ps-empty"))

    @pytest.mark.parametrize("text", ["", "\n", "nonsense\n", "ID  STATUS\n", "convox ps    list processes\n", "[]\n"])
    def test_another_layout_is_no_table(self, text: str) -> None:
        """Never an empty list for something that could not be read."""
        with pytest.raises(Garbled):
            parse.processes(text)

    def test_text_that_was_cut_short_is_no_table(self) -> None:
        """A row that is missing its end may hide another."""
        with pytest.raises(Garbled, match="cut short"):
            parse.processes(PS + ROW + ROW.rstrip("\n"))

    def test_remarks_before_the_header_are_passed_over(self) -> None:
        """Other parts of the CLI print to stdout as well (convox-facts 1.1)."""
        rows = parse.processes("err: terraform: not found\nwaring: using http inscure mode\n" + PS + ROW)

        assert ["web-1-abc"] == [row.id for row in rows]

    def test_newline_in_a_command_is_part_of_it(self) -> None:
        """The row goes on in the next line, which is no row."""
        text = PS + ROW.replace("bin/web", "sh -c 'first") + "second\n\n  third && x  y'\n" + ROW

        rows = parse.processes(text)

        assert ["web-1-abc", "web-1-abc"] == [row.id for row in rows]

    def test_row_that_does_not_fit_is_not_dropped(self) -> None:
        """An old replica that nobody sees would prove a release that is not proven."""
        shifted = ROW.replace("web-1-abc  ", "web-1-abc-longer  ")

        with pytest.raises(Garbled, match="does not fit"):
            parse.processes(PS + ROW + shifted)

    def test_colours_of_a_terminal_are_taken_off(self) -> None:
        """They come around whole rows."""
        assert parse.processes(out("ps")) == parse.processes(out("tty-ps"))


class TestProcesses:
    def test_budget_suffix_is_not_the_status(self) -> None:
        """`running at-cap` is running (convox-facts 2.9)."""
        (row,) = parse.processes(PS + ROW.replace("running       ", "running at-cap"))

        assert Process(ProcessId("web-1-abc"), ServiceName("web"), "running", ReleaseId("RAAAAAAAAA1")) == row

    def test_mid_rollout_rows_keep_their_own_release(self) -> None:
        """Old and new side by side, as the real rack showed them."""
        rows = parse.processes(out("ps-crash", file="rack-cases.jsonl"))

        assert ["running", "crashed", "crashed"] == [row.status for row in rows]
        assert ["RFFTEQBZKSU", "RQHVVSWSUEZ", "RQHVVSWSUEZ"] == [row.release for row in rows]

    def test_blank_status_and_release_are_unknown(self) -> None:
        """And so never count as a replica of the release."""
        (row,) = parse.processes(PS + ROW.replace("running", "       ").replace("RAAAAAAAAA1", "           "))

        assert ("unknown", "") == (row.status, row.release)


class TestBlocks:
    def test_app_is_read(self) -> None:
        """Name, status, release and generation."""
        assert App(AppName("myapp"), "running", ReleaseId("RAAAAAAAAA1"), "3") == parse.app(out("apps-info-a"))

    def test_app_without_a_release_has_none(self) -> None:
        """A new app, or a first deploy that was taken back."""
        app = parse.app("Name        myapp\nStatus      running\nGeneration  3\nLocked      false\nRelease     \n")

        assert app.release is None

    def test_continued_values_are_not_keys(self) -> None:
        """Values of several lines go on indented."""
        block = parse.info("Id   x\nEnv  A=1\n     Status=2\nStatus  real\n", "Id", "Status")

        assert "real" == block["Status"]

    def test_build_that_failed_has_no_release(self) -> None:
        """Its RELEASE is blank in the list (convox-facts 2.12)."""
        builds = parse.builds(out("builds"))

        assert Build(BuildId("BAAAAAAAAA0"), "failed", None, "older") == builds[1]

    @pytest.mark.parametrize("text", ["", "nothing\n", "Name  x\n", "NAME  STATUS\n"])
    def test_block_without_its_keys_is_garbled(self, text: str) -> None:
        """An app without a status is not an app that is not running."""
        with pytest.raises(Garbled):
            parse.app(text)


class TestEnvironment:
    def test_values_are_verbatim(self) -> None:
        """Split at the first `=`; blanks, quotes and other line ends belong to the value."""
        text = 'A=b=c\nB= "x" \nC=\nD=a\u2028b\x0bc\x85d\n'

        environment = parse.environment(text)

        values = {key: secret.reveal() for key, secret in environment.items()}
        assert {"A": "b=c", "B": ' "x" ', "C": "", "D": "a\u2028b\x0bc\x85d"} == values

    def test_empty_env_is_an_empty_line(self) -> None:
        """Nothing at all is not an env (convox-facts 2.2)."""
        assert 0 == len(parse.environment(out("env-empty-releases")))
        with pytest.raises(Garbled):
            parse.environment("")

    def test_what_is_not_readable_is_not_shown(self) -> None:
        """It may be a value."""
        with pytest.raises(Garbled) as caught:
            parse.environment("A=1\ns3cret-line\n")

        assert "line 2 is not KEY=value" == caught.value.why
        assert "s3cret" not in f"{caught.value!r}{caught.value.__dict__}"


class TestIds:
    @pytest.mark.parametrize("text", ["RBBBBBBBBB1", "RBBBBBBBBB1\n"])
    def test_id_stands_alone(self, text: str) -> None:
        """`--id` prints it without a newline."""
        assert "RBBBBBBBBB1" == parse.release_id(text)

    @pytest.mark.parametrize("text", ["", "Release: RBBBBBBBBB1", "RBB RCC", "rbbbbbbbbb1", "R", "RBBBBBBBBB\u0661"])
    def test_anything_else_is_no_id(self, text: str) -> None:
        """Not even digits of another script."""
        with pytest.raises(Garbled):
            parse.release_id(text)

    def test_copy_is_named_in_its_story(self) -> None:
        """`create-from` has no `--id`."""
        assert "RBBBBBBBBB1" == parse.created_release(out("create-from-ids"))

    def test_versions(self) -> None:
        """The CLI's own, by itself or as half of an answer."""
        assert ["3.24.9"] * 3 == [
            parse.client_version(out(name)) for name in ("version", "version-no-rack", "version-refused")
        ]
        assert "3.24.9" == parse.client_version("3.24.9\n")

    @pytest.mark.parametrize("name", ["unknown-command", "noargs", "help", "ps-help"])
    def test_help_is_known(self, name: str) -> None:
        """The CLI prints it with status 0 when it does not know a command."""
        assert parse.is_help(out(name))

    @pytest.mark.parametrize("text", ["", "convox is great\n", "A=convox ps    x\n", PS])
    def test_other_texts_are_no_help(self, text: str) -> None:
        """A value may begin with the word."""
        assert not parse.is_help(text)


# Pieces that real answers are made of, and pieces that break them.
WORDS = "ID SERVICE STATUS RELEASE COMMAND Name Status Id web-1-abc running RAAAAAAAAA1 B1 = A=1 日本 [bold]"
BREAKS = [*" \n\t\r\u0661\ufffd\u2028", "  ", "\x1b[31m", "\x1b]0;"]
PIECES = st.sampled_from([*WORDS.split(" "), *BREAKS, PS, ROW])
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))
READERS = [
    parse.app,
    parse.build,
    parse.builds,
    parse.client_version,
    parse.created_release,
    parse.desired_counts,
    parse.environment,
    parse.processes,
    parse.release_id,
    parse.releases,
    parse.services,
]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(text=TEXTS)
def test_no_text_breaks_a_parser(read: object, text: str) -> None:
    """Whatever comes is read or Garbled; no other exception gets out."""
    assert callable(read)

    try:
        read(text)
    except Garbled as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize(
    "piece", ["a", " ", "\n", "=", "A ", "\x1b[1", "web  ", "client: ", f"{ROW}\n", "1:", "convox a  "]
)
def test_megabyte_of_anything_takes_a_moment(read: object, piece: str) -> None:
    """No pattern of ours goes over a text again and again; a thousand rows and more are read."""
    assert callable(read)
    text = PS + piece * (2**20 // len(piece)) + "\n"
    began_s = time.process_time()

    with suppress(Garbled):
        read(text)
    with suppress(Garbled):
        read(text.removeprefix(PS))

    assert 2.0 > time.process_time() - began_s


@given(text=TEXTS)
def test_no_row_is_made_up(text: str) -> None:
    """What `ps` is read as stands in what was printed."""
    try:
        rows = parse.processes(PS + text)
    except Garbled:
        return

    assert len(rows) <= text.count("\n")
    assert all(row.id in text and row.service in text and row.release in text for row in rows)
