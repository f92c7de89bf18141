"""The object store: uploaded sources, on disk, until a build has unpacked them (convox-facts 5.3)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

MAX_OBJECT_BYTES = 1024**3


class ObjectTooLarge(Exception):
    """More bytes than one object may have; nothing of it is kept."""


class Objects:
    """Bytes by app and key. A key never becomes a path: its digest does."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_OBJECT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    async def put(self, app: str, key: str, chunks: AsyncIterator[bytes], announced: int = 0) -> str:
        """
        Store and return the URL that a build is given. Raises ObjectTooLarge.

        `announced` is how many bytes the client says there are, 0 if it does not: too many are not even read.
        """
        if announced > self._max_bytes:
            raise ObjectTooLarge
        path = self._path(app, key)
        scratch = path.with_suffix(".new")
        size = 0
        try:
            with scratch.open("wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self._max_bytes:
                        raise ObjectTooLarge
                    file.write(chunk)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
        return f"object://{app}/{key}"

    def find(self, app: str, key: str) -> Path | None:
        path = self._path(app, key)
        return path if path.is_file() else None

    def find_url(self, url: str) -> Path | None:
        """The object a build's `url` names; None if it is not one of ours."""
        scheme, _, rest = url.partition("://")
        app, _, key = rest.partition("/")
        return self.find(app, key) if scheme == "object" else None

    def delete(self, app: str, key: str) -> None:
        self._path(app, key).unlink(missing_ok=True)

    def clear(self) -> None:
        """What was uploaded before the rack last went down is nobody's any more."""
        for path in self._folder.iterdir():
            path.unlink()

    def _path(self, app: str, key: str) -> Path:
        return self._folder / hashlib.sha256(f"{app}/{key}".encode()).hexdigest()
