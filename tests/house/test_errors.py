"""No failure disappears."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.repository import modules

BROAD = {"Exception", "BaseException"}


def is_broad(caught: ast.expr | None) -> bool:
    """Whether an except clause catches every error."""
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or ast.unparse(name).removeprefix("builtins.") in BROAD for name in names)


def is_dealt_with(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises, or does something with the error that it caught."""
    inside = [node for statement in handler.body for node in ast.walk(statement)]
    uses = any(isinstance(node, ast.Name) and node.id == handler.name for node in inside)
    return uses or any(isinstance(node, ast.Raise) for node in inside)


def swallowed(tree: ast.Module) -> Iterator[int]:
    """The lines where any error whatever is caught and dropped."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not is_dealt_with(node):
            yield node.lineno
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress") and any(map(is_broad, node.args)):
            yield node.lineno


def test_no_error_is_swallowed() -> None:
    """Who catches every error raises it again or passes it on."""
    found = [f"{path}:{line}" for path, tree in modules("policy", "services") for line in swallowed(tree)]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept:\n    pass",
        "try:\n    f()\nexcept Exception:\n    log('failed')",
        "try:\n    f()\nexcept (ValueError, BaseException) as error:\n    g()",
        "with contextlib.suppress(Exception):\n    f()",
    ],
)
def test_a_swallowed_error_is_seen(source: str) -> None:
    """Each way to drop an error is recognised."""
    assert list(swallowed(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept ValueError:\n    pass",
        "try:\n    f()\nexcept Exception:\n    undo()\n    raise",
        "try:\n    f()\nexcept Exception as error:\n    answer(error)",
    ],
)
def test_an_error_that_is_dealt_with_is_not(source: str) -> None:
    """A narrow clause, one that raises and one that passes the error on are let through."""
    assert not list(swallowed(ast.parse(source)))
