"""
Go's `fmt.Sprintf`, as far as the CLI's output shows it.

The CLI passes text it does not own (a rack's error message, the names of env
variables) as a format, so a `%` in it comes out damaged: `100% of` reads
`100%!o(MISSING)f`. Source: convox-facts 2.0, `promote-post-409-budget`, `env-set-key-with-percent`.
"""

from __future__ import annotations

FLAGS = "#0+- "
MOST = 1_000_000  # a longer width is none
QUOTED = {char: f"\\{letter}" for char, letter in zip('"\\\a\b\f\n\r\t\v', '"\\abfnrtv', strict=True)}


def sprintf(template: str, *args: object) -> str:
    """
    Format as Go does, reporting what is wrong inside the text as Go does.

    Knows the verbs s, d, t, v and q with a width and the flag `-`. Explicit
    indexes (`%[1]d`) and `*` are only ever wrong: no caller passes them.
    """
    done: list[str] = []
    rest = list(args)
    at = 0
    while (percent := template.find("%", at)) >= 0:
        done.append(template[at:percent])
        text, at = _directive(template, percent + 1, rest)
        done.append(text)
    done.append(template[at:])
    return "".join(done)


def quote(text: str) -> str:
    """A Go string literal (`%q`)."""
    return f'"{"".join(QUOTED.get(char) or _quoted(char) for char in text)}"'


def _quoted(char: str) -> str:
    if char.isprintable():
        return char
    point = ord(char)
    if 0xDC80 <= point <= 0xDCFF:  # an undecodable byte, as Python carries it
        return f"\\x{point - 0xDC00:02x}"
    if point < 0x80:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _directive(template: str, at: int, rest: list[object]) -> tuple[str, int]:
    start = at
    while template[at : at + 1] and template[at] in FLAGS:
        at += 1
    left = "-" in template[start:at]
    noise, width, bad, at = _size(template, at)
    verb = template[at : at + 1]
    if not verb:
        return f"{noise}%!(NOVERB)", at
    if verb == "%":
        return f"{noise}%", at + 1
    if bad:
        return f"{noise}%!{verb}(BADINDEX)", at + 1
    if not rest:
        return f"{noise}%!{verb}(MISSING)", at + 1
    text = _value(verb, rest.pop(0))
    return noise + (text.ljust(width) if left else text.rjust(width)), at + 1


def _value(verb: str, value: object) -> str:
    if verb == "q":
        return quote(str(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _size(template: str, at: int) -> tuple[str, int, bool, int]:
    """Width and precision, with the complaints they cause, whether an index was bad, and where the verb is."""
    at, indexed, bad = _index(template, at)
    noise, width, given, at = _number(template, at, "%!(BADWIDTH)")
    bad = bad or (indexed and given)
    indexed = indexed and not noise
    if template[at : at + 1] == ".":
        bad = bad or indexed
        at, indexed, wrong = _index(template, at + 1)
        more, _, _, at = _number(template, at, "%!(BADPREC)")
        noise, bad, indexed = noise + more, bad or wrong, indexed and not more
    if not indexed:
        at, _, wrong = _index(template, at)
        bad = bad or wrong
    return noise, width, bad, at


def _number(template: str, at: int, complaint: str) -> tuple[str, int, bool, int]:
    if template[at : at + 1] == "*":
        return complaint, 0, False, at + 1
    end = at
    while "0" <= template[end : end + 1] <= "9":
        end += 1
    digits = template[at:end].lstrip("0")
    if len(digits) > len(str(MOST)) + 1 or int(digits[:-1] or 0) > MOST:
        return "", 0, False, len(template)  # all that follows is given up
    return "", int(template[at:end] or 0), end > at, end


def _index(template: str, at: int) -> tuple[int, bool, bool]:
    """Past an explicit index: where, whether it was well formed, and that it is wrong (there are no arguments)."""
    if template[at : at + 1] != "[":
        return at, False, False
    close = template.find("]", at)
    if close < 0 or len(template) - at < 3:
        return at + 1, False, True
    return close + 1, template[at + 1 : close].isdigit(), True
