"""Runs Alembic on a connection that is open already, without a file of settings and without a second lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

Move = Callable[[Config, str], None]
"""Alembic's upgrade or downgrade."""


def configuration(folder: Path, connection: Connection) -> Config:
    """Alembic's settings for the versions in this folder, run through this connection."""
    config = Config()
    # A percent sign would be taken for an interpolation.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade_sqlite(raw: sqlite3.Connection, folder: Path, move: Move = command.upgrade, version: str = "head") -> None:
    """Up or down to a version, all or nothing; the connection must be outside a transaction and stays open."""
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    # The driver begins nothing by itself, and a half-made table must not outlive a crash.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection, connection.begin():
        move(configuration(folder, connection), version)


def upgrade_postgres(
    raw: psycopg.Connection[Any], folder: Path, move: Move = command.upgrade, version: str = "head"
) -> None:
    """As `upgrade_sqlite`."""
    raw.autocommit = False
    engine = create_engine("postgresql+psycopg://", creator=lambda: raw, poolclass=StaticPool)
    try:
        with engine.connect() as connection, connection.begin():
            move(configuration(folder, connection), version)
    finally:
        raw.rollback()
        raw.autocommit = True
