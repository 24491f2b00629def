"""`dmp rules` as officers and programs use it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from policy.cli.app import tell_faults
from policy.errors import Fault, Place, RuleFaults
from policy.ruleset import load
from tests.policy.small_rules import VOCABULARY, table, written

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "rules" / "cases.jsonl"


def _dmp(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "rules", *arguments],
        input=given,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )


def _expected(case: dict[str, Any]) -> dict[str, Any]:
    wanted = {**case["expected"], "obligations": sorted(case["expected"]["obligations"])}
    wanted.pop("rules")
    return wanted


def test_the_worked_cases_are_decided_as_expected() -> None:
    """119 of 119 worked cases: effect, outward answer, obligations, visible documents, scope."""
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    done = _dmp("decide", given=CASES.read_bytes())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(answers)) == (0, 119)
    for case, answer in zip(cases, answers, strict=True):
        got = {key: answer[key] for key in ("effect", "external", "obligations", "visible", "scope") if key in answer}
        assert _expected(case) == {**got, "obligations": sorted(got["obligations"])}, case["id"]


def test_the_first_rule_told_is_the_one_expected() -> None:
    """At least one of the catalogue ids that a case names for people is among the rules of its answer."""
    answers = [json.loads(line) for line in _dmp("decide", given=CASES.read_bytes()).stdout.splitlines()]
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    told = [
        bool({*case["expected"]["rules"]} & {*answer["rules"]}) for case, answer in zip(cases, answers, strict=True)
    ]
    assert told.count(True) >= 116


UNREADABLE = [
    b"not json",
    b"[1, 2]",
    b'{"a": NaN}',
    b'{"action": "doc.read", "action": "doc.list"}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'"text"',
]


def test_an_unreadable_line_gives_an_error_and_the_command_goes_on() -> None:
    """Each unreadable line answers `error` on its own line, the readable ones are decided, exit 1."""
    good = CASES.read_bytes().splitlines()[0]
    done = _dmp("decide", given=b"\n".join([good, *UNREADABLE, good]) + b"\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [("error" in answer) for answer in answers] == [False, *[True] * len(UNREADABLE), False]


@pytest.mark.parametrize(
    "line", ["{}", '{"profile": "law-2040"}', '{"subject": 7, "record": null}', '{"at": "yesterday"}']
)
def test_a_readable_but_ill_typed_request_is_forbidden(line: str) -> None:
    """What can be read but is no request is a denial, not an error."""
    done = _dmp("decide", given=line.encode())
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["effect"], answer["external"]) == (0, "DENY", "FORBIDDEN")
    assert answer["rules"][0] == "ENV-01"


def test_a_lines_own_profile_beats_the_option() -> None:
    """The same request under --profile law-2023 is decided by the profile that its line names."""
    case = json.loads(CASES.read_bytes().splitlines()[0])
    given = "\n".join(json.dumps({**case, "profile": name}) for name in ("seed-2011", "law-2023"))
    unnamed = json.dumps({key: value for key, value in case.items() if key != "profile"})
    done = _dmp("decide", "--profile", "law-2023", given=f"{given}\n{unnamed}".encode())
    assert [json.loads(line)["profile"] for line in done.stdout.splitlines()] == ["seed-2011", "law-2023", "law-2023"]


FULL = (
    table(),
    table("late: true"),
    table("loud: true"),
    table("late: true, loud: true", permitted=False),
    table("late: true, loud: true, invited: true"),
)


STATEMENT = """- id: S
  title: {fr: a, en: a}
  basis: b
  actions: open
  when: {subject.kind: GUEST}
  permitted: never
