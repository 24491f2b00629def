"""A seal opens with its own key, at its own place and whole, and in no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.store.envelope import Key, drawn, open_texts, seal_texts
from services.store.errors import UnfitValue, Unreadable

PLACES = st.lists(st.text(max_size=8), min_size=1, max_size=4).map(tuple)
KEY, OTHER = Key(drawn()), Key(drawn())


@given(st.binary(max_size=200), PLACES)
def test_what_is_sealed_opens_again(said: bytes, place: tuple[str, ...]) -> None:
    """And never twice alike, so that equal texts do not show."""
    sealed = KEY.seal(said, *place)
    assert KEY.open(sealed, *place) == said
    assert sealed != KEY.seal(said, *place)


@given(st.binary(max_size=80), PLACES, PLACES, st.integers(min_value=0), st.integers(1, 255))
def test_anything_else_does_not(said: bytes, place: tuple[str, ...], other: tuple[str, ...], at: int, by: int) -> None:
    """Another key, another place, one byte changed, some cut off or added."""
    sealed = KEY.seal(said, *place)
    at %= len(sealed)
    changed = sealed[:at] + bytes([sealed[at] ^ by]) + sealed[at + 1 :]
    for key, wrong, where in (
        (OTHER, sealed, place),
        (KEY, changed, place),
        (KEY, sealed[:at], place),
        (KEY, sealed + b"\0", place),
        *([(KEY, sealed, other)] if other != place else []),
    ):
        with pytest.raises(Unreadable):
            key.open(wrong, *where)


@pytest.mark.parametrize(("place", "other"), [(("ab", "c"), ("a", "bc")), (("a",), ("a", "")), (("1:a",), ("a",))])
def test_places_are_told_apart(place: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Though their parts joined would be alike."""
    with pytest.raises(Unreadable):
        KEY.open(KEY.seal(b"said", *place), *other)


def test_texts_are_kept_as_they_came() -> None:
    """Nothing, and what no database would keep; but not what is no character."""
    texts = ["é\0", None, "", '"']
    assert open_texts(KEY, seal_texts(KEY, texts, "here"), "here") == texts
    with pytest.raises(UnfitValue):
        seal_texts(KEY, ["\ud800"], "here")
