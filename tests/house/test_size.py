"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator

from tests.house.repository import below, modules, text

FILE_LINES = 400
FUNCTION_LINES = 50
USUAL_FUNCTION_LINES = 35
"""Nine functions of ten are shorter than this."""


def functions(path: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The functions of a module, each by its place and with its number of lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def too_long(lengths: dict[str, int]) -> list[str]:
    """The functions that are too long, and the longest ones if more than one in ten is unusual."""
    unusual = [place for place, lines in lengths.items() if lines >= USUAL_FUNCTION_LINES]
    over = [place for place, lines in lengths.items() if lines > FUNCTION_LINES]
    return over or (unusual if len(unusual) * 10 > len(lengths) else [])


def test_files_are_short() -> None:
    """No module of the engine or the services has more than 400 lines."""
    lengths = {path: text(path).count("\n") for path in below("policy", "services", suffix=".py")}
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}


def test_functions_are_short() -> None:
    """No function has more than 50 lines, and nine of ten have fewer than 35."""
    # A migration lists columns, and is never changed once a database has been through it.
    read = ((path, tree) for path, tree in modules("policy", "services") if "/migrations/" not in path)
    assert too_long(dict(entry for path, tree in read for entry in functions(path, tree))) == []


def test_a_long_function_is_seen() -> None:
    """One line over the limit is too long, and so are many that only reach the usual one."""
    source = "def f():\n" + "    x = 1\n" * FUNCTION_LINES
    assert too_long(dict(functions("a.py", ast.parse(source)))) == ["a.py:1 f"]
    assert too_long({"a": USUAL_FUNCTION_LINES, "b": 1}) == ["a"]
    assert too_long({"a": USUAL_FUNCTION_LINES, **{str(number): 1 for number in range(9)}}) == []