"""


def test_planted_mistakes_and_junit(tmp_path: Path) -> None:
    """Every figure is told in JSON, the JUnit file is written, and too many survivors fail though every case holds."""
    folder = written(tmp_path / "rules", *FULL)
    assert _dmp("test", "--rules", str(folder)).returncode == 0
    done = _dmp("test", "--json", "--mutants", "all", "--junit", str(tmp_path / "j.xml"), "--rules", str(folder))
    report = json.loads(done.stdout)
    mutants = report.pop("mutants")
    assert (done.returncode, report.pop("held")) == (1, False)
    assert {fate: mutants[fate] for fate in ("caught", "survived", "equivalent", "refused")} == {
        "caught": 19, "survived": 4, "equivalent": 1, "refused": 0,
    }  # fmt: skip
    assert len(mutants["survivors"]) == 4
    request = mutants["survivors"][0].pop("request")
    assert (request["action"], request["subject"]["kind"]) == ("shut", "KEEPER")
    assert mutants["survivors"][0] == {
        "place": f"{folder}/doors.yaml:5:12",
        "kind": "action",
        "fr": "OPEN : l'action `shut` est ajoutée",
        "en": "OPEN: the action `shut` is added",
    }
    assert report == {
        "cases": 10, "failures": [], "rules": {"covered": 2, "of": 2, "not_covered": []},
        "conditions": {"seen": 8, "of": 8, "unseen": []},
    }  # fmt: skip
    assert b"19 of 23, 82.6 % (at least 90 %)" in (tmp_path / "j.xml").read_bytes()


def test_a_sample_is_said_to_be_one(tmp_path: Path) -> None:
    """So many are drawn, the same each time; the figure says what they tell of all, and only what is hopeless fails."""
    folder = written(tmp_path / "rules", *FULL)
    done = [_dmp("test", "--mutants", "8", "--lang", "en", "--rules", str(folder)) for _ in range(2)]
    assert done[0].stdout == done[1].stdout
    assert "a sample of 8 from 24" in done[0].stdout.decode()
    assert "`--mutants all` tells for sure" in done[0].stdout.decode()
    assert done[0].returncode == 0  # 82.6 % of all are caught: that eight can not tell
    hopeless = _dmp("test", "--json", "--mutants", "20", "--rules", str(written(tmp_path / "few", *FULL[:2])))
    mutants = json.loads(hopeless.stdout)["mutants"]
    assert mutants["interval"][1] < 0.9


def test_no_mistake_is_planted_where_a_case_fails(tmp_path: Path) -> None:
    """Such a case would catch every mutant: that none was planted is said."""
    folder = written(tmp_path / "rules", *FULL, table("late: true, loud: true"))
    done = _dmp("test", "--mutants", "8", "--rules", str(folder))
    assert done.returncode == 1
    assert "aucune erreur n'a été plantée" in done.stdout.decode()
    report = json.loads(_dmp("test", "--json", "--mutants", "8", "--rules", str(folder)).stdout)
    assert report["mutants"] is None


def test_too_few_conditions_fail(tmp_path: Path) -> None:
    """Every case holds, and the command says that this is not enough, and what was never seen."""
    folder = str(written(tmp_path / "rules", *FULL[:2]))
    done = _dmp("test", "--lang", "en", "--rules", folder)
    told = done.stdout.decode()
    assert done.returncode == 1
    assert "rules/doors.yaml:14:10: `context.late` never decides as true" in told
    assert "without a case: QUIET" in told
    french = _dmp("test", "--rules", folder).stdout.decode()
    assert "4 cas sur 4 tiennent" in french
    assert "rules/doors.yaml:14:10: `context.late` n'est jamais vu décider par vrai" in french
    assert "sans aucun cas\u00a0: QUIET" in french


def test_a_place_is_never_cut(tmp_path: Path) -> None:
    """On 80 columns the place of a case that does not hold stands whole, as the folder was given."""
    folder = written(tmp_path / "dossier des règles de la conformité" / "règles", table(permitted=False))
    done = _dmp("test", "--rules", str(folder))
    told = done.stdout.decode()
    assert done.returncode == 1
    assert f"{folder}/doors_test.yaml:1:3 " in told
    assert "attendu" in told
    assert all(len(line) <= 80 or str(folder) in line for line in told.splitlines() if "only K" in line)


def test_an_unused_definition_fails_check_alone(tmp_path: Path) -> None:
    """Check tells it, with its place and exit 1; the other commands do their work."""
    folder = written(tmp_path / "rules", *FULL)
    lonely = "lonely: {fr: a, en: b, when: {record.exists: true}}\n"
    (folder / "definitions.yaml").write_text(lonely, "utf-8")
    (folder / "invariants.yaml").write_text("[]\n", "utf-8")
    assert _dmp("test", "--rules", str(folder)).returncode == 0
    assert _dmp("diff", str(folder), "--rules", str(folder)).returncode == 0
    (folder / "invariants.yaml").write_text(STATEMENT, "utf-8")
    assert _dmp("prove", "--rules", str(folder)).returncode == 0
    for language, said in (
        ("fr", "1 erreur\u00a0; les fichiers se chargent"),
        ("en", "1 fault; the files can be loaded"),
    ):
        done = _dmp("check", "--lang", language, "--rules", str(folder))
        told = done.stderr.decode()
        assert done.returncode == 1, told
        assert f"{folder}/definitions.yaml:1:30: no rule uses definition `lonely`" in told
        assert said in told


def test_a_revision_is_named_as_git_names_it(tmp_path: Path) -> None:
    """A fault in the rules of a revision has a place that `git show` takes, and none of a temporary folder."""
    folder = written(tmp_path / "rules", *FULL)
    for command in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "a")):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert _dmp("diff", "HEAD", "--rules", str(folder)).returncode == 0
    (folder / "doors.yaml").write_text("- id: [", "utf-8")
    for command in (("add", "."), ("-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "b")):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    done = _dmp("diff", "HEAD~1", "HEAD", "--rules", str(folder))
    assert (done.returncode, done.stderr.decode()[:24]) == (3, "HEAD:rules/doors.yaml:2:")


def test_the_request_of_the_officers_page_is_answered() -> None:
    """The example that rules/README.md shows is decided, and explained, as the page says."""
    page = (ROOT / "rules" / "README.md").read_text("utf-8")
    request = page.split("```json\n")[1].split("```")[0].encode()
    answer = json.loads(_dmp("decide", given=b" ".join(request.split(b"\n"))).stdout)
    assert (answer["external"], answer["rules"], answer.get("faults")) == ("NOT_FOUND", ["VIS-03"], None)
    assert "retirer MASQUE_PS" in _dmp("explain", given=request).stdout.decode()


def test_what_is_written_is_said(tmp_path: Path) -> None:
    """A file that a command writes is named, with what to do next."""
    sheet, page = tmp_path / "matrice.csv", tmp_path / "matrice.html"
    told = _dmp("matrix", "--export", str(sheet), "--html", str(page)).stderr.decode()
    assert f"écrit\u00a0: {sheet}" in told
    assert f"--import {sheet}" in told
    assert f"écrit\u00a0: {page}" in told
    assert f"written: {page}" in _dmp("matrix", "--html", str(page), "--lang", "en").stderr.decode()


def test_exit_codes(tmp_path: Path) -> None:
    """2 when the input cannot be opened as a whole, 3 for a faulty rule file, 1 for a case that does not hold."""
    folder = written(tmp_path / "rules", *FULL)
    assert _dmp("decide", "--profile", "nobody").returncode == 2
    assert _dmp("test", "--mutants", "some").returncode == 2
    assert _dmp("test", "--junit", str(tmp_path)).returncode == 2
    assert _dmp("test", "--rules", str(folder)).returncode == 0
    rules = (folder / "doors.yaml").read_text("utf-8")
    (folder / "doors.yaml").write_text(rules.replace("subject.kind: KEEPER", "subject.kind: GUEST"))
    assert _dmp("test", "--rules", str(folder)).returncode == 1
    (folder / "doors.yaml").write_text("- id: [")
    for command in ("check", "test", "decide"):
        assert _dmp(command, "--rules", str(folder)).returncode == 3
    faults = json.loads(_dmp("check", "--json", "--rules", str(folder)).stdout)["faults"]
    assert [fault["file"] for fault in faults] == [str(folder / "doors.yaml")]


def test_a_place_on_line_100_is_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal's library would make a picture of `:100:`."""
    tell_faults(RuleFaults([Fault(Place("rules/documents.yaml", 100, 10), "is wrong", "mend it")]), as_json=False)
    assert "rules/documents.yaml:100:10" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written_as", "advice"), [("refuse", "did you mean `deny`?"), ("denny", "did you mean `deny`?")]
)
def test_an_unknown_effect_is_one_fault(written_as: str, advice: str, tmp_path: Path) -> None:
    """What a denial alone may have is not told of a rule whose effect nobody knows."""
    folder = written(tmp_path / "rules")
    path = folder / "doors.yaml"
    path.write_text(path.read_text("utf-8").replace("effect: deny", f"effect: {written_as}"), "utf-8")
    with pytest.raises(RuleFaults) as raised:
        load(folder)
    assert [str(fault) for fault in raised.value.faults] == [
        f"rules/doors.yaml:10:11: unknown effect `{written_as}` ({advice})"
    ]


