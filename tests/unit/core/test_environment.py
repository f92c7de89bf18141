from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.core.environment import LINE_LIMIT_BYTES, Environment, diff, problems_of
from deployer.core.redact import MASK, Redactor, Secret, first_line, scrub

VALUES = st.text(min_size=4)


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

    def test_is_never_pickled_or_copied_out(self) -> None:
        """What is pickled leaves the process."""
        with pytest.raises(TypeError):
            pickle.dumps(Secret("value"))
        with pytest.raises(TypeError):
            copy.deepcopy(Secret("value"))

    @given(st.lists(VALUES, min_size=1), st.text())
    def test_redactor_leaves_no_value_behind(self, values: list[str], around: str) -> None:
        """Whatever a text is made of, no learned value is in it afterwards, but where the mask itself holds it."""
        redactor = Redactor()
        for value in values:
            redactor.learn(Secret(value))
        text = redactor.redact(around + around.join(values))

        secrets = [value for value in values if not re.fullmatch("[a-z]{1,7}|[0-9]{1,5}", value)]
        assert all(value not in text.replace(MASK, "\0") for value in secrets)


class TestScrub:
    @given(st.text())
    def test_leaves_nothing_that_acts_on_a_terminal(self, text: str) -> None:
        """No escape, no carriage return, no bell, no direction mark survives."""
        assert not set(scrub(text)) & {"\x1b", "\r", "\a", "\b", "\u202e", "\x9b"}

    def test_hides_credentials_in_urls(self) -> None:
        """A malformed RACK_URL is echoed with its password by the CLI (convox-facts 1.3)."""
        assert "se%zzcret" not in scrub('parse "https://convox:se%zzcret@host": invalid URL escape')

    def test_an_error_page_is_one_line(self) -> None:
        """HTML never reaches a terminal."""
        assert "502 Bad Gateway" == first_line("<html>\n<body><h1>502 Bad Gateway</h1></body></html>")
