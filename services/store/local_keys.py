"""Master keys and the ledger of erasures as files of one directory, for its owner's eyes; it is not to be backed up."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from services.store.envelope import SECRET, drawn
from services.store.errors import EpochGone, KeysUnavailable, Unreadable
from services.store.key_provider import Erasure

LEDGER: Final = "erasures.jsonl"
_OWNER_ONLY = 0o600


class LocalKeys:
    """A KeyProvider on a local disk; one directory may serve several processes of one machine."""

    def __init__(self, directory: Path) -> None:
        """Keep the keys in this directory, made if need be; raises KeysUnavailable."""
        self.directory = directory
        with _told():
            # One by one, for the mode is only that of the last.
            for folder in (*reversed(directory.parents), directory):
                folder.mkdir(mode=0o700, exist_ok=True)
            if directory.stat().st_mode & 0o077:
                raise KeysUnavailable(f"others than its owner may look into `{directory}`: chmod 700 it")

    def begin(self, after: int) -> int:
        """As KeyProvider."""
        with _told(), self._alone():
            epoch = max(self.epochs() | {after}) + 1
            written = self.directory / f"{_name(epoch)}.new"
            _write(written, drawn(), os.O_TRUNC)
            written.rename(self.directory / _name(epoch))
            self._sync()
            return epoch

    def epochs(self) -> frozenset[int]:
        """As KeyProvider."""
        with _told():
            return frozenset(int(path.stem.partition("-")[2]) for path in self.directory.glob("epoch-*.key"))

    def secret(self, epoch: int) -> bytes:
        """As KeyProvider."""
        with _told():
            try:
                found = (self.directory / _name(epoch)).read_bytes()
            except FileNotFoundError:
                raise EpochGone("the master key of this epoch is destroyed") from None
        if len(found) != SECRET:
            raise Unreadable("the master key of this epoch is damaged")
        return found

    def destroy(self, epoch: int) -> None:
        """As KeyProvider."""
        path = self.directory / _name(epoch)
        with _told(), self._alone(), contextlib.suppress(FileNotFoundError):
            # A disk that writes elsewhere keeps the old bytes for a while; a KMS does not.
            _write(path, bytes(SECRET), 0)
            path.unlink()
            self._sync()

    def erasures(self) -> tuple[Erasure, ...]:
        """As KeyProvider."""
        with _told():
            try:
                lines = (self.directory / LEDGER).read_text("utf-8").splitlines()
            except FileNotFoundError:
                return ()
            # A line cut short by a crash was never told as kept, and is added again from the database.
            return tuple(Erasure(**json.loads(line)) for line in lines if line.endswith("}"))

    def add_erasures(self, erasures: Iterable[Erasure]) -> None:
        """As KeyProvider."""
        with _told(), self._alone():
            known = {erasure.id for erasure in self.erasures()}
            new = [erasure for erasure in erasures if erasure.id not in known]
            if new:
                # Begun with a line break, for the last line may have been cut short.
                lines = "".join(f"\n{json.dumps(asdict(erasure))}" for erasure in new)
                _write(self.directory / LEDGER, lines.encode(), os.O_APPEND)
                self._sync()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes waiting."""
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _sync(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(epoch: int) -> str:
    return f"epoch-{epoch}.key"


def _write(path: Path, data: bytes, how: int) -> None:
    """Write bytes that are on the disk when this returns."""
    # Nothing is made where a key is only overwritten.
    made = os.O_CREAT if how else 0
    descriptor = os.open(path, os.O_WRONLY | made | how | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell the system's errors by the store's own."""
    try:
        yield
    except (OSError, ValueError, TypeError) as error:
        raise KeysUnavailable(f"the directory of the keys cannot be used: {type(error).__name__}") from error
