"""Settings that a checkout brings along: after flags and variables, before defaults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployer.cli.settings import Settings, ShipSettings, load
from deployer.core.errors import Usage


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and no settings of whoever runs these tests."""
    for name in [each for each in os.environ if each.startswith("DEPLOYER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_beats_a_default(checkout: Path) -> None:
    """Keys as options have them or as variables do; durations with their unit, numbers as they are."""
    (checkout / "deployer.toml").write_text('app = "myapi"\nstart-timeout = "8m"\nsoak = 30\nverify = false\n')

    settings = load(ShipSettings, {})

    assert ("myapi", False) == (settings.app, settings.verify)
    assert {"start_margin_s": 480.0, "soak_s": 30.0} == settings.options().numbers


def test_pyproject_will_do(checkout: Path) -> None:
    """For a checkout that has one anyway; what else is in it is none of our business."""
    (checkout / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.deployer]\napp = "shared"\n')

    assert "shared" == load(Settings, {}).app


def test_a_file_of_its_own_comes_first(checkout: Path) -> None:
    """There is one place, not a mix of two."""
    (checkout / "pyproject.toml").write_text('[tool.deployer]\napp = "shared"\nsoak = "1m"\n')
    (checkout / "deployer.toml").write_text('app = "own"\n')

    settings = load(Settings, {})

    assert ("own", {}) == (settings.app, settings.options().numbers)


def test_variables_and_flags_beat_the_file(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job or a person says now is meant now."""
    (checkout / "deployer.toml").write_text('app = "infile"\nsoak = "1m"\ntimeout = "20m"\n')
    monkeypatch.setenv("DEPLOYER_SOAK", "2m")

    settings = load(Settings, {"app": "typed"})

    assert ("typed", {"soak_s": 120.0, "cap_s": 1200.0}) == (settings.app, settings.options().numbers)


def test_what_is_for_a_ship_is_in_nobodys_way(checkout: Path) -> None:
    """`status` reads the same file, and needs less of it."""
    (checkout / "deployer.toml").write_text('app = "myapi"\nidentity = "ps"\nrelease-command = "migrate"\n')

    assert "myapi" == load(Settings, {}).app


@pytest.mark.parametrize("key", ["sok", "convox", "insecure-rack", "release", "password"])
def test_a_key_that_has_no_business_there_is_named(key: str, checkout: Path) -> None:
    """A slip of the pen, or what a checkout may not choose for this machine."""
    (checkout / "deployer.toml").write_text(f'app = "myapi"\n{key} = "hunter2"\n')

    with pytest.raises(Usage) as caught:
        load(Settings, {})

    assert f"deployer.toml may not say {key.replace('-', '_')}" in caught.value.what
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [b"app = ", b"\xff\xfe", b'app = "a"\napp = "hunter2"'])
def test_a_file_that_is_none_is_said(content: bytes, checkout: Path) -> None:
    """By its name; what stands in it is not repeated."""
    (checkout / "deployer.toml").write_bytes(content)

    with pytest.raises(Usage, match=r"deployer\.toml cannot be read") as caught:
        load(Settings, {})

    assert "hunter2" not in str(caught.value)


def test_what_is_no_table_is_said(checkout: Path) -> None:
    """The place is ours, and what stands there is not."""
    (checkout / "pyproject.toml").write_text("[tool]\ndeployer = 3\n")

    with pytest.raises(Usage, match="something else than settings"):
        load(Settings, {})


def test_a_wrong_value_is_told_with_all_the_others(checkout: Path) -> None:
    """Wherever it comes from."""
    (checkout / "deployer.toml").write_text('app = "My App"\nblind = "soon"\n')

    with pytest.raises(Usage) as caught:
        load(Settings, {"output": "loud"})

    assert [] == [each for each in ("--app ", "DEPLOYER_BLIND ", "--output ") if each not in caught.value.what]
