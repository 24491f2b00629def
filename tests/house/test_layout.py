"""Everything has its place, and says what it is for."""

import ast
import re
import tomllib
from pathlib import PurePosixPath

import pytest

from tests.house.repository import below, files, is_one_sentence, modules, text

TOP_LEVEL = {
    *("protos", "policy", "services", "rules", "tests"),
    *("pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "requirements.lock", ".ci"),
    *(".gitignore", ".gitattributes", ".editorconfig", ".python-version"),
}
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "base", "manager", "managers"}
# Put together, so that this file names none either.
HOSTS = "pypi|pythonhosted|npmjs"
WORD = "index"
# The resolver's own option that keeps addresses out of the lock is no address.
REGISTRY = re.compile(rf"(?:{HOSTS})\.(?:org|com)|(?<![\w-])(?:--)?(?:extra-)?{WORD}[-_]url\b|--find[-]links")


def says_nothing(path: str) -> bool:
    """Whether a module's name tells only that its author had no name for it."""
    return not NAMES_THAT_SAY_NOTHING.isdisjoint(PurePosixPath(path).stem.split("_"))


def explains(path: str) -> bool:
    """Whether a file tells what its folder is for: a README, a package's docstring, a proto's opening comment."""
    file = PurePosixPath(path)
    if file.name == "__init__.py":
        return ast.get_docstring(ast.parse(text(path))) is not None
    return file.name == "README.md" or (file.suffix == ".proto" and text(path).startswith("//"))


def folders_of(paths: list[str]) -> set[str]:
    """The folders that hold files themselves, not only other folders."""
    return {str(PurePosixPath(path).parent) for path in paths}


def test_the_top_level_is_fixed() -> None:
    """Nothing stands at the top level but what the user put there."""
    assert {path.partition("/")[0] for path in files()} - TOP_LEVEL == set()


def test_modules_are_named_by_what_they_are() -> None:
    """No module is called util, helper, common, base or manager."""
    assert [path for path in below("policy", "services", "tests", "protos", suffix=".py") if says_nothing(path)] == []


def test_packages_say_in_one_sentence_what_they_are() -> None:
    """Every package of the engine and the services opens with one sentence."""
    paths = below("policy", "services", suffix=".py")
    packages = {folder for folder in folders_of(paths) if "/migrations" not in folder}
    openings = {path.removesuffix("/__init__.py"): tree for path, tree in modules("policy", "services")}
    unsaid = [
        name for name in packages if name not in openings or not is_one_sentence(ast.get_docstring(openings[name]))
    ]
    assert sorted(unsaid) == []


def test_folders_say_what_they_are_for() -> None:
    """Every folder that holds rules, protos or tests has something that explains it."""
    paths = below("rules", "protos", "tests")
    assert sorted(folders_of(paths) - folders_of([path for path in paths if explains(path)])) == []


def test_no_file_names_a_registry() -> None:
    """A clone installs from whatever registry its machine is set up for."""
    read = (path for path in files() if not path.endswith(".ttf"))
    assert [path for path in read if REGISTRY.search(text(path))] == []


def test_grpc_is_of_one_release() -> None:
    """The packages of gRPC are pinned to the same release, as their stubs and runtime must match."""
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert len({name.partition("==")[2] for name in wanted if name.startswith("grpcio")}) == 1


@pytest.mark.parametrize("path", ["policy/util.py", "services/grpc_helpers.py", "services/store/base.py"])
def test_a_name_that_says_nothing_is_seen(path: str) -> None:
    """Such a name is recognised alone and as a part of another."""
    assert says_nothing(path)


@pytest.mark.parametrize(
    ("docstring", "held"),
    [
        ("Decides.", True),
        ("Decides. Traces.", False),
        ("Decides", False),
        ("A\n\nB.", False),
        ("A\nb.", True),
        (None, False),
    ],
)
def test_one_sentence_is_one(docstring: str | None, held: bool) -> None:
    """A docstring of none, of two or of half a sentence is recognised."""
    assert is_one_sentence(docstring) is held


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (f"--{WORD}-url https://x", True),
        (f"extra-{WORD}-url = x", True),
        ("https://{}.org/simple".format(HOSTS.partition("|")[0]), True),
        (f"--no-emit-{WORD}-url", False),
    ],
)
def test_a_registry_is_seen(line: str, named: bool) -> None:
    """A registry's address is recognised, and the option that keeps addresses out is not taken for one."""
    assert bool(REGISTRY.search(line)) is named
