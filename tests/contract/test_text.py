"""Go's ways with text: formats, JSON, durations, ages. The expected values are Go's, as documented there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployer.localrack.cli import gojson
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.flags import format_duration
from deployer.localrack.cli.gofmt import quote, sprintf
from deployer.localrack.cli.times import ago, duration, rfc3339, seconds_since, short_age
from deployer.localrack.cli.waits import scan_lines


@pytest.mark.parametrize(
    ("template", "damaged"),
    [
        ("100% of $50.00 used", "100%!o(MISSING)f $50.00 used"),  # promote-post-409-budget
        ("50% wrong %d", "50%!w(MISSING)rong %!d(MISSING)"),  # promote-post-json-error
        ("A%d", "A%!d(MISSING)"),  # env-set-key-with-percent
        ("100%", "100%!(NOVERB)"),
        ("100%%", "100%"),
        ("%-12.3f|", "%!f(MISSING)|"),
        ("%*d", "%!(BADWIDTH)%!d(MISSING)"),
        ("%.*d", "%!(BADPREC)%!d(MISSING)"),
        ("%[1]d", "%!d(BADINDEX)"),
        ("50%é", "50%!é(MISSING)"),
        ("%1000000d", "%!d(MISSING)"),
        ("%20000001d lost", "%!(NOVERB)"),
        (f"%{'9' * 5000}d", "%!(NOVERB)"),
    ],
)
def test_a_text_taken_for_a_format_is_damaged(template: str, damaged: str) -> None:
    """Every verb without an argument is reported in the text, as Go reports it."""
    assert damaged == sprintf(template)


def test_half_a_character_is_read_as_the_replacement_character() -> None:
    """A rack may send any escape; what is written must be text."""
    assert {"\ufffd": ["a\ufffd", "😀"]} == gojson.loads(b'{"\\ud800": ["a\\uDC00", "\\ud83d\\ude00"]}')


def test_arguments_fill_verbs_padded_in_characters() -> None:
    """Widths count characters, not bytes, and a `%` in an argument is left alone."""
    assert "[é  ] [ 7] 50%" == sprintf("[%-3s] [%2d] %s", "é", 7, "50%")


def test_quoting_escapes_what_go_escapes() -> None:
    """Quotes, control characters and bytes that are no text."""
    assert '"a\\"b\\n\\x00\\xff\\u200bé"' == quote('a"b\n\x00\udcff\u200bé')


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("", "unexpected end of JSON input"),  # ps-200-empty
        ("<html>", "invalid character '<' looking for beginning of value"),  # ps-200-notjson
        ("é", "invalid character 'Ã' looking for beginning of value"),  # the first byte of two
        ("not found", "invalid character 'o' in literal null (expecting 'u')"),
        ("true story", "invalid character 's' after top-level value"),
        ('{"a":1', "unexpected end of JSON input"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("-Infinity", "invalid character 'I' in numeric literal"),
    ],
)
def test_what_is_no_json_is_refused_in_the_words_of_go(data: str, complaint: str) -> None:
    """A rack behind a login page or a proxy is recognised by these lines."""
    with pytest.raises(CommandError) as caught:
        gojson.loads(data.encode())

    assert complaint == str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        (None, "null"),
        ("a<b>&\u2028é", '"a\\u003cb\\u003e\\u0026\\u2028é"'),
        (2.0, "2"),
        (0.000001, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (1e21, "1e+21"),
        (123456789012345680000, "123456789012345680000"),
        ({"b": [1, True], "a": {}}, '{\n  "b": [\n    1,\n    true\n  ],\n  "a": {}\n}'),
    ],
)
def test_json_is_written_as_go_indents_it(value: Any, text: str) -> None:
    """Text safe inside HTML, numbers without exponents in the usual range."""
    assert text == gojson.dumps(value)


@pytest.mark.parametrize(
    ("age_s", "words"),
    [
        (0.5, "now"),
        (1.5, "1 second ago"),
        (59.5, "59 seconds ago"),
        (60.5, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3601, "1 hour ago"),
        (2 * 86400 + 1, "2 days ago"),
        (7 * 86400 + 1, "1 week ago"),
        (30 * 86400 + 1, "1 month ago"),
        (360 * 86400 + 1, "1 year ago"),
        (40 * 360 * 86400, "a long while ago"),
        (-90, "1 minute from now"),
    ],
)
def test_ages_are_rounded_down_to_one_unit(age_s: float, words: str) -> None:
    """As the humanising library of the CLI does: a month has 30 days, a year 360."""
    moment = datetime.now(UTC) - timedelta(seconds=age_s)

    assert words == ago(moment.isoformat())


def test_the_zero_time_is_no_time() -> None:
    """Go's zero time means unset: an empty cell, no elapsed time, and its own text where a date is asked for."""
    zero = "0001-01-01T00:00:00Z"

    assert ("", "", zero) == (ago(zero), duration("2026-06-25T12:00:00Z", zero), rfc3339(zero))


@pytest.mark.parametrize(("end", "words"), [("12:01:30", "1m30s"), ("12:00:10", "10s"), ("13:30:00", "90m0s")])
def test_elapsed_time_is_minutes_and_seconds(end: str, words: str) -> None:
    """Without hours, however long it took."""
    assert words == duration("2026-06-25T12:00:00Z", f"2026-06-25T{end}Z")


@pytest.mark.parametrize(("seconds", "words"), [(-1, "unknown"), (59, "59s"), (60, "1m"), (7200, "2h"), (172800, "2d")])
def test_short_ages_have_one_unit(seconds: int, words: str) -> None:
    """As deploy-debug shows them."""
    assert words == short_age(seconds)


def test_no_time_is_longer_ago_than_a_duration_holds() -> None:
    """Go's are nanoseconds in 64 bits: 292 years."""
    assert "106751d" == short_age(seconds_since("0001-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5s"), (120, "2m0s"), (86400, "24h0m0s"), (1.5, "1.5s"), (0.25, "250ms"), (0, "0s")]
)
def test_durations_are_printed_as_go_prints_them(seconds: float, text: str) -> None:
    """They travel in headers (convox-facts 5.1)."""
    assert text == format_duration(seconds)


def test_a_line_of_64_kib_ends_the_reading() -> None:
    """It and all that follows is lost, without an error (convox-facts 4)."""
    longest, too_long = b"x" * 65535, b"x" * 65536

    assert [b"a", longest, b"b"] == list(scan_lines([b"a\r\n", longest, b"\nb"]))
    assert [b"a"] == list(scan_lines([b"a\n", too_long, b"\nb\n"]))
