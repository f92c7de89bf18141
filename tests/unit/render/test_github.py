from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from urllib.parse import quote, unquote

from deployer.core.events import BuildLine, CommandLine, Ended, Event, Planned, Said
from deployer.core.redact import Secret
from deployer.core.verdict import Verdict
from deployer.render.github import Github
from deployer.render.markdown import code
from tests.unit.render.runs import A_PLAN, NEW, OLD, Wall, a_look, doomed_ship, good_ship

IN_ACTIONS = {"GITHUB_ACTIONS": "true"}
HOSTILE = "::set-output name=x::1\n  ::error::forged\n##[add-mask]x\n::stop-commands::mine\nx ##[warning]y ::T1::"


@dataclass
class Runner:
    """
    Reads a step's output as GitHub's runner does: `::name key=value::data` after blanks at the start of a line, and
    `##[name]data` anywhere in one; nothing between a stop and its token. Source: actions/runner, ActionCommand.cs.
    """

    commands: list[tuple[str, str, str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    stopped_by: str = ""

    def read(self, text: str) -> Runner:
        for each in text.splitlines():
            self._line(each)
        return self

    def _line(self, text: str) -> None:
        found = re.match(r"\s*::(?P<name>[^ :]+)(?: (?P<told>[^:]*))?::(?P<data>.*)", text)
        old = re.search(r"##\[(?P<name>[a-z-]+)(?P<told>)\](?P<data>.*)", text)
        if self.stopped_by:
            if found and found["name"] == self.stopped_by:
                self.stopped_by = ""
            else:
                self.shown.append(text)
        elif found and found["name"] == "stop-commands":
            self.stopped_by = found["data"]
        elif command := found or old:
            self.commands.append((command["name"], unquote(command["told"] or ""), unquote(command["data"])))
        else:
            self.shown.append(text)

    def named(self, name: str) -> list[str]:
        return [data for each, _, data in self.commands if each == name]


def render(*events: Event, environ: dict[str, str] | None = None, secrets: tuple[str, ...] = ()) -> Runner:
    """What the runner makes of a run."""
    out, tokens = io.StringIO(), count(1)
    renderer = Github(out, IN_ACTIONS if environ is None else environ, None, Wall().now, lambda: f"T{next(tokens)}")
    renderer.add_masks(Secret(each) for each in secrets)
    for event in events:
        renderer.record(event)
    renderer.close()
    return Runner().read(out.getvalue())


def events_of(run: tuple[tuple[float, Event], ...]) -> list[Event]:
    return [event for _, event in run]


def test_a_release_command_has_a_fold_of_its_own() -> None:
    """What a migration wrote is not looked for in the build's log."""
    runner = render(BuildLine("Step 1"), Said("command", "migrate, in api"), CommandLine("Running upgrade"))

    assert ["build log", "", "command log", ""] == [title for _, _, title in runner.commands]


def test_the_story_is_told_and_the_builds_log_is_folded_away() -> None:
    """One group around the build's lines; no annotation when all is well."""
    runner = render(*events_of(good_ship()))

    assert [("group", "", "build log"), ("endgroup", "", "")] == runner.commands
    assert any("shipped   RCDEFGHIJKL serves" in each for each in runner.shown)
    assert any("| Step 9/9" in each for each in runner.shown)
    assert "" == runner.stopped_by


def test_nothing_that_is_relayed_is_a_command() -> None:
    """Build logs, rack states, reasons and commit subjects are shown and never obeyed, in any form of a command."""
    plan = replace(A_PLAN, actor=HOSTILE, warnings=())
    runner = render(
        Planned(plan),
        BuildLine("::error::forged"),
        *(BuildLine(each) for each in HOSTILE.splitlines()),
        a_look(4, 4, rack=HOSTILE),
        Said("back", HOSTILE),
        Ended(Verdict.SHIPPED, NEW, "RNEW, " + HOSTILE, hints=(HOSTILE,)),
    )

    assert [("group", "", "build log"), ("endgroup", "", "")] == runner.commands


def test_each_stop_has_a_token_of_its_own() -> None:
    """What was relayed may have seen the last one."""
    out = io.StringIO()
    renderer = Github(out, IN_ACTIONS)

    for each in (Said("env", "one"), BuildLine("two"), Said("build", "three")):
        renderer.record(each)
    renderer.close()

    tokens = re.findall(r"::stop-commands::(.+)", out.getvalue())
    assert 3 == len(set(tokens))
    assert all(len(each) >= 32 for each in tokens)


def test_a_bad_end_is_an_error_on_the_run_with_all_that_matters() -> None:
    """Verdict, what serves, why, what next: as much as a person sees who does not open the log."""
    runner = render(*events_of(doomed_ship()))

    (error,) = [each for each in runner.commands if each[0] == "error"]
    assert "title=deployer: rolled-back" == error[1]
    assert error[2].startswith(f"{OLD} serves, as before")
    assert "all 2 new processes of api crash at start" in error[2]
    assert "fix LOG_LEVEL" in error[2]


def test_warnings_are_annotations() -> None:
    """Those of the plan and those of the story."""
    plan = replace(A_PLAN, warnings=("50% of\nthe env: staged",))

    runner = render(Planned(plan), Said("lock", "kept here only", is_warning=True))

    assert ["50% of\nthe env: staged", "kept here only"] == runner.named("warning")


def test_an_annotation_is_escaped_as_the_runner_reads_it() -> None:
    """Percent signs and line breaks in its text; colons and commas in its properties too."""
    out = io.StringIO()
    renderer = Github(out, IN_ACTIONS)

    renderer.record(Ended(Verdict.LEFT_BAD, NEW, "RNEW, failing", why="50% bad"))

    assert "::error title=deployer%3A left-bad::RNEW is active, failing%0Awhy:      50%25 bad\n" in out.getvalue()


def test_masks_cover_each_line_of_a_value_and_its_other_forms() -> None:
    """The runner blanks exact matches only; what is derived from a secret it does not know."""
    secret = "p@ss word/1\nsecond&line"

    masked = render(secrets=(secret,)).named("add-mask")

    for each in secret.splitlines():
        assert each in masked
        assert base64.b64encode(each.encode()).decode() in masked
        assert quote(each, safe="") in masked
    assert base64.b64encode(secret.encode()).decode() in masked


def test_no_mask_has_a_line_break_or_blanks_normal_words() -> None:
    """Of several lines the runner makes a mask each: one for `}` or `no` would blank half the log."""
    masked = render(secrets=("no", '{\n  "key": "long-enough"\n}', "        ", "")).named("add-mask")

    assert '  "key": "long-enough"' in masked
    assert [] == [each for each in masked if "\n" in each or len(each.strip()) < 4]


def test_masks_come_before_anything_else() -> None:
    """A mask works from then on only."""
    out = io.StringIO()
    renderer = Github(out, IN_ACTIONS)

    renderer.add_masks([Secret("hunter2-hunter2")])
    renderer.record(Said("env", "1 key set"))

    assert out.getvalue().startswith("::add-mask::hunter2-hunter2\n")


def test_anywhere_else_a_mask_would_print_the_secret() -> None:
    """`--output github` on a laptop, or in another CI, masks nothing and prints nothing."""
    runner = render(environ={"CI": "true"}, secrets=("hunter2-hunter2",))

    assert ([], []) == (runner.commands, runner.shown)


def test_outputs_are_for_the_steps_that_follow(tmp_path: Path) -> None:
    """Verdict, release, exit status and where a report lies; added to what others wrote."""
    path = tmp_path / "output"
    path.write_text("mine=1\n")

    render(*events_of(good_ship()), environ={**IN_ACTIONS, "GITHUB_OUTPUT": str(path)})

    assert f"mine=1\nverdict=shipped\nrelease={NEW}\nexit-status=0\nincident=\n" == path.read_text()


def test_the_summary_tells_a_run_to_who_does_not_open_the_log(tmp_path: Path) -> None:
    """Verdict, what serves, what was shipped and the story."""
    path = tmp_path / "summary"

    render(*events_of(doomed_ship()), environ={**IN_ACTIONS, "GITHUB_STEP_SUMMARY": str(path)})

    text = path.read_text()
    assert text.startswith("### rolled-back: ` myapi on acme/production `\n")
    assert f"{OLD} serves, as before; no error among 96 health answers" in text
    assert "| since the promote | ` no error among 96 health answers ` |" in text
    assert "| exit status | ` 20 ` |" in text
    assert "| env | ` + PINECONE_API_KEY  ~ OPENAI_API_KEY ` |".replace("  ~", " ~") in text
    assert "12:00:00  promote   RCDEFGHIJKL" in text


def test_markdown_of_others_stays_text(tmp_path: Path) -> None:
    """No HTML, link, mention or table cell of theirs gets out of its code."""
    path = tmp_path / "summary"
    nasty = "x ``` ` </details> <script> | @team https://evil.example\n```\n# Big"
    plan = replace(A_PLAN, actor=nasty)

    render(
        Planned(plan),
        Said("env", nasty),
        Ended(Verdict.LEFT_BAD, NEW, nasty, why=nasty),
        environ={**IN_ACTIONS, "GITHUB_STEP_SUMMARY": str(path)},
    )

    bare = re.sub(r"(?s)(`{3,})text\n.*?\n\1(?=\n)", "", path.read_text())
    bare = re.sub(r"(`+) .*? \1(?!`)", "", bare)
    assert "evil" not in bare
    assert "@team" not in bare
    assert 1 == bare.count("</details>")
    assert ["| as |  |"] == [each for each in bare.splitlines() if each.startswith("| as")]


def test_the_summary_is_bounded(tmp_path: Path) -> None:
    """However much a rack has to say."""
    path = tmp_path / "summary"
    flood = [Said("env", "word " * 1000) for _ in range(1000)]

    render(
        *flood, Ended(Verdict.LEFT_BAD, NEW, "words " * 2000), environ={**IN_ACTIONS, "GITHUB_STEP_SUMMARY": str(path)}
    )

    assert path.stat().st_size < 70_000


def test_a_summary_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    """The folder is gone: the story is told to its end all the same."""
    gone = str(tmp_path / "gone" / "file")

    runner = render(*events_of(good_ship()), environ={**IN_ACTIONS, "GITHUB_OUTPUT": gone, "GITHUB_STEP_SUMMARY": gone})

    assert runner.shown[-1].strip() == "undo: deployer rollback --app myapi"


def test_code_survives_backticks_and_pipes() -> None:
    """The fence is longer than any run of backticks inside, and a pipe ends no cell."""
    assert "``` a `` b \\| c ```" == code("a `` b | c")
    assert "" == code(" \n ")
