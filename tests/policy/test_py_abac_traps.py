"""How the raw py-abac library answers: executable documentation of what makes it unfit to decide.

If one of these fails, the library is not the one that was read: look again at what the importer refuses.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from py_abac import PDP, AccessRequest, EvaluationAlgorithm, Policy
from py_abac.exceptions import InvalidAttributePathError, PolicyCreateError
from py_abac.provider.base import AttributeProvider
from py_abac.storage.memory import MemoryStorage

Json = dict[str, Any]
NAN = float("nan")


def the(name: str, **fields: Any) -> Json:
    return {"condition": name, **fields}


def policy(effect: str, resource: Any = None, uid: str = "p", targets: Json | None = None, priority: int = 0) -> Policy:
    content = {
        "uid": uid,
        "effect": effect,
        "rules": {"resource": {} if resource is None else resource},
        "targets": targets or {},
        "priority": priority,
    }
    return Policy.from_json(content)


def point(*policies: Policy, providers: list[AttributeProvider] | None = None, by: str = "deny_overrides") -> PDP:
    storage = MemoryStorage()
    for number, one in enumerate(policies):
        one.uid = f"{one.uid}-{number}"
        storage.add(one)
    return PDP(storage, EvaluationAlgorithm(by), providers)


def request(resource: Json, resource_id: str = "r", context: Json | None = None) -> AccessRequest:
    return AccessRequest(
        {"id": "s", "attributes": {}}, {"id": resource_id, "attributes": resource},
        {"id": "a", "attributes": {}}, context or {},
    )  # fmt: skip


def holds(condition: Json, resource: Json, path: str = "$.x") -> bool:
    """Whether the condition holds of the resource's attribute."""
    return bool(point(policy("allow", {path: condition})).is_allowed(request(resource)))


def denied(condition: Json, resource: Json) -> bool:
    """Whether a denial with this condition stops a request that all else allows."""
    both = point(policy("allow"), policy("deny", {"$.x": condition}))
    return not both.is_allowed(request(resource))


@pytest.mark.parametrize("bad", [{}, {"x": "4"}, {"x": None}, {"x": [4]}, {"x": NAN}])
def test_a_denial_vanishes_on_bad_input(bad: Json) -> None:
    """Missing, text for a number, null, a list, NaN: each opens what the sane value closes."""
    assert denied(the("Gte", value=3), {"x": 4})
    assert not denied(the("Gte", value=3), bad)


OTHER = {"ace": "context", "path": "$.y"}
MISSING: list[tuple[Json, bool]] = [
    *((the(name, value="v"), False) for name in ("Equals", "NotEquals", "Contains", "NotContains", "StartsWith")),
    *((the(name, value="v"), False) for name in ("EndsWith", "RegexMatch")),
    *((the(name, value=1), False) for name in ("Eq", "Neq", "Gt", "Gte", "Lt", "Lte")),
    *((the(name, values=["v"]), False) for name in ("AllIn", "AnyIn", "AllNotIn", "AnyNotIn", "IsIn")),
    (the("IsNotIn", values=["v"]), True),
    *((the(name), False) for name in ("IsEmpty", "IsNotEmpty", "Exists")),
    *((the(name), True) for name in ("NotExists", "Any")),
    (the("CIDR", value="10.0.0.0/8"), False),
    (the("EqualsObject", value={}), False),
    (the("EqualsAttribute", **OTHER), True),
    *((the(name, **OTHER), False) for name in ("NotEqualsAttribute", "IsInAttribute", "IsNotInAttribute")),
    (the("AnyNotInAttribute", **OTHER), False),
    (the("Not", value=the("Equals", value="v")), True),
    (the("Not", value=the("NotEquals", value="v")), True),
]


@pytest.mark.parametrize(("condition", "held"), MISSING, ids=str)
def test_a_missing_value_and_null_are_answered_alike(condition: Json, held: bool) -> None:
    """A condition and its negative are both false of nothing; two things that are missing are the same thing."""
    assert holds(condition, {}) is held
    assert holds(condition, {"x": None}) is held


def test_two_ways_to_say_not_differ() -> None:
    """As denials of a missing value, one lets the request through and one stops it."""
    assert not denied(the("NotEquals", value="public"), {})
    assert denied(the("Not", value=the("Equals", value="public")), {})


