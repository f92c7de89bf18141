"""The ledger of an app on this machine: the fallback, and a mirror."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from deployer.core.names import AppName, RackName
from deployer.ledger.book import Book, Unreadable
from deployer.ledger.places import parts_of, private_folder

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LocalFile:
    """
    `root/ledger/RACK/APP.json`, for us alone, replaced as a whole so that a kill leaves the old one or the new one.

    `root` is `places.state_root`. Raises Refused for names that could lead elsewhere.
    """

    def __init__(self, root: Path, rack: RackName, app: AppName) -> None:
        self._root = root
        self._rack, self._name = parts_of(rack, app)[0], f"{app}.json"

    def read(self) -> Book:
        """Empty where there is none yet. Raises OSError or Unreadable."""
        try:
            with private_folder(self._root, "ledger", self._rack, create=False) as folder:
                file = os.open(self._name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            return Book()
        with os.fdopen(file, "rb") as readable:
            raw = readable.read()
        try:
            return Book.parse(raw.decode())
        except UnicodeDecodeError:
            raise Unreadable("it is not text") from None

    def write(self, book: Book) -> None:
        """Raises OSError."""
        with private_folder(self._root, "ledger", self._rack) as folder:
            fresh = f".{self._name}.{secrets.token_hex(4)}"
            try:
                with os.fdopen(os.open(fresh, _NEW, 0o600, dir_fd=folder), "wb") as file:
                    file.write(book.text().encode())
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(fresh, self._name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with suppress(OSError):
                    os.unlink(fresh, dir_fd=folder)
                raise
            os.fsync(folder)
