"""`dmp keys`: copies of the wrapped keys, kept apart from the backups of the database."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.app import Json, keys

if TYPE_CHECKING:
    from services.store.key_provider import KeyProvider

File = Annotated[Path, typer.Argument(help="a file of JSON lines, apart from every backup of the database")]


@keys.command("save")
def save_keys(file: File, as_json: Json = False) -> None:
    """Save the wrapped keys of DMP_DATABASE_URL; each change of the master key makes older copies useless."""
    from services.store import key_copies

    _done("saved", _with_keys(key_copies.save, file), as_json)


@keys.command("load")
def load_keys(file: File, as_json: Json = False) -> None:
    """Put saved keys into a restored database, and destroy again what was destroyed since."""
    from services.store import key_copies

    _done("loaded", _with_keys(key_copies.load, file), as_json)


def _with_keys(act: Callable[[str, KeyProvider, Path], int], file: Path) -> int:
    from services.runtime import settings
    from services.store.errors import KeysUnavailable, StartRefused
    from services.store.local_keys import LocalKeys

    try:
        return act(settings.database_url(os.environ), LocalKeys(settings.keys(os.environ)), file)
    except (StartRefused, KeysUnavailable) as refused:
        raise settings.SettingsRefused([str(refused)]) from refused
    except OSError as error:
        raise settings.SettingsRefused([f"`{file}` cannot be used: {error.strerror}"]) from error


def _done(what: str, count: int, as_json: bool) -> None:
    typer.echo(json.dumps({what: count}) if as_json else f"{count} keys {what}")
