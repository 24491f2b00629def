"""`dmp rules explain` as an officer, a refused person's adviser and a program use it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from policy.explain.words import Words
from policy.ruleset import load

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "rules" / "cases.jsonl"


def _explain(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "rules", "explain", *arguments],
        input=given,
        capture_output=True,
        cwd=ROOT,
        check=False,
        env={"COLUMNS": "160", "PATH": ""},
    )


def _line(name: str) -> str:
    """The line of a worked case, from 1."""
    lines = CASES.read_text("utf-8").splitlines()
    return next(str(number) for number, line in enumerate(lines, 1) if json.loads(line)["id"] == name)


def test_an_officer_reads_answer_reasons_changes_and_facts() -> None:
    """In that order, in French unless asked otherwise; the hidden document's rule, and what would open it."""
    done = _explain("--request", str(CASES), "--line", _line("T031"))
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    parts = ["DENY · NOT_FOUND", "Pourquoi", "VIS-03", "Ce qui changerait la réponse", "retirer MASQUE_PS", "Les faits"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    english = _explain("--request", str(CASES), "--line", _line("T031"), "--lang", "en").stdout.decode()
    assert "What would change the answer" in english
    assert "remove MASQUE_PS" in english


def test_who_can_change_a_label_is_told_label_by_label() -> None:
    """The holder masks; what waits for an interview is revealed by a professional, and the holder cannot."""
    masked = _explain("--request", str(CASES), "--line", _line("T031")).stdout.decode()
    [change] = [line for line in masked.splitlines() if "retirer MASQUE_PS" in line]
    assert "le titulaire" in change
    waiting = _explain("--request", str(CASES), "--line", _line("T039")).stdout.decode()
    [change] = [line for line in waiting.splitlines() if "retirer INVISIBLE_PATIENT" in line]
    assert "un professionnel, après l'entretien" in change
    assert "le titulaire" not in change


def test_a_person_reads_nothing_of_what_is_hidden() -> None:
    """The same request for the person: the sentence of NOT_FOUND, no rule, no label."""
    text = _explain("--for", "person", "--request", str(CASES), "--line", _line("T031")).stdout.decode()
    assert "Cela n'existe pas, ou n'existe pas pour vous." in text
    assert not [word for word in ("VIS-03", "MASQUE", "masqué", "MOD-08") if word in text]
    form = json.loads(_explain("--for", "person", "--json", "--request", str(CASES), "--line", _line("T031")).stdout)
    assert (form["external"], form["reasons"], form["remedies"]) == ("NOT_FOUND", [], [])


def test_a_person_reads_alike_of_hidden_missing_and_deleted() -> None:
    """Byte for byte, on the terminal too: no stage tells why it is not found (VIS-18)."""
    hidden = json.loads(CASES.read_text("utf-8").splitlines()[int(_line("T031")) - 1])
    deleted = {**hidden, "document": {**hidden["document"], "status": "Deleted"}}
    told = {
        _explain("--for", "person", given=json.dumps(request).encode()).stdout
        for request in (hidden, {**hidden, "document": None}, deleted)
    }
    assert len(told) == 1
    assert b"NOT_FOUND" in told.pop()


def test_a_program_reads_the_same_as_json() -> None:
    """From standard input: the decision of `decide`, the rules with their tests, the facts, the sets of changes."""
    lines = CASES.read_bytes().splitlines()
    form: dict[str, Any] = json.loads(_explain("--json", given=lines[int(_line("T031")) - 1]).stdout)
    assert (form["effect"], form["external"], form["proven"]) == ("DENY", "NOT_FOUND", True)
    assert {"attribute": "document.labels", "member": "MASQUE_PS", "from": True, "to": False} in [
        change for other in form["otherwise"] for change in other["changes"]
    ]
    [fired] = [rule for rule in form["fired"] if rule["rule"] == "VIS-03"]
    assert fired["place"].startswith("rules/visibility.yaml:")
    assert all(test["fr"] and test["en"] for test in fired["tests"])
    assert {fact["attribute"] for fact in form["facts"]} >= {"subject.kind", "document.labels"}


def test_input_that_cannot_be_opened(tmp_path: Path) -> None:
    """Exit 2 and what to do: no file, no such line, several requests, no JSON, a profile that is not there."""
    two = tmp_path / "two.jsonl"
    two.write_text('{"action": "doc.read"}\n{"action": "doc.list"}\n', "utf-8")
    for arguments, told in (
        (["--request", str(tmp_path / "none.json")], "No such file"),
        (["--request", str(two), "--line", "3"], "there is no line 3"),
        (["--request", str(two)], "choose one with --line"),
        (["--profile", "law-2040", "--request", str(two), "--line", "1"], "law-2023"),
    ):
        done = _explain(*arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert told in done.stderr.decode()
    assert _explain(given=b"\xff").returncode == 2


def test_an_ill_typed_request_is_explained_by_its_faults() -> None:
    """What can be read but is no request is a denial, told with each fault."""
    text = _explain(given=b'{"action": "doc.read", "subject": 7}').stdout.decode()
    assert "La demande est incomplète ou mal codée" in text
    assert "subject: must be an object" in text


def test_a_time_says_that_it_is_of_paris() -> None:
    """The clock of Paris is two hours ahead of the request's in June, and is named."""
    vocabulary = load(Path(__file__).parents[2] / "rules").vocabulary
    moment = datetime(2011, 6, 15, 12, tzinfo=UTC)
    assert Words(vocabulary, "fr").value(moment) == "2011-06-15 14:00 (heure de Paris)"
    assert Words(vocabulary, "en").value(moment) == "2011-06-15 14:00 (Paris time)"
