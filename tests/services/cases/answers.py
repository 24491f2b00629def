"""What the caller of a case must be answered, and what its trace must say."""

from pathlib import Path
from typing import Any

import yaml

from tests.services.cases.casebook import CODES
from tests.services.cases.playing import Heard
from tests.services.cases.stage import Stage
from tests.services.copies import ecma119

VOCABULARY = yaml.safe_load((Path(__file__).parents[3] / "rules/vocabulary.yaml").read_text("utf-8"))
CALLERS = {name for name, duty in VOCABULARY["obligations"].items() if duty["fulfilled_by"] == "caller"}
"""The obligations that a caller is told of; the suite fulfils the others."""


def check(stage: Stage, heard: Heard, traced: dict[str, Any]) -> None:
    """The code, the rules, the obligations and the scope are those of the case."""
    expected = stage.case["expected"]
    assert (heard.code, traced["effect"]) == (CODES[expected["external"]], expected["effect"]), traced["rules"]
    # Of T077 and T155 an earlier stage than the catalogue's decides: the rule that it names fires all the same.
    fired = {rule.partition(".")[0] for rule in (*traced["rules"]["matched"], *traced["rules"]["determining"])}
    assert fired & {*expected["rules"]}, fired
    assert traced["scope"] == expected.get("scope")
    if expected["effect"] == "PERMIT":
        assert {*traced["obligations"]} == {*expected["obligations"]}
        assert heard.obligations == {duty for duty in expected["obligations"] if duty.partition(":")[0] in CALLERS}
    if "visible" in expected:
        assert seen(stage, heard) == {*expected["visible"]}


def seen(stage: Stage, heard: Heard) -> set[str]:
    """The names of the documents that a list or a copy holds, each known to the case."""
    if stage.case["action"] == "doc.list":
        names = {document: name for name, document in stage.documents.items()}
        return {names[found.document_id] for found in heard.said[0].documents}
    image = b"".join(message.chunk for message in heard.said)
    names_of = {content: name for name, content in stage.contents.items()}
    return {names_of[content] for name, content in ecma119.read(image).files.items() if "/DOC" in name}
