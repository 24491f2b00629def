"""French as it is spelt: spaces that do not break, and when a noun is in the plural."""

from __future__ import annotations

import pytest

from policy.language import is_one, say, typeset
from policy.shape import Text


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("deux choses : l'une ; l'autre", "deux choses~: l'une~; l'autre"),
        ("« vraiment » ?", "«~vraiment~»~?"),
        ("95 % des cas", "95~% des cas"),
        (" ; puis", "~; puis"),
        ("`a : b` : c", "`a : b`~: c"),
        ("rules/access.yaml:14:7", "rules/access.yaml:14:7"),
        ("une :forme", "une :forme"),
    ],
)
def test_signs_that_french_sets_apart_do_not_break(written: str, spelt: str) -> None:
    """Before double signs and within quotation marks; code and places stay as they are, and once is enough."""
    expected = spelt.replace("~", "\u00a0")
    assert typeset(written) == expected
    assert typeset(expected) == expected


def test_english_stays_as_it_is() -> None:
    """Only French is spelt so."""
    text = Text("oui : non", "yes : no")
    assert (say(text, "fr"), say(text, "en")) == ("oui\u00a0: non", "yes : no")


def test_none_is_singular_in_french_alone() -> None:
    """`0 règle`, `0 rules`."""
    assert [is_one(number, "fr") for number in (0, 1, 2)] == [True, True, False]
    assert [is_one(number, "en") for number in (0, 1, 2)] == [False, True, False]
