"""Names become paths only when they are harmless, and folders are used only when they are ours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deployer.core.errors import Refused
from deployer.core.names import AppName, RackName
from deployer.ledger.places import parts_of, private_folder, state_root


@given(st.text(), st.text())
@example("..", "..")
@example("../..", "web")
@example("acme/..", "web")
@example("/etc", "web")
@example("prod", "web/../../x")
@example("prod\0", "web")
@example("prod", "web\0")
@example("prod", "ｗｅｂ")
@example("prod", "-rf")
@example("a" * 300, "web")
@example("prod\n", "web")
@example("acme/production", "web")
def test_no_name_leads_out_of_the_root(rack: str, app: str) -> None:
    """Whatever a rack or an app is called, its folders lie directly below the root, or it is refused."""
    root = Path("/state/deployer")
    try:
        parts = parts_of(RackName(rack), AppName(app))
    except Refused:
        return

    path = root.joinpath(*parts)

    assert root == Path(os.path.normpath(path)).parent.parent
    assert all(part.isascii() and part.isprintable() and len(part) < 200 for part in parts)


@pytest.mark.parametrize("rack", ["..", "a/../b", "a/b/c", "", "/a", "a/", ".a", "a b", "-a", "rück", "a\0", "a\n"])
def test_odd_rack_names_are_refused(rack: str) -> None:
    """Letters, digits, dashes and underscores; at most an organisation and a rack."""
    with pytest.raises(Refused):
        parts_of(RackName(rack), AppName("web"))


def test_racks_of_organisations_do_not_mix_with_others() -> None:
    """`acme/prod` and `prod` are two racks; no rack's own name has a dot."""
    assert ("acme.prod", "web") == parts_of(RackName("acme/prod"), AppName("web"))
    assert ("Prod_1", "web") == parts_of(RackName("Prod_1"), AppName("web"))


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"XDG_STATE_HOME": "/var/state", "HOME": "/home/ada"}, "/var/state/deployer"),
        ({"HOME": "/home/ada"}, "/home/ada/.local/state/deployer"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/ada"}, "/home/ada/.local/state/deployer"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/ada"}, "/home/ada/.local/state/deployer"),
    ],
)
def test_state_is_kept_where_the_xdg_rules_say(environ: dict[str, str], root: str) -> None:
    """A relative XDG_STATE_HOME is ignored."""
    assert Path(root) == state_root(environ)


def test_without_home_the_user_s_own_is_taken() -> None:
    """A bare environment, as cron has it, still has a home."""
    assert state_root({}).is_absolute()


def test_folders_are_made_for_us_alone(tmp_path: Path) -> None:
    """Also under a generous umask, and their parents too."""
    root = tmp_path / "state" / "deployer"
    before = os.umask(0)
    try:
        with private_folder(root, "journal", "prod"):
            pass
    finally:
        os.umask(before)

    made = [tmp_path / "state", root, root / "journal", root / "journal" / "prod"]
    assert [0o700] * 4 == [stat.S_IMODE(each.stat().st_mode) for each in made]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
@pytest.mark.parametrize("where", ["", "journal", "journal/prod"])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path, mode: int, where: str) -> None:
    """Somebody else could have put a journal there for `resume` to act on."""
    folder = tmp_path / "deployer" / where
    folder.mkdir(parents=True)
    for each in (tmp_path / "deployer", *(tmp_path / "deployer").rglob("*")):
        each.chmod(0o700)
    folder.chmod(mode)

    with (
        pytest.raises(PermissionError, match="can be written to by others"),
        private_folder(tmp_path / "deployer", "journal", "prod"),
    ):
        pass


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from another user: only root could give a folder away for real."""
    (tmp_path / "deployer").mkdir(0o700)
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)

    with pytest.raises(PermissionError, match="belongs to another user"), private_folder(tmp_path / "deployer"):
        pass


@pytest.mark.parametrize("where", ["deployer", "deployer/journal", "deployer/journal/prod"])
def test_a_symbolic_link_is_not_followed(tmp_path: Path, where: str) -> None:
    """A link in our folder could lead anywhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(0o700)
    link = tmp_path / where
    for each in reversed(link.parents):
        each.mkdir(0o700, exist_ok=True)
    link.symlink_to(elsewhere)

    with pytest.raises(OSError, match=r"directory|symbolic"), private_folder(tmp_path / "deployer", "journal", "prod"):
        pass

    assert [] == list(elsewhere.iterdir())


def test_looking_makes_no_folders(tmp_path: Path) -> None:
    """Observers change nothing."""
    with pytest.raises(FileNotFoundError), private_folder(tmp_path / "deployer", "journal", create=False):
        pass

    assert [] == list(tmp_path.iterdir())


def test_descriptors_are_closed_again(tmp_path: Path) -> None:
    """However deep the folder, and when it is refused."""
    open_before = len(list(Path("/dev/fd").iterdir()))

    with private_folder(tmp_path / "deployer", "journal", "prod", "web"):
        pass
    (tmp_path / "deployer" / "journal").chmod(0o777)
    with pytest.raises(PermissionError), private_folder(tmp_path / "deployer", "journal", "prod"):
        pass

    assert open_before == len(list(Path("/dev/fd").iterdir()))
