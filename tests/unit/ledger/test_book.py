"""The text of a ledger keeps what it does not know, and says what it cannot read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.core.names import BuildId, ReleaseId, ShipId
from deployer.engine.ports import LockNote, ProvenEntry
from deployer.ledger.book import KEPT, Book, Unreadable, merged

SHIP = ShipId("20261124-120000-a1b2c3")
ENTRY = ProvenEntry(
    ReleaseId("RA"), BuildId("BA"), "2026-11-24T12:00:00+00:00", "ada", SHIP, "build abc", cannot_undo="it"
)
NOTE = LockNote(SHIP, "ada", "2026-11-24T12:00:00+00:00", "2026-11-24T13:00:00+00:00", "ship demo", "https://ci/1")

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def an_entry(release: str, minute: int = 0, *, gone_back_from: bool = False) -> ProvenEntry:
    return replace(
        ENTRY, release=ReleaseId(release), at=f"2026-11-24T12:{minute:02}:00+00:00", gone_back_from=gone_back_from
    )


def a_book(*entries: ProvenEntry) -> Book:
    """`entries` newest first."""
    book = Book()
    for each in reversed(entries):
        book = book.with_proven(each)
    return book


@pytest.mark.parametrize("nothing", [None, "", " \n"])
def test_nothing_yet_is_an_empty_book(nothing: str | None) -> None:
    """A rack on which deployer was never used."""
    assert Book() == Book.parse(nothing)
    assert ((), None) == (Book().proven, Book().lock)


def test_a_book_reads_back_as_it_was_written() -> None:
    """Entries newest first, and the lock."""
    book = a_book(an_entry("RB", 2), an_entry("RA", 1)).with_lock(NOTE)

    again = Book.parse(book.text())

    assert (an_entry("RB", 2), an_entry("RA", 1)) == again.proven
    assert NOTE == again.lock
    assert 1 == json.loads(book.text())["v"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[" * 20_000, "not JSON"),
        ("[]", "not a ledger"),
        ('{"v": 1, "proven": {}}', "not a ledger"),
        ('{"v": 2, "proven": []}', "of version 2, not 1"),
        ("{}", "of version None"),
        ('{"v": "' + "x" * 500 + '\\u001b[2J"}', "of version"),
    ],
)
def test_what_is_no_ledger_of_ours_is_said(text: str, why: str) -> None:
    """A newer version is not guessed at, nor is a hostile text repeated at length."""
    with pytest.raises(Unreadable, match=why) as caught:
        Book.parse(text)

    assert len(str(caught.value)) < 60
    assert str(caught.value).isprintable()


@given(
    more=st.dictionaries(st.text(max_size=8), _json, max_size=4),
    odd_rows=st.lists(_json, max_size=3),
    row_more=st.dictionaries(st.text(min_size=20, max_size=24), _json, max_size=2),
)
def test_what_others_wrote_is_kept(
    more: dict[str, object], odd_rows: list[object], row_more: dict[str, object]
) -> None:
    """Fields of the book and of an entry, and rows that are no entries, survive every change and a round trip."""
    more = {name: value for name, value in more.items() if name not in ("v", "proven", "lock")}
    row = {**json.loads(a_book(ENTRY).text())["proven"][0], **row_more}
    book = Book.parse(json.dumps({"v": 1, "proven": [row, *odd_rows], **more}))

    for change in (
        book.with_proven(an_entry("RB")),
        book.with_gone_back(ENTRY.release),
        book.with_lock(NOTE),
        book.with_lock(NOTE).without_lock(SHIP),
    ):
        data = json.loads(change.text())

        assert more.items() <= data.items() or more == {name: data[name] for name in more}
        assert odd_rows == data["proven"][-len(odd_rows) :] or not odd_rows
        assert row_more == {name: data["proven"][-len(odd_rows) - 1][name] for name in row_more}


@pytest.mark.parametrize(
    "row",
    [
        None,
        "RA",
        [],
        {},
        {"release": "-rf"},
        {"release": "RA", "at": "soon", "ship": SHIP},
        {"release": "RA", "at": ENTRY.at, "ship": "last"},
        {"release": "RA", "at": ENTRY.at, "ship": SHIP, "by": 7},
        {"release": "RA", "at": ENTRY.at, "ship": SHIP, "build": "--force"},
    ],
)
def test_a_row_that_is_no_entry_is_passed_over_and_said(row: object) -> None:
    """Its ids would become arguments of commands."""
    book = Book.parse(json.dumps({"v": 1, "proven": [row]}))

    assert () == book.proven
    assert book.is_partly_odd


@pytest.mark.parametrize("lock", ["me", [], {"ship": SHIP}, {**NOTE.__class__.__annotations__}])
def test_a_lock_that_is_none_is_nobody_s_and_said(lock: object) -> None:
    """A note without an expiry could never be taken over."""
    book = Book.parse(json.dumps({"v": 1, "lock": lock}))

    assert book.lock is None
    assert book.is_partly_odd


def test_texts_of_others_are_made_harmless() -> None:
    """They are shown on terminals: no control characters, no second line, no credentials in a URL."""
    row = {"release": "RA", "at": ENTRY.at, "ship": SHIP, "by": "\x1b[31meve\nmallory", "description": "x" * 9_999}
    note = {"ship": SHIP, "since": ENTRY.at, "expires": ENTRY.at, "url": "https://u:canary@ci/1"}
    book = Book.parse(json.dumps({"v": 1, "proven": [row], "lock": note}))

    (entry,) = book.proven

    assert ("eve", 200) == (entry.by, len(entry.description))
    assert book.lock is not None
    assert "canary" not in book.lock.url


def test_a_release_proven_again_comes_first_and_is_good_again() -> None:
    """The new proof replaces the old entry and its mark."""
    book = a_book(an_entry("RB", 2), an_entry("RA", 1)).with_gone_back(ReleaseId("RA"))

    again = book.with_proven(an_entry("RA", 3))

    assert (an_entry("RA", 3), an_entry("RB", 2)) == again.proven


def test_only_the_release_that_was_left_is_marked() -> None:
    """A release nobody knows changes nothing."""
    book = a_book(an_entry("RB"), an_entry("RA"))

    assert (False, True) == tuple(each.gone_back_from for each in book.with_gone_back(ReleaseId("RA")).proven)
    assert book == book.with_gone_back(ReleaseId("RZ"))


def test_a_book_does_not_grow_without_end() -> None:
    """The oldest go first."""
    book = a_book(*(an_entry(f"R{n}") for n in range(KEPT)))

    longer = book.with_proven(an_entry("RNEW"))

    assert KEPT == len(longer.proven)
    assert ("RNEW", "R0", f"R{KEPT - 2}") == tuple(longer.proven[n].release for n in (0, 1, -1))


def test_a_lock_is_released_by_its_holder_only() -> None:
    """Somebody who was taken over from must not free the lock of the one who took it."""
    book = Book().with_lock(NOTE)

    assert book == book.without_lock(ShipId("20261124-120000-ffffff"))
    assert book.without_lock(SHIP).lock is None


def test_two_books_make_one() -> None:
    """Of each release the newest proof counts; of the same proof, that it was gone back from."""
    ours = a_book(an_entry("RB", 4), an_entry("RA", 1, gone_back_from=True), an_entry("RC", 2))
    theirs = a_book(an_entry("RA", 3), an_entry("RC", 2, gone_back_from=True))

    expected = (an_entry("RB", 4), an_entry("RA", 3), an_entry("RC", 2, gone_back_from=True))

    assert expected == merged(ours, theirs)
    assert expected == merged(theirs, ours)
