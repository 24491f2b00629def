"""What the tests of the house read: the repository's files and the syntax trees of its modules."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[str, ...]:
    """Every file that is committed or would be, by its path in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(sorted(path for path in set(listed) if path and (ROOT / path).is_file()))


def below(*folders: str, suffix: str = "") -> list[str]:
    """The files of some top-level folders, without what is generated."""
    inside = tuple(f"{folder}/" for folder in folders)
    return [path for path in files() if path.startswith(inside) and path.endswith(suffix) and not is_generated(path)]


def is_generated(path: str) -> bool:
    """Whether a program writes the file."""
    return path.startswith("protos/gen/")


def text(path: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules below some top-level folders, each with its syntax tree."""
    for path in below(*folders, suffix=".py"):
        yield path, ast.parse(text(path), path)


def is_one_sentence(docstring: str | None) -> bool:
    """Whether a docstring is one paragraph that ends in its only full stop."""
    line = " ".join((docstring or "").split())
    return line.endswith(".") and ". " not in line and "\n\n" not in (docstring or "")
