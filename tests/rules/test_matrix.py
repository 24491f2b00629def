"""The matrix as officers see and exchange it: asked of the rules, complete on every screen, and exact to the byte."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy.errors import FaultList, RuleFaults
from policy.matrix.grid import Grid, ask
from policy.matrix.html import html
from policy.matrix.sheet import export, merge
from policy.matrix.view import View, read_view
from policy.ruleset import RuleSet, load

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
TEXT = (RULES / "matrix.csv").read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


@pytest.fixture(scope="module")
def view(ruleset: RuleSet) -> View:
    return read_view(ruleset)


def _grid(ruleset: RuleSet, view: View, mode: str, profile: str = "seed-2011") -> Grid:
    return ask(ruleset, view, profile, view.modes[mode])


def _dmp(*arguments: str, columns: str = "120") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", "rules", "matrix", *arguments]
    environment = {**os.environ, "COLUMNS": columns}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


def _open(grid: Grid) -> dict[str, int]:
    return {name: sum(line.cells[at].permitted for line in grid.lines) for at, name in enumerate(grid.columns)}


@pytest.mark.parametrize("profile", ["seed-2011", "law-2023"])
def test_in_mode_normal_the_rules_follow_every_mark(ruleset: RuleSet, view: View, profile: str) -> None:
    """102 types and 22 professions: each cell is open exactly where its mark opens it."""
    grid = _grid(ruleset, view, "normal", profile)
    assert (len(grid.lines), len(grid.columns)) == (102, 22)
    assert all(cell.as_marked for line in grid.lines for cell in line.cells)
    opened = _open(grid)
    assert [opened[name] for name in ("MEDECIN", "PHARMACIEN", "INFIRMIER", "OPTICIEN")] == [101, 97, 96, 4]


def test_in_an_emergency_other_rules_close_cells(ruleset: RuleSet, view: View) -> None:
    """The grid is asked, not copied: the personal space, the social professions and all but doctors are shut out."""
    glass, centre = _open(_grid(ruleset, view, "bris_de_glace")), _open(_grid(ruleset, view, "centre_15"))
    assert glass["MEDECIN"] == centre["MEDECIN"] == 101 - 2  # 74465-6 and EXPPAT_2
    assert glass["ASSISTANT_SOCIAL"] == 0
    assert {name for name, count in centre.items() if count} == {"MEDECIN"}


def test_a_rule_that_is_changed_shows(view: View, tmp_path: Path) -> None:
    """With the matrix switched off by its parameter, cells that are marked closed are open."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "profiles" / "seed-2011.yaml"
    path.write_text(path.read_text("utf-8").replace("matrix_applies: ALWAYS", "matrix_applies: NEVER"), "utf-8")
    assert set(_open(_grid(load(folder), view, "normal")).values()) == {102}


@pytest.mark.parametrize("columns", ["40", "200"])
def test_no_column_is_lost_on_a_narrow_terminal(columns: str) -> None:
    """Every row has its 22 letters, and every profession its name, read from top to bottom."""
    lines = _dmp(columns=columns).stdout.splitlines()
    rows = [re.search(r"((?:[RDArda!X] ){21}[RDArda!X])$", line) for line in lines]
    assert sum(row is not None for row in rows) == 102
    [row] = [line for line in lines if line.startswith("ATTEST-RESID")]
    assert row.endswith(" r" + " a" * 18 + " A a a")
    heads = [line[-43:] for line in lines if len(line) == len(row) and not line[:12].strip()]
    names = {"".join(letters).strip() for letters in zip(*heads, strict=True)}
    assert {"MEDECIN", "COORDONNATEUR_PARCOURS", "EDUCATEUR_AES"} <= names
    assert len(names - {""}) == 22


def test_programs_read_json_and_unknown_words_are_refused() -> None:
    """The whole grid with the rules that decided; exit 2 names the modes or profiles that there are."""
    told = json.loads(_dmp("--json", "--mode", "centre_15").stdout)
    assert (len(told["rows"]), told["columns"][0], told["mode"]) == (102, "MEDECIN", "centre_15")
    assert told["rows"][0]["cells"][1] == {"permitted": False, "mark": "A+", "rules": ["MOD-11.refused"]}
    refused = _dmp("--mode", "normale")
    assert (refused.returncode, "bris_de_glace" in refused.stderr) == (2, True)


def test_the_page_needs_nothing_else(ruleset: RuleSet, view: View) -> None:
    """No address in it, every grid of it, a name for every control, a text for every cell, and no raw label."""
    grids = [_grid(ruleset, view, mode, profile) for profile in ruleset.profiles for mode in view.modes]
    page = html(ruleset, view, grids)
    assert not re.search(r"(src|href|url|import)\s*[=(]|https?:", page)
    assert page.count("<section ") == 6
    assert page.count('<span class="v">oui') == sum(grid.permitted for grid in grids)
    assert set(re.findall(r'<(?:select|input) id="(\w+)"', page)) == set(re.findall(r'<label for="(\w+)"', page))
    assert "l&#x27;entrée" in page


