"""A folder of rule files as it stood in a git revision, read without touching the worktree."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from policy.cli.app import name_of


class NoRevision(Exception):
    """Neither a folder nor a revision that holds the rules."""


def folder_at(name: str, beside: Path, target: Path) -> tuple[Path, str]:
    """The folder called `name`; else the folder `beside` as it stood in that revision, unpacked into `target`.

    With it, how faults call it: as git does, for a revision. Raises NoRevision, with what to do.
    """
    if (folder := Path(name)).is_dir():
        return folder, name_of(folder)
    top = Path(_git(beside, name, "rev-parse", "--show-toplevel").decode().strip())
    inside = beside.resolve().relative_to(top.resolve()).as_posix()
    commit = _git(beside, name, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    archive = _git(top, name, "archive", commit.decode().strip(), inside)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(target, filter="data")
    return target / inside, f"{name}:{inside}"


def _git(where: Path, name: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(where), *arguments], capture_output=True, check=False)  # noqa: S603, S607  # the officer's own git, on a revision it verified
    except OSError:
        raise NoRevision(f"`{name}` is no folder, and git is not there to ask for a revision") from None
    if done.returncode:
        raise NoRevision(
            f"`{name}` is neither a folder of rule files nor a git revision that holds {where.name}/ "
            "(name a folder, or `HEAD~1`)"
        )
    return done.stdout
