"""Whether a journal could be kept, found out without making anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployer.ledger import places


def test_folder_that_is_not_there_yet_is_no_trouble(tmp_path: Path) -> None:
    """It can be made, and is not."""
    assert "" == places.trouble_with(tmp_path / "state" / "deployer")
    assert [] == list(tmp_path.iterdir())


def test_folder_that_others_may_write_to_is_trouble(tmp_path: Path) -> None:
    """Anybody could put a journal there."""
    tmp_path.chmod(0o777)

    assert f"{tmp_path} can be written to by others" == places.trouble_with(tmp_path)


def test_file_in_the_way_is_trouble(tmp_path: Path) -> None:
    """No folder can be made below it."""
    file = tmp_path / "state"
    file.touch()

    assert f"{file} cannot be written to" == places.trouble_with(file / "deployer")


def test_folder_without_permission_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's home, a read-only disk. Root may write everywhere, so the system's answer is given here."""
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert f"{tmp_path} cannot be written to" == places.trouble_with(tmp_path / "deployer")
