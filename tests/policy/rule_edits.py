"""Edits of the project's rules, and what `dmp rules diff` tells of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


RULES = ROOT / "rules"


def edited(folder: Path, file: str, old: str, new: str) -> Path:
    """The rules in a folder of their own, one text in place of another in one file."""
    target = folder / "rules"
    shutil.copytree(RULES, target)
    path = target / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return target


def run_diff(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "services.cli", "rules", "diff", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, cwd=cwd, check=False, encoding="utf-8")


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it told as JSON."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found