def test_a_deleted_file_is_named(tmp_path: Path) -> None:
    """A profile that the world knows, the test table beside a file of rules: which is missing, and what to do."""
    small = written(tmp_path / "small", *FULL)
    (small / "invariants.yaml").write_text(STATEMENT, "utf-8")
    (small / "vocabulary.yaml").write_text(f"concerns: [doors]\n{VOCABULARY}", "utf-8")
    assert _dmp("check", "--rules", str(small)).returncode == 0
    (small / "doors_test.yaml").unlink()
    done = _dmp("check", "--json", "--rules", str(small))
    faults = json.loads(done.stdout)["faults"]
    assert (done.returncode, [fault["file"] for fault in faults]) == (1, [f"{small}/doors_test.yaml"])
    assert "put it back" in faults[0]["advice"]
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    (folder / "profiles" / "law-2023.yaml").unlink()
    done = _dmp("check", "--json", "--rules", str(folder))
    faults = json.loads(done.stdout)["faults"]
    assert (done.returncode, [fault["file"] for fault in faults]) == (3, [f"{folder}/profiles/law-2023.yaml"])
    assert "put `profiles/law-2023.yaml` back" in faults[0]["advice"]


def test_layout_page_and_schemas_are_told_in_french_first(tmp_path: Path) -> None:
    """`fmt`, `docs` and `schema` speak as `check` does, and English where it is asked for."""
    folder = str(written(tmp_path / "rules", *FULL))
    for command, french, english in (
        ("fmt", "déjà en forme", "in their layout"),
        ("schema", "les schémas sont tels", "the schemas are as"),
    ):
        _dmp(command, "--rules", folder)
        assert french in _dmp(command, "--rules", folder).stdout.decode()
        assert english in _dmp(command, "--lang", "en", "--rules", folder).stdout.decode()
    assert "RULES.md est tel que" in _dmp("docs").stdout.decode()


def test_a_request_on_several_lines_is_told_how_to_be_one() -> None:
    """The lines are answered each, and how to make one of them is said once, for people."""
    done = _dmp("decide", given=b'{"action":\n "doc.read"}\n')
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 2)
    assert "chaque demande tient sur une ligne" in done.stderr.decode()
    assert "jq -c ." in _dmp("decide", "--lang", "en", given=b"{\n}").stderr.decode()
