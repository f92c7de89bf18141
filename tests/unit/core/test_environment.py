from __future__ import annotations

import base64
import copy
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.core.environment import LINE_LIMIT_BYTES, Environment, diff, problems_of
from deployer.core.redact import MASK, Redactor, Secret, first_line, scrub

VALUES = st.text(min_size=4)
VALUE = 'p"ss wörd/1'


def in_base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@dataclass(frozen=True)
class Holder:
    secret: Secret


def asdict_of(secret: object) -> object:
    return asdict(Holder(secret))  # type: ignore[arg-type]


class TestProblems:
    @pytest.mark.parametrize("key", ["RELEASE", "APP", "PORT", "RACK", "RACK_URL", "SERVICE", "BUILD"])
    def test_keys_of_the_rack_are_refused(self, key: str) -> None:
        """A value of ours would win over the rack's own and break the proof (convox-facts 3.7)."""
        assert [key] == [each.key for each in problems_of(Environment.of(**{key: "1"}))]

    @pytest.mark.parametrize("value", ["a\nb", "a\r\nb", "a\rb", "a\0b", "x" * LINE_LIMIT_BYTES])
    def test_values_that_convox_would_damage_are_refused(self, value: str) -> None:
        """Line breaks, NUL and lines of 64 KiB are cut off or dropped without a word (convox-facts 4)."""
        [problem] = problems_of(Environment.of(KEY=value))

        assert "KEY" == problem.key
        assert value not in f"{problem}"

    def test_value_that_is_no_text_is_refused(self) -> None:
        """Bytes that are no UTF-8 come out of our own environment so; the rack's JSON would replace them."""
        [problem] = problems_of(Environment.of(KEY="s3cret\udcff", TOO="x" * 65_000))

        assert ("KEY", "is not UTF-8 text, which the rack would replace") == (problem.key, problem.why)

    def test_the_longest_line_that_fits_is_taken(self) -> None:
        """65,535 bytes including `KEY=` are safe (convox-facts 4)."""
        assert () == problems_of(Environment.of(KEY="x" * (LINE_LIMIT_BYTES - 1 - len("KEY="))))

    def test_an_odd_key_is_not_shown_whole(self) -> None:
        """A key that is no key may be a line of a secret (faults C8)."""
        [problem] = problems_of(Environment.of(**{"MIIEsecretbase64+": "="}))

        assert "secret" not in problem.key


class TestDiff:
    def test_names_what_differs(self) -> None:
        """Added, changed and removed keys by name; equal ones are counted."""
        old, new = Environment.of(A="1", B="1", C="1"), Environment.of(B="2", C="1", D="1")
        found = diff(old, new)

        assert (("D",), ("B",), ("A",), 1) == (found.added, found.changed, found.removed, found.unchanged)
        assert "+ D  ~ B  - A" == str(found)

    @given(st.dictionaries(st.text(min_size=1), st.text()))
    def test_nothing_differs_from_itself(self, values: dict[str, str]) -> None:
        """An equal environment needs no release."""
        assert not diff(Environment.of(**values), Environment.of(**values))


class TestSecret:
    @given(VALUES)
    def test_is_never_shown(self, value: str) -> None:
        """str, repr, format, and whatever holds it: the mask, never the value."""
        secret = Secret(value)
        shown = f"{secret} {secret!r} {[secret]} {Environment({'KEY': secret})!r} {secret!s:>10}"

        assert value not in shown.replace(MASK, "") or value in "[] Environment(KEY)"

    @pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars, asdict_of, bytes, list])
    def test_is_never_taken_out(self, take: Callable[[object], object]) -> None:
        """What is pickled, copied or made JSON leaves our hands; the refusal holds no value either."""
        with pytest.raises(TypeError) as caught:
            take(Secret("s3cret-value"))

        assert "s3cret" not in repr(caught.value)

    @pytest.mark.parametrize("spec", ["", ">10", "<3", "s"])
    def test_is_formatted_as_its_mask(self, spec: str) -> None:
        """In an f-string, alone or as a field of a dataclass."""
        assert [format(MASK, spec), f"Holder(secret={MASK})"] == [
            f"{Secret('s3cret'):{spec}}",
            f"{Holder(Secret('s3cret'))}",
        ]

    @given(st.lists(VALUES, min_size=1), st.text())
    def test_redactor_leaves_no_value_behind(self, values: list[str], around: str) -> None:
        """Whatever a text is made of, no learned value is in it afterwards, but where the mask itself holds it."""
        redactor = Redactor()
        for value in values:
            redactor.learn(Secret(value))
        text = redactor.redact(around + around.join(values))

        secrets = [value for value in values if not re.fullmatch("[a-z]{1,7}|[0-9]{1,5}", value)]
        assert all(value not in text.replace(MASK, "\0") for value in secrets)

    @pytest.mark.parametrize("spelled", [quote, lambda value: json.dumps(value)[1:-1], in_base64])
    def test_redactor_knows_other_spellings(self, spelled: Callable[[str], str]) -> None:
        """A URL, JSON or a header holds the value in letters of its own."""
        redactor = Redactor()
        redactor.learn(Secret(VALUE))

        assert f"a {MASK} b" == redactor.redact(f"a {spelled(VALUE)} b")


class TestScrub:
    @given(st.text())
    def test_leaves_nothing_that_acts_on_a_terminal(self, text: str) -> None:
        """No escape, no carriage return, no bell, no direction mark survives."""
        assert not set(scrub(text)) & {"\x1b", "\r", "\a", "\b", "\u202e", "\x9b"}

    @pytest.mark.parametrize(
        "mark", [*"\u061c\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\ufffb", "\U000e0041", "\udcff"]
    )
    def test_leaves_no_mark_that_changes_what_is_read(self, mark: str) -> None:
        """Directions, tags and annotations show text as another; half a surrogate cannot be written at all."""
        assert "ab" == scrub(f"a{mark}b")

    @pytest.mark.parametrize(
        "page",
        [
            "<html><head><style>\nbody { x: y }\n</style><script>\nvar a\n</script>\n<h1>502",
            "<!DOCTYPE html>\n<!--[if IE]> <i> <![endif]-->\n<title>502</title>",
            '502 <a href="cut off',
        ],
    )
    def test_page_is_boiled_down_to_its_words(self, page: str) -> None:
        """Styles, scripts, comments and a tag that was cut off are none."""
        assert "502" == first_line(page)

    def test_hides_credentials_in_urls(self) -> None:
        """A malformed RACK_URL is echoed with its password by the CLI (convox-facts 1.3)."""
        assert "se%zzcret" not in scrub('parse "https://convox:se%zzcret@host": invalid URL escape')

    def test_an_error_page_is_one_line(self) -> None:
        """HTML never reaches a terminal."""
        assert "502 Bad Gateway" == first_line("<html>\n<body><h1>502 Bad Gateway</h1></body></html>")