def test_the_page_is_safe_from_its_own_data(ruleset: RuleSet, view: View, tmp_path: Path) -> None:
    """A label that is markup stays text."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "matrix.csv"
    path.write_text(TEXT.replace("Historique des vaccinations", "<script>alert(1)</script>", 1), "utf-8")
    changed = load(folder)
    page = html(changed, view, [_grid(changed, view, "normal")])
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- the spreadsheet -------------------------------------------------------------------------------------------------


def _merge(ruleset: RuleSet, sheet: bytes, text: str = TEXT) -> tuple[str, list[str], list[str]]:
    source = next(source for source in ruleset.vocabulary.tables if source.name == "matrix")
    faults = FaultList()
    merged, changes = merge(text, source, sheet, "sheet.csv", faults)
    told = [f"{change.row} {change.column} {change.before} {change.after}" for change in changes]
    return merged, told, [str(fault) for fault in sorted(faults.faults)]


def _as(sheet: bytes, delimiter: str, end: str, mark: bool) -> bytes:
    """The same sheet as another program would have saved it."""
    text = sheet.decode("utf-8-sig").replace('"R94:48,49,51,52,53"', "R94:48,49,51,52,53")
    if delimiter == ",":
        quoted = [[f'"{c}"' if "," in c else c for c in line.split(";")] for line in text.split("\r\n")]
        text = "\r\n".join(",".join(cells) for cells in quoted)
    return text.replace("\r\n", end).encode("utf-8-sig" if mark else "utf-8")


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [True, False])
def test_out_and_back_changes_no_byte(ruleset: RuleSet, delimiter: str, end: str, mark: bool) -> None:
    """Whatever separates cells and ends lines, with and without the UTF-8 mark, and with the empty rows of Excel."""
    sheet = _as(export(TEXT), delimiter, end, mark)
    for given in (sheet, sheet + (delimiter * 24 + end).encode() * 3):
        assert _merge(ruleset, given) == (TEXT, [], [])


def test_one_cell_changes_one_cell(ruleset: RuleSet) -> None:
    """The cell is told, and all other bytes stay, however the rows and columns were sorted."""
    lines = export(TEXT).decode("utf-8-sig").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("EXPPAT_3;"))
    lines[at] = ";".join("R-" if i == 4 else cell for i, cell in enumerate(lines[at].split(";")))
    shuffled = [lines[0], *sorted(lines[1:], reverse=True)]
    moved = [";".join((cells := line.split(";"))[3:] + cells[:3]) for line in shuffled]
    row = next(line for line in TEXT.splitlines() if line.startswith("EXPPAT_3,"))
    wanted = TEXT.replace(row, ",".join("R-" if i == 4 else cell for i, cell in enumerate(row.split(","))))
    for given in (lines, shuffled, moved):
        merged, changes, faults = _merge(ruleset, "\r\n".join(given).encode("utf-8-sig"))
        assert (changes, faults) == (["EXPPAT_3 PHARMACIEN A+ R-"], [])
        assert merged == wanted


BAD = {
    "an unknown mark": ("\r\n11488-4;CR ou fiche de consultation ou de visite;10;D+;", ";D+;", ";X+;",
                        "sheet.csv:4:4: unknown mark in column `MEDECIN` `X+`"),
    "a mark in lower case": (
        "\r\n11488-4;", ";D+;", ";d+;", "unknown mark in column `MEDECIN` `d+` (write one of R+, R-,"),
    "an empty mark": ("\r\n11488-4;", ";D+;", ";;", "unknown mark in column `MEDECIN` ``"),
    "a formula": ("\r\n11488-4;", ";D+;", ";=1+1;", "unknown mark in column `MEDECIN` `=1+1`"),
    "an unknown type": (
        "\r\n11488-4;", "11488-4", "11488-5", "sheet.csv:4:1: unknown row `11488-5` (did you mean `11488-4`?)"),
    "a type that was dropped": ("\r\n11488-4;", "11488-4", "11488-5", "lacks row `11488-4` (export the table anew)"),
    "a type twice": ("\r\n11488-4;", "11488-4", "11369-6", "sheet.csv:4:1: row `11369-6` stands twice"),
    "an unknown profession": (
        "typeCode", ";OPTICIEN;", ";OPTICIENS;", "unknown column `OPTICIENS` (did you mean `OPTICIEN`?)"),
    "a profession twice": ("typeCode", ";OPTICIEN;", ";MEDECIN;", "sheet.csv:1:18: column `MEDECIN` stands twice"),
    "labels sorted apart": ("\r\n11488-4;", "CR ou fiche de consultation", "Autre", "sheet.csv:4:2: `label_fr` is"),
    "a date made of a code": ("\r\n11488-4;", ";10;", ";10/01/2024;", "only marks are imported"),
    "a cell too many": ("\r\n11488-4;", "\r\n11369", "\r\n11369", None),
}  # fmt: skip


@pytest.mark.parametrize(("start", "old", "new", "fault"), BAD.values(), ids=BAD.keys())
def test_a_bad_cell_is_told_and_nothing_is_taken(
    ruleset: RuleSet, start: str, old: str, new: str, fault: str | None
) -> None:
    """Each bad cell with file, line and column; the table stays as it was."""
    text = export(TEXT).decode("utf-8-sig")
    at = text.index(start)
    changed = text[:at] + text[at:].replace(old, new, 1)
    if fault is None:
        changed, fault = text.replace("\r\n11490-0", ";R+\r\n11490-0", 1), "sheet.csv:4:26: has a cell outside"
    merged, changes, faults = _merge(ruleset, changed.encode("utf-8-sig"))
    assert (merged, changes) == (TEXT, [])
    assert [told for told in faults if fault in told], faults


def test_every_bad_cell_is_told_at_once(ruleset: RuleSet) -> None:
    """A column of other marks gives a fault for each of its 102 cells."""
    text = export(TEXT).decode("utf-8-sig").replace(";D+;", ";oui;").replace(";R-;", ";non;")
    assert len([told for told in _merge(ruleset, text.encode())[2] if "unknown mark" in told]) == 114


@pytest.mark.parametrize(
    ("sheet", "fault"),
    [
        ("typeCode;é".encode("cp1252"), "sheet.csv:1:1: is not UTF-8 text (save it as “CSV UTF-8”)"),
        ("typeCode;x".encode("utf-16"), "is not UTF-8 text"),
        (b"", "is empty"),
        (b'typeCode;"x', "is not a CSV file"),
        (b"PK\x03\x04\x00\x00", "lacks column `typeCode`"),
    ],
)
def test_what_is_no_sheet_is_refused(ruleset: RuleSet, sheet: bytes, fault: str) -> None:
    """Another encoding, a workbook, an empty file: told with what to do."""
    merged, changes, faults = _merge(ruleset, sheet)
    assert (merged, changes) == (TEXT, [])
    assert fault in "\n".join(faults)


@pytest.mark.parametrize("danger", ["=1+1", "+1", "-1", "@SUM(A1)", "'=x", "\t=x"])
def test_no_cell_leaves_as_a_formula(ruleset: RuleSet, danger: str) -> None:
    """A label that a spreadsheet would run leaves behind an apostrophe, and comes back as it was."""
    text = TEXT.replace("Historique des vaccinations", danger, 1)
    sheet = export(text)
    cells = [cell for line in sheet.decode("utf-8-sig").split("\r\n") for cell in line.split(";")]
    assert [cell for cell in cells if cell.strip('"').startswith(("=", "+", "-", "@", "\t"))] == []
    assert _merge(ruleset, sheet, text) == (text, [], [])


def test_the_command_writes_whole_or_not_at_all(tmp_path: Path) -> None:
    """Out, edited, in: the cell is shown; then a bad sheet gives exit 3 and leaves the file; no sheet gives 2."""
    folder, sheet = tmp_path / "rules", tmp_path / "sheet.csv"
    shutil.copytree(RULES, folder)
    rules = ("--rules", str(folder))
    assert _dmp("--export", str(sheet), *rules).returncode == 0
    sheet.write_bytes(sheet.read_bytes().replace(b"DOCPAT01", b"DOCPATO1"))
    refused = _dmp("--import", str(sheet), *rules)
    assert (refused.returncode, "DOCPATO1" in refused.stderr) == (3, True)
    assert (folder / "matrix.csv").read_bytes().decode() == TEXT
    sheet.write_bytes(sheet.read_bytes().replace(b"DOCPATO1", b"DOCPAT01").replace(b";D+;A+;", b";D+;R-;", 1))
    told = json.loads(_dmp("--import", str(sheet), "--json", *rules).stdout)
    assert told["changes"] == [{"row": "11369-6", "column": "PHARMACIEN", "before": "A+", "after": "R-"}]
    assert (folder / "matrix.csv").read_bytes().decode() == TEXT.replace(",D+,A+,", ",D+,R-,", 1)
    assert sorted(path.name for path in folder.glob("matrix.csv*")) == ["matrix.csv"]
    assert _dmp("--import", str(tmp_path / "none.csv"), *rules).returncode == 2


def test_a_mistake_in_how_it_is_asked_is_told(tmp_path: Path) -> None:
    """matrix.yaml is a rule file like any other: faults by place, exit 3."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "matrix.yaml"
    path.write_text(
        path.read_text("utf-8").replace("document.type", "document.typ").replace("doc.read", "doc.red"), "utf-8"
    )
    with pytest.raises(RuleFaults) as raised:
        read_view(load(folder))
    assert [fault.message for fault in raised.value.faults] == [
        "unknown row `document.typ`",
        "unknown action `doc.red`",
    ]
    assert _dmp("--rules", str(folder)).returncode == 3