SETS: list[tuple[str, list[str], Any, bool]] = [
    ("AllNotIn", ["a", "b"], ["a", "c"], True),  # it is "not a subset"
    ("AnyNotIn", ["a"], ["a", "b"], False),  # it is "nothing in common"
    ("AllIn", ["a"], [], True),
    ("IsIn", ["secret"], ["secret"], False),  # it compares the whole value
]


@pytest.mark.parametrize(("name", "values", "given", "held"), SETS)
def test_set_conditions_do_not_mean_what_they_say(name: str, values: list[str], given: Any, held: bool) -> None:
    assert holds(the(name, values=values), {"x": given}) is held


def test_one_odd_element_ends_the_whole_decision() -> None:
    """An element that has no hash is an exception, for every policy."""
    with pytest.raises(TypeError):
        holds(the("AnyIn", values=["a"]), {"x": [{}]})


def test_flags_are_numbers_and_numbers_are_flags() -> None:
    """True is 1, 1 is true, and no policy can say `true`."""
    assert holds(the("Eq", value=1), {"x": True})
    assert holds(the("IsIn", values=[1]), {"x": True})
    for name in ("Eq", "Equals"):
        with pytest.raises(PolicyCreateError):
            policy("allow", {"$.x": the(name, value=True)})


def test_numbers_are_floats_and_text_becomes_one() -> None:
    """Two numbers above 2^53 are one; a number in quotes is taken; what NaN is not, its negation is."""
    assert holds(the("Eq", value=9007199254740993), {"x": 9007199254740992})
    assert holds(the("Eq", value="1"), {"x": 1})
    assert not holds(the("Gt", value=5), {"x": NAN})
    assert holds(the("Not", value=the("Gt", value=5)), {"x": NAN})


@pytest.mark.parametrize("written", ["Secret", "ｓecret", "secret "])  # noqa: RUF001 - a letter of full width
def test_text_is_compared_raw(written: str) -> None:
    assert not denied(the("Equals", value="secret"), {"x": written})


PATHS: list[tuple[str, Json, Json, bool]] = [
    ("$.a.b.c", {"a": 5}, the("Exists"), True),  # the parent's value comes back
    ("$.a.b", {"a": 5}, the("Eq", value=5), True),
    ("$.a.__class__", {"a": 5}, the("Exists"), True),
    ("$['x']", {}, the("Exists"), True),  # brackets are dropped: the whole object
    ("$.user-id", {"user-id": "1"}, the("Exists"), False),  # a subtraction
    ("$.'user-id'", {"user-id": "1"}, the("Exists"), True),
    ("$..x", {}, the("Exists"), True),  # a generator always exists
    ("$..x", {"x": ["a"]}, the("AnyIn", values=["a"]), False),  # and is never a collection
]


@pytest.mark.parametrize(("path", "resource", "condition", "held"), PATHS)
def test_paths_mislead(path: str, resource: Json, condition: Json, held: bool) -> None:
    try:
        assert holds(condition, resource, path) is held
    except InvalidAttributePathError:
        assert held is False


@pytest.mark.parametrize("path", ["$.in", "$.is", "$.and", "$.true", "$.not", "$.2fa", "$.a > 3"])
def test_legal_names_are_no_paths(path: str) -> None:
    with pytest.raises(PolicyCreateError):
        policy("allow", {path: the("Exists")})


def test_a_path_may_call_functions() -> None:
    """The clock makes a policy another one each time; a length of the wrong type ends the whole decision."""
    policy("allow", {"now()": the("Exists")})
    with pytest.raises(InvalidAttributePathError):
        holds(the("Eq", value=1), {"items": 5}, "len($.items)")


TARGETS: list[tuple[str, str, bool]] = [
    ("a[b]c", "a[b]c", False),  # a literal id that does not match itself
    ("a[b]c", "abc", True),
    ("rec-?", "rec-1", True),
    ("*", "a/b", True),
]


@pytest.mark.parametrize(("pattern", "name", "matched"), TARGETS)
def test_targets_are_patterns(pattern: str, name: str, matched: bool) -> None:
    only = policy("allow", targets={"resource_id": pattern})
    assert point(only).is_allowed(request({}, name)) is matched


