"""A rule set of two rules in a folder of its own, small enough to know every mutant and every case of it by hand."""

from __future__ import annotations

from pathlib import Path

VOCABULARY = """
stages:
  - {id: first, fr: a, en: a, order: [NOT_FOUND, FORBIDDEN, CONFLICT]}
  - {id: last, fr: a, en: a, order: [NOT_FOUND, FORBIDDEN, CONFLICT], uses_document: true}
default: {stage: last, rule: NONE}
actions:
  open: {fr: ouvrir, en: open, groups: [all]}
  shut: {fr: fermer, en: shut, groups: [all]}
early_document_attributes: {}
attributes:
  action:            {type: code, derived: action, fr: a, en: a}
  request.ill_typed: {type: boolean, derived: faults, fr: a, en: a}
  context.now:       {type: time, derived: at, fr: a, en: a}
  subject.kind:      {type: code, values: [KEEPER, GUEST], required: always, fr: a, en: a}
  subject.id:        {type: id, required: always, fr: a, en: a}
  record.exists:     {type: boolean, absent: false, fr: a, en: a}
  document.exists:   {type: boolean, derived: presence, fr: a, en: a}
  context.late:      {type: boolean, absent: false, fr: a, en: a}
  context.loud:      {type: boolean, absent: false, fr: a, en: a}
  context.invited:   {type: boolean, absent: false, fr: a, en: a}
parameters: {}
answers:
  OK: {fr: a, en: a}
obligations:
  NOTE: {fulfilled_by: gate, always: true, fr: a, en: a}
scopes: [ALL]
tables: {}
"""
RULES = """- id: OPEN
  title: {fr: a, en: a}
  basis: b
  effect: permit
  actions: open
  when: {subject.kind: KEEPER}
- id: QUIET
  title: {fr: a, en: a}
  basis: b
  effect: deny
  stage: first
  answers: FORBIDDEN
  actions: open
  when: {context.late: true, context.loud: true}
  unless: {context.invited: true}
"""
WORLD = """
clock: {only: "2020-01-01T12:00:00Z"}
subjects:
  K: {kind: KEEPER}
  G: {kind: GUEST}
  X: {kind: NOBODY}
records:
  R: {facts: {exists: true}}
documents:
  d: {}
"""
TABLE = """- name: {name}
  record: R
  action: open
  subjects: [K, G]
  context: {{{context}}}
  permitted: [{permitted}]
"""


def table(context: str = "", *, permitted: bool = True) -> str:
    """A table that asks whether the keeper, and the guest who never may, open in this context."""
    return TABLE.format(name=f"'{context}'", context=context, permitted="K" if permitted else "")


def written(folder: Path, *tables: str) -> Path:
    """The rule set with these tables, in files."""
    (folder / "profiles").mkdir(parents=True)
    files = {
        "vocabulary.yaml": VOCABULARY,
        "definitions.yaml": "{}",
        "profiles/only.yaml": "title: {fr: a, en: a}\nparameters: {}\n",
        "doors.yaml": RULES,
        "world.yaml": WORLD,
    }
    if tables:
        files["doors_test.yaml"] = "".join(tables)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder
