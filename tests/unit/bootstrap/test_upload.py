from __future__ import annotations

from pathlib import Path

from deployer.bootstrap.upload import NAMED_AT_ONCE, upload_of


def test_what_is_uploaded_is_counted(tmp_path: Path) -> None:
    """All but what .dockerignore names."""
    (tmp_path / "app.py").write_bytes(b"x" * 10)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "big.js").write_bytes(b"x" * 1000)
    (tmp_path / ".dockerignore").write_bytes(b"node_modules\n")

    upload = upload_of(tmp_path)

    assert (2, 23, ()) == (upload.files, upload.size_bytes, upload.problems)


def test_secrets_are_named_with_the_way_out(tmp_path: Path) -> None:
    """By path, never by content; once .dockerignore has them, nothing is in the way."""
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-canary")

    [problem] = upload_of(tmp_path).problems
    (tmp_path / ".dockerignore").write_text(".env\n")

    assert (".env holds env values, and would be uploaded with the source", "add .env to .dockerignore") == (
        problem.what,
        problem.hint,
    )
    assert () == upload_of(tmp_path).problems


def test_many_are_told_in_few_lines(tmp_path: Path) -> None:
    """A folder full of keys fills no screen."""
    for n in range(20):
        (tmp_path / f"{n}.p12").touch()

    problems = upload_of(tmp_path).problems

    assert NAMED_AT_ONCE + 1 == len(problems)
    assert "15 more files like these" == problems[-1].what


def test_folder_that_is_not_there_is_no_business_of_ours(tmp_path: Path) -> None:
    """Its missing convox.yml is told already."""
    assert 0 == upload_of(tmp_path / "none").files
