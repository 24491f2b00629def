"""`dmp rules export-abac` and `import-abac` as officers and programs use them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def dmp(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, with its streams as text."""
    command = [sys.executable, "-m", "services.cli", "rules", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policies of a profile, written to a file."""
    path = tmp_path_factory.mktemp("abac") / "policies.json"
    done = dmp("export-abac", "--profile", "law-2023", "--to", path)
    assert done.returncode == 0, done.stderr
    assert "NTF-05" in done.stderr
    assert "py-abac has no obligations" in done.stderr
    assert f"écrit\u00a0: {path}" in done.stderr
    assert "ensuite\u00a0: les donner à py-abac" in done.stderr
    return path


def test_an_export_tells_of_every_rule(exported: Path) -> None:
    """For programs the account stands beside the policies, which are those of the file."""
    told = json.loads(dmp("export-abac", "--profile", "law-2023", "--json").stdout)
    assert told["policies"] == json.loads(exported.read_text("utf-8"))
    assert all((rule["policies"] > 0) is (rule["left_out"] is None) for rule in told["rules"])
    assert {"element", "path", "from"} == told["resolved"][0].keys()


def test_what_was_exported_is_imported(exported: Path) -> None:
    """The rules go to standard output, what is to be done to standard error."""
    done = dmp("import-abac", exported, "--profile", "law-2023")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# yaml-language-server: $schema=schema/rules.schema.json\n")
    assert done.stdout.count("\n- id: ") == len(json.loads(exported.read_text("utf-8")))
    assert "relire ces règles" in done.stderr
    assert "review these rules" in dmp("import-abac", exported, "--profile", "law-2023", "--lang", "en").stderr


@pytest.mark.parametrize("uid", [" R- ", "r-", "my rule!", "R-1\n"])
def test_an_id_that_no_rule_may_have_is_refused(tmp_path: Path, uid: str) -> None:
    """With its place, and what an id is like."""
    policy = {
        "uid": uid, "effect": "allow", "targets": {"action_id": "doc.read"},
        "rules": {"subject": {"$.kind": {"condition": "Equals", "value": "HOLDER"}}},
    }  # fmt: skip
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy), "utf-8")
    done = dmp("import-abac", file)
    assert done.returncode == 1
    assert f"{file}:1:9: `{uid}` is no id such as `ABC-12`" in done.stderr
    assert done.stdout == ""


def test_an_unsound_file_writes_nothing(tmp_path: Path) -> None:
    """Every fault is told with its place, the exit is 1, and there is no file."""
    bad, to = tmp_path / "bad.json", tmp_path / "rules.yaml"
    bad.write_text(
        '[{"uid": "A", "effect": "deny", "priority": 3,\n  "rules": {"subject": {"$[0]": {}}}, "targets": {}}]'
    )
    done = dmp("import-abac", bad, "--to", to)
    assert done.returncode == 1
    assert f"{bad}:1:45: a priority" in done.stderr
    assert f"{bad}:2:25: a path is" in done.stderr
    assert done.stdout == ""
    assert not to.exists()


def test_nothing_is_written_over_a_file(exported: Path) -> None:
    """A file that stands already is left as it is, and so is a folder that does not."""
    before = exported.read_bytes()
    done = dmp("export-abac", "--to", exported)
    assert (done.returncode, exported.read_bytes()) == (2, before)
    assert "cannot be written: File exists" in done.stderr


@pytest.mark.parametrize("arguments", [("import-abac", "nowhere.json"), ("export-abac", "--profile", "law-2099")])
def test_what_cannot_be_opened_is_2(arguments: tuple[str, ...]) -> None:
    """A file that is not there, a profile that is not known."""
    done = dmp(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip()
