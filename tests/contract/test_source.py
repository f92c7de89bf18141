"""What a build uploads: everything but what .dockerignore leaves out, as Docker reads it."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from deployer.localrack.cli.dockerignore import Ignore
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.tarball import included, pack


@pytest.mark.parametrize(
    ("patterns", "ignored", "kept"),
    [
        ("*.log", ["a.log"], ["a.txt", "sub/a.log"]),
        ("**/*.log", ["a.log", "sub/deep/a.log"], ["a.logs"]),
        ("node_modules", ["node_modules", "node_modules/x/y"], ["sub/node_modules"]),
        ("**/node_modules", ["node_modules/x", "sub/node_modules/x"], ["node_modules_too"]),
        ("docs/**", ["docs/a", "docs/deep/b"], ["docs"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/b", "z"]),
        ("file?.txt", ["file1.txt"], ["file.txt", "file10.txt", "file/.txt"]),
        ("[ab].txt", ["a.txt", "b.txt"], ["c.txt"]),
        ("/rooted", ["rooted"], ["sub/rooted"]),
        ("trailing/", ["trailing", "trailing/x"], []),
        ("  spaced  ", ["spaced"], []),
        ("# comment\n\n\\#real", ["#real"], ["comment"]),
        ("*\n!keep.txt", ["other"], ["keep.txt"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["a.md", "README-secret.md"], ["README.md"]),
        ("a.b$(c)", ["a.b$(c)"], ["axb$(c)"]),
        ("!lonely", [], ["lonely"]),
        (".git\n.env", [".git/HEAD", ".env"], [".gitignore", ".env.example"]),
    ],
)
def test_patterns_match_as_docker_matches_them(patterns: str, ignored: list[str], kept: list[str]) -> None:
    """The last pattern that matches a path, or a folder it is in, decides."""
    rules = Ignore(patterns)

    assert ignored == [path for path in [*ignored, *kept] if rules.matches(path)]


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return root


def test_an_ignored_folder_is_searched_for_exceptions(tmp_path: Path) -> None:
    """A file is asked back out of a folder that is left out, when the pattern names the folder."""
    root = _tree(tmp_path, ".dockerignore", "src/keep/a.py", "src/drop.py", "docs/b.md")
    (root / ".dockerignore").write_text("src\ndocs\n!src/keep\n!**/b.md\n")

    # `!**/b.md` does not begin with `docs/`, so Docker does not look into docs for it.
    assert [".dockerignore", "src/keep", "src/keep/a.py"] == included(root)


def test_without_dockerignore_everything_goes(tmp_path: Path) -> None:
    """`.git` and `.env` too: a trap of the real CLI that the rack must meet (convox-facts 2.5)."""
    root = _tree(tmp_path, ".git/HEAD", ".env", "app/main.py")

    assert [".env", ".git", ".git/HEAD", "app", "app/main.py"] == included(root)


def test_the_archive_holds_modes_links_and_no_root(tmp_path: Path) -> None:
    """A tar.gz with paths relative to the folder; links are stored, not followed."""
    root = _tree(tmp_path / "app", "bin/run", "Dockerfile")
    (root / "bin/run").chmod(0o755)
    (root / "link").symlink_to("/etc/passwd")

    with tarfile.open(fileobj=io.BytesIO(pack(str(root))), mode="r:gz") as archive:
        members = {member.name: member for member in archive}

    assert ["Dockerfile", "bin", "bin/run", "link"] == list(members)
    assert 0o755 == members["bin/run"].mode & 0o777
    assert ("/etc/passwd", True) == (members["link"].linkname, members["link"].issym())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Go's words, with the whole path (`build-id-nodir`)."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandError) as caught:
        pack("nosuchdir")

    assert f"lstat {os.getcwd()}/nosuchdir: no such file or directory" == str(caught.value)  # noqa: PTH109