def test_a_priority_lets_a_permit_win() -> None:
    """With priorities, or with permits first, a denial that fits is not heard."""
    both = (policy("allow", priority=9), policy("deny"))
    assert not point(*both).is_allowed(request({}))
    assert point(*both, by="highest_priority").is_allowed(request({}))
    assert point(*both, by="allow_overrides").is_allowed(request({}))


def test_no_alternative_and_an_empty_one() -> None:
    """`[]` never holds, `{}` and `[{}]` always do."""
    every: list[Any] = [[], {}, [{}]]
    assert [point(policy("allow", rules)).is_allowed(request({})) for rules in every] == [False, True, True]


def test_an_expression_is_not_anchored() -> None:
    assert holds(the("RegexMatch", value="admin"), {"x": "no-admin-at-all"})


def test_a_network_with_host_bits_never_matches() -> None:
    assert holds(the("CIDR", value="10.0.0.0/8"), {"x": "10.0.0.1"})
    assert not holds(the("CIDR", value="10.0.0.1/8"), {"x": "10.0.0.1"})


class Directory(AttributeProvider):  # type: ignore[misc]  # the library has no types
    """Says that everything is masked, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def get_attribute_value(self, *_args: Any) -> Any:
        self.asked += 1
        return 1


def test_the_caller_wins_over_the_directory() -> None:
    """What the request says of itself is taken before what is known; the directory is asked twice a condition."""
    directory = Directory()
    masked = point(policy("allow"), policy("deny", {"$.x": the("Eq", value=1)}), providers=[directory])
    assert masked.is_allowed(request({"x": 0}))
    assert not masked.is_allowed(request({}))
    assert directory.asked == 2


def test_requests_that_leave_attributes_out_share_them() -> None:
    """The reader of requests hands one dictionary to all who omit it: what one adds, the next one has."""
    bare = {"subject": {"id": "s"}, "resource": {"id": "r"}, "action": {"id": "a"}, "context": {}}
    first, second = AccessRequest.from_json(bare), AccessRequest.from_json(bare)
    first.subject["role"] = "admin"
    assert second.subject == {"role": "admin"}
    first.subject.clear()


def test_a_priority_in_quotes_is_taken() -> None:
    """Text becomes a number here too."""
    assert policy("allow", priority="5").priority == 5  # type: ignore[arg-type]  # that is the point


class Meeting(AttributeProvider):  # type: ignore[misc]  # the library has no types
    """Lets the owner's request wait between the reading of the other attribute and the comparison with it."""

    def __init__(self) -> None:
        self.looked, self.overwritten = threading.Event(), threading.Event()

    def get_attribute_value(self, _element: str, _path: str, ctx: Any) -> Any:
        if ctx.get_attribute_value("context", "$.slow"):
            self.looked.set()
            assert self.overwritten.wait(30)
            return "mallory"
        return None


def owner(context: Json) -> AccessRequest:
    return request({"owner": context["owner"]}, context=context)


def test_two_threads_get_a_wrong_permit() -> None:
    """The control: "who owns it may read it" permits a stranger, each time, when two threads share a policy.

    The condition keeps the value of the other attribute in itself. The stranger's thread is held after it has stored
    the true owner there; meanwhile the other thread stores the stranger's name; the comparison then holds.
    """
    meeting = Meeting()
    shared = Policy.from_json(
        {
            "uid": "own",
            "effect": "allow",
            "rules": {"context": {"$.reader": the("EqualsAttribute", ace="resource", path="$.owner")}},
            "targets": {},
        }
    )
    stranger = {"owner": "alice", "slow": True}  # the reader's name comes from the provider: mallory
    own = {"owner": "mallory", "reader": "mallory", "slow": False}
    reading = point(shared, providers=[meeting])
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(reading.is_allowed(owner(stranger))))
    thread.start()
    assert meeting.looked.wait(30)
    assert reading.is_allowed(owner(own))
    meeting.overwritten.set()
    thread.join(30)
    assert answers == [True]
    # Alone, the same request is refused.
    assert not reading.is_allowed(owner(stranger))
