from __future__ import annotations

import pytest

from deployer.core.errors import Busy, Denied, DeployerError, Problem, Refused, Usage
from deployer.core.models import ProofMode
from deployer.core.names import ServiceName
from deployer.core.proof import Progress
from deployer.render.words import Line, block, count, duration, error_text, fraction, line, span, table


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0.2), ("34s", 34.4), ("1m00", 59.6), ("1m12", 72), ("2m30", 150), ("59m59", 3599), ("1h02", 3725)],
)
def test_a_measured_time_is_short_and_never_shows_60_seconds(text: str, seconds: float) -> None:
    """Seconds below a minute, then minutes and seconds, then hours and minutes; rounded before it is split."""
    assert text == duration(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"), [("15s", 15.0), ("60s", 60), ("2.5s", 2.5), ("2 min", 120), ("10 min", 600)]
)
def test_a_set_time_reads_as_it_was_set(text: str, seconds: float) -> None:
    """A soak of 60 s is not turned into one of a minute."""
    assert text == span(seconds)


@pytest.mark.parametrize(("text", "number", "noun"), [("1 key", 1, "key"), ("4 processes", 4, "process")])
def test_a_count_agrees_with_its_noun(text: str, number: int, noun: str) -> None:
    """One process, four processes."""
    assert text == count(number, noun)


@pytest.mark.parametrize(
    ("text", "mode", "counts"),
    [
        ("api 2 of 4 new · 1 of 4 proven", ProofMode.IDS, (4, 2, 1, 3)),
        ("api 4 of 4 new · 4 of 4 proven · 2 on another release", ProofMode.SAMPLED, (4, 4, 4, 2)),
        ("api 4 of 4 new · 0 of 4 proven", None, (4, 4, 0, 0)),
        ("api 1 of 2 new", ProofMode.PS, (2, 1, 1, 0)),
    ],
)
def test_a_fraction_says_how_far_a_service_is(
    text: str, mode: ProofMode | None, counts: tuple[int, int, int, int]
) -> None:
    """New of needed, then proven of needed where anybody can be asked; old ones only once they are what is left."""
    needed, running, proven, others = counts

    assert text == fraction(Progress(ServiceName("api"), mode, needed, running, proven, others, "something"))


def test_an_error_has_the_form_that_people_know() -> None:
    """What happened and why, what serves, what to try; lower case, no full stop."""
    text = block("denied", "this credential may not run `ps`", serving="RABCDEFGHIJ", hints=("one", "two", "three"))

    assert (
        "denied: this credential may not run `ps`\n  still serving: RABCDEFGHIJ\n  try: one\n  or:  two\n  or:  three"
    ) == text


def test_an_error_outside_a_run_says_all_it_knows() -> None:
    """Its verdict, what, why, what serves and the hint."""
    error = Busy("the app is updating", why="status updating", serving="ROLD", hint="deployer status --app demo")

    assert (
        "busy: the app is updating: status updating\n  still serving: ROLD\n  try: deployer status --app demo"
    ) == error_text(error)


@pytest.mark.parametrize(
    ("label", "error"), [("usage", Usage("no such option: --hlep")), ("denied", Denied("the token has expired"))]
)
def test_an_error_says_nothing_of_what_was_not_looked_at(label: str, error: DeployerError) -> None:
    """Without a serving release and a hint, one line is all there is."""
    assert f"{label}: {error.what}" == error_text(error)


def test_every_problem_of_preflight_is_listed_with_its_own_way_out() -> None:
    """A person mends all of them at once, and does not come back four times."""
    problems = (Problem("OPENAI_API_KEY is set nowhere", "deployer ship --env-from OPENAI_API_KEY"), Problem("no way"))

    text = error_text(Refused(problems, serving="ROLD"))

    assert (
        "refused: 2 problems\n"
        "  OPENAI_API_KEY is set nowhere\n"
        "    try: deployer ship --env-from OPENAI_API_KEY\n"
        "  no way\n"
        "  still serving: ROLD"
    ) == text


def test_one_problem_reads_as_one_error() -> None:
    """No list of one."""
    text = error_text(Refused((Problem("there is no convox.yml", "cd to it"),)))

    assert "refused: there is no convox.yml\n  try: cd to it" == text


def test_a_line_is_harmless_whatever_it_is_made_of() -> None:
    """Escapes, bells, carriage returns and bidirectional overrides are gone; a second line continues the first."""
    told = line(
        "back\x1b[2J",
        "\x1b]0;title\x07one\r\ntwo\x00 \u202ethree\x1b[31m\n\x9b4four",
    )

    assert Line("back", "one", ("two three", "4four")) == told


def test_a_table_aligns_and_leaves_nothing_at_the_end_of_a_line() -> None:
    """Columns two spaces apart; a cell with line breaks stays in its row."""
    text = table([("rack", "local"), ("app", "my\napi", "running"), ("long-label", "")])

    assert "rack        local\napp         my api  running\nlong-label" == text


def test_a_table_of_nothing_is_nothing() -> None:
    """No rows, no widths, no error."""
    assert "" == table([])
