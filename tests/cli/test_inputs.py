"""What the env is to be: from files, from our own environment, from plain pairs; no value is ever shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from deployer.cli.inputs import plan_in, wanted_env, write_plan
from deployer.core.environment import Environment
from deployer.core.errors import Usage
from tests.unit.render.runs import A_PLAN


def test_later_sources_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is overridden by a name of our environment, and that by a pair that was typed."""
    file = tmp_path / "prod.env"
    file.write_text("ONE=file\nTWO=file\nTHREE=file\n", encoding="utf-8")
    monkeypatch.setenv("TWO", "environment")
    monkeypatch.setenv("THREE", "environment")

    wanted, problems = wanted_env([file], ["TWO", "THREE"], ["THREE=typed"])

    assert Environment.of(ONE="file", TWO="environment", THREE="typed") == wanted
    assert () == problems


def test_of_two_files_the_later_wins(tmp_path: Path) -> None:
    """Files are read in the order they were given."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"KEY={name}\nONLY_{name.upper()}=1\n", encoding="utf-8")

    wanted, _ = wanted_env([tmp_path / "a", tmp_path / "b"], [], [])

    assert Environment.of(KEY="b", ONLY_A="1", ONLY_B="1") == wanted


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--env-file -` takes what a secret manager writes into the pipe."""
    monkeypatch.setattr("sys.stdin", io.StringIO("TOKEN='a b'\n"))

    wanted, _ = wanted_env([Path("-")], [], [])

    assert Environment.of(TOKEN="a b") == wanted


def test_a_pair_is_split_at_its_first_equals_sign() -> None:
    """Values hold `=` as they please, and may be empty."""
    wanted, _ = wanted_env([], [], ["URL=https://x/?a=b", "EMPTY="])

    assert Environment.of(URL="https://x/?a=b", EMPTY="") == wanted


def test_everything_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that cannot be read and names that are not set are problems for preflight, not ends."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    monkeypatch.delenv("NOWHERE", raising=False)

    wanted, problems = wanted_env([tmp_path / "gone", tmp_path, binary], ["NOWHERE"], ["KEY=kept"])

    assert Environment.of(KEY="kept") == wanted
    assert ["gone", tmp_path.name, "binary", "NOWHERE"] == [each.what.split()[0].split("/")[-1] for each in problems]
    assert all(each.hint for each in problems)


@pytest.mark.parametrize("pair", ["hunter2", ""])
def test_a_pair_without_a_value_is_a_usage_error(pair: str) -> None:
    """What was typed may be a value: it is not repeated."""
    with pytest.raises(Usage) as caught:
        wanted_env([], [], ["GOOD=1", pair])

    assert "--env-from" in caught.value.hint
    assert "hunter2" not in str(caught.value)


def test_a_plan_is_kept_and_found_again(tmp_path: Path) -> None:
    """Whole, so that a ship can be held against it."""
    write_plan(tmp_path / "plan.json", A_PLAN)

    assert plan_in(tmp_path / "plan.json") == A_PLAN


@pytest.mark.parametrize(
    "text", [None, "", "{}", '{"v": 2, "event": "planned"}', '{"v":1,"event":"said","step":"a","text":"b"}']
)
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str | None) -> None:
    """A missing file, rubbish, another version, another event."""
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(Usage, match="cannot be used"):
        plan_in(path)
