"""Statements built once with SQLAlchemy Core, compiled once per dialect, and executed on the driver's own cursor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Column, FromClause, Integer, Subquery, Table, bindparam, insert, literal_column, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from services.store.tables import Text

_DIALECTS: Mapping[str, Dialect] = {"sqlite": sqlite.dialect(paramstyle="named"), "postgresql": psycopg.dialect()}  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The text of a statement in one dialect, and the constants that it carries."""

    text: str
    constants: Mapping[str, Any]

    def rows(self, number: int) -> str:
        """An insert of so many rows at once, whose values are given by place, row after row."""
        head, _, row = self.text.partition(" VALUES ")
        places = f"({', '.join('?' * (row.count(',') + 1))})"
        return f"{head} VALUES {', '.join([places] * number)}"

    def bound(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """All parameters of one execution."""
        return {**self.constants, **values} if self.constants else values


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A Core statement; each of its parameters without a constant must be given, by name, at every execution."""

    core: ClauseElement
    columns: tuple[str, ...] = ()
    """For an insert or update, the columns that are given values by name."""
    _prepared: dict[str, Prepared] = field(default_factory=dict, repr=False)

    def on(self, dialect: str) -> Prepared:
        """The statement as this dialect writes it, compiled at first use."""
        found = self._prepared.get(dialect)
        if found is None:
            found = self._prepared[dialect] = self._compile(_DIALECTS[dialect])
        return found

    def _compile(self, dialect: Dialect) -> Prepared:
        keys = list(self.columns) or None
        options = {"render_postcompile": True}
        # Every statement here is SQL, so its compiler is SQL's, which the signature of `compile` does not know.
        compiled = cast("SQLCompiler", self.core.compile(dialect=dialect, column_keys=keys, compile_kwargs=options))
        given = {name for name, part in compiled.binds.items() if part.required}
        params = compiled.construct_params(_check=False)
        return Prepared(str(compiled), {name: value for name, value in params.items() if name not in given})


def is_fit(text: str) -> bool:
    """Whether both databases keep a text exactly as it is.

    DANGER: SQLite cuts a text taken out of JSON at its first NUL, so that one person would become another;
    PostgreSQL refuses a NUL or an unpaired surrogate, and with it the whole statement and everybody else's values.
    """
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def inserted(table: Table, *left_out: str) -> Statement:
    """An insert that is given every column but those left out."""
    return Statement(insert(table), tuple(column.name for column in table.columns if column.name not in left_out))


def given(column: Column[Any], name: str | None = None) -> ColumnElement[bool]:
    """That the column equals the parameter of this name, by default its own."""
    return column == bindparam(name or column.name, type_=column.type)


def constant(text: str) -> ColumnElement[str]:
    """A word of ours as it stands in the statement itself, and not as a parameter; never anything from a request.

    SQLite plans a statement anew at every execution if a parameter of it is compared with what a partial index is
    about: that took longer than all the rest of loading facts.
    """
    # DANGER: nothing is escaped here.
    if not text.isascii() or "'" in text or ":" in text or "%" in text:
        raise AssertionError("a constant is a plain word")
    return literal_column(f"'{text}'", Text)


class _JsonArray(FunctionElement[Any]):
    """The elements of a JSON array, as rows with one column `value`: texts, or arrays that are still JSON."""

    name = "json_array"
    inherit_cache = True


class _JsonItem(FunctionElement[Any]):
    """The element of a JSON array at a place."""

    name = "json_item"
    inherit_cache = True


@compiles(_JsonArray, "sqlite")
def _array_on_sqlite(element: _JsonArray, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_JsonArray, "postgresql")
def _array_on_postgresql(element: _JsonArray, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


@compiles(_JsonItem, "sqlite")
def _item_on_sqlite(element: _JsonItem, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    array, place = (compiler.process(part, **options) for part in element.clauses)
    return f"json_extract({array}, '$[{place}]')"


@compiles(_JsonItem, "postgresql")
def _item_on_postgresql(element: _JsonItem, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    array, place = (compiler.process(part, **options) for part in element.clauses)
    found = f"(CAST({array} AS JSON) ->> {place})"
    whole = compiler.dialect.type_compiler_instance.process(element.type) if isinstance(element.type, Integer) else ""
    return f"CAST({found} AS {whole})" if whole else found


def arrays(parameter: str, name: str) -> FromClause:
    """The elements of a JSON array given as a parameter, as rows with one column `value`."""
    return elements(bindparam(parameter, type_=Text), name)


def elements(array: ColumnElement[Any], name: str) -> FromClause:
    """The same of an array that is bound already."""
    return _JsonArray(array).table_valued("value", name=name)


def array_of(texts: Iterable[str]) -> str:
    """The value of such a parameter: a JSON array."""
    # What no database keeps names nothing.
    return json.dumps([text for text in texts if is_fit(text)])


def item(array: ColumnElement[Any], place: int, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """The element at a place of such a row that is itself an array."""
    found = _JsonItem(array, literal_column(str(place)))
    found.type = type_
    return found


def texts(parameter: str) -> Subquery:
    """The texts of a JSON array given as a parameter, as rows with one column `value`."""
    return select(arrays(parameter, "text").c.value).subquery()
