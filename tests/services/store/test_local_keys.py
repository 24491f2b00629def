"""Master keys and the ledger on a local disk: for their owner alone, whole after a crash, gone once destroyed."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from services.store.errors import KeysUnavailable, Unreadable
from services.store.key_provider import Erasure
from services.store.local_keys import LEDGER, LocalKeys


def erasure(number: int) -> Erasure:
    return Erasure(f"decision-{number}", "document", f"document-{number}", number)


def test_an_epoch_is_kept_until_it_is_destroyed(tmp_path: Path) -> None:
    """Its number never comes back, and its bytes are nowhere in the directory."""
    keys = LocalKeys(tmp_path / "keys")
    first, second = keys.begin(0), keys.begin(0)
    secret = keys.secret(first)
    assert (first, second, len(secret), secret == keys.secret(second)) == (1, 2, 32, False)
    keys.destroy(first)
    keys.destroy(first)
    assert keys.epochs() == {second}
    assert not any(secret in path.read_bytes() for path in (tmp_path / "keys").iterdir())
    with pytest.raises(Unreadable):
        keys.secret(first)
    assert keys.begin(7) == 8


def test_a_new_key_is_never_half_there(tmp_path: Path) -> None:
    """A crash while it was written leaves no epoch, and the next begins all the same."""
    keys = LocalKeys(tmp_path)
    (tmp_path / "epoch-1.key.new").write_bytes(b"half")
    assert keys.epochs() == frozenset()
    assert len(keys.secret(keys.begin(0))) == 32


@pytest.mark.parametrize("spoil", [lambda p: p.chmod(0o750), lambda p: (p.rmdir(), p.touch())], ids=["open", "file"])
def test_a_directory_that_cannot_be_trusted_is_refused(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """Others could read it, or it is none."""
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    spoil(folder)
    with pytest.raises(KeysUnavailable):
        LocalKeys(folder)


def test_a_damaged_key_opens_nothing(tmp_path: Path) -> None:
    """A file cut short is no key."""
    keys = LocalKeys(tmp_path)
    keys.begin(0)
    (tmp_path / "epoch-1.key").write_bytes(b"short")
    with pytest.raises(Unreadable):
        keys.secret(1)


def test_the_ledger_holds_each_erasure_once(tmp_path: Path) -> None:
    """In order, also after a line that a crash cut short."""
    keys = LocalKeys(tmp_path)
    keys.add_erasures([erasure(1), erasure(2)])
    with (tmp_path / LEDGER).open("a") as ledger:
        ledger.write('\n{"id": "decision-3", "ki')
    keys.add_erasures([erasure(2), erasure(3)])
    assert keys.erasures() == (erasure(1), erasure(2), erasure(3))


def begin(folder: Path) -> int:
    """In another process."""
    return LocalKeys(folder).begin(0)


def test_several_processes_never_draw_one_epoch(tmp_path: Path) -> None:
    """They wait for one another."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert sorted(pool.map(begin, [tmp_path] * 20)) == list(range(1, 21))
