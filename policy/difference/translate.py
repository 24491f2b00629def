"""Turns the formulas of `policy.analyze` into decision diagrams, in which whole classes of requests can be read off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, reduce

import z3

from policy.analyze.clock import Amount, implied
from policy.analyze.domain import Domain, Option, Stated
from policy.analyze.witness import Holds
from policy.chronology import NOW
from policy.condition import attributes_of, tests_of
from policy.difference.diagram import EVERYTHING, NOTHING, Diagrams, Region
from policy.ruleset import RuleSet

DOCUMENT_GIVEN, STRAY, STRAY_IN_DOCUMENT = "document given", "stray", "stray in document"
NO, YES = 0, 1
"""The values of a variable that is true or false."""


class Translation:
    """The same requests as a domain's, as regions; `variables` name what each level of the diagrams tests.

    A variable is an attribute, or `attribute has code`, or `attribute elapsed amount`, or one of the document and what
    is outside the vocabulary.
    """

    def __init__(self, domain: Domain, rulesets: Iterable[RuleSet], *, broken: bool) -> None:
        """Lay the variables out so that attributes that rules compare lie side by side.

        Without `broken`, no request states a value of no type or anything outside the vocabulary.
        """
        self.domain = domain
        self._broken = broken
        self.values: dict[str, tuple[Option, ...]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        """By attribute that is a set, the variable of each code."""
        self._leaves: dict[int, tuple[int, int] | None] = {}
        """By the number of a term, the variable and the value that it stands for; nothing for what is never stated."""
        self._known: dict[int, tuple[int, int] | None] = {}
        """The same by the identity of a term that the domain keeps, which is found sooner."""
        self._terms: list[z3.BoolRef] = []
        self._kept: list[z3.BoolRef] = []
        """Formulas that were met: while one is kept, no other gets its number."""
        for attribute in _neighbours(domain, rulesets):
            self._lay_out(attribute)
        self.number = {name: position for position, name in enumerate(self.values)}
        self.names = tuple(self.values)
        self._places = {name: {v: place for place, v in enumerate(values)} for name, values in self.values.items()}
        self.diagrams = Diagrams([len(values) for values in self.values.values()])
        self._name_leaves()
        self._plain: dict[tuple[int, bool], Region] = {}
        self.lawful = self._lawful()

    def region(self, formula: z3.BoolRef, within: Region = EVERYTHING) -> Region:
        """The requests of `within` of which the formula holds."""
        return self.diagrams.both(within, self._whole(formula, wanted=True))

    def where(self, variable: str, values: Iterable[Option]) -> Region:
        """The requests in which a variable has one of these values."""
        known = self._places[variable]
        return self.diagrams.where(self.number[variable], [known[value] for value in values])

    @property
    def of_document(self) -> list[int]:
        """The variables that tell something of the document, or the item."""
        own = (DOCUMENT_GIVEN, STRAY_IN_DOCUMENT)
        return [n for n, name in enumerate(self.names) if name in own or name.startswith("document.")]

    def holds(self, chosen: Mapping[int, int]) -> Holds:
        """The variables of the domain that hold of a request: `chosen` values by variable, all others the first."""

        def holds(term: z3.BoolRef) -> bool:
            leaf = self._known[id(term)]
            return leaf is not None and chosen.get(leaf[0], 0) == leaf[1]

        return holds

    def delays(self, chosen: Mapping[int, int]) -> Region:
        """The requests in which the same has elapsed, and the day is the same, as in the one of these values."""
        region = EVERYTHING
        for number, name in enumerate(self.names):
            if name == NOW or " elapsed " in name:
                region = self.diagrams.both(region, self.diagrams.where(number, [chosen.get(number, 0)]))
        return region

    def plausible(self, region: Region) -> Region:
        """What of the region does not say that a date lies further back than one that never comes after it."""
        return self.diagrams.without(region, self._implausible)

    @cached_property
    def _implausible(self) -> Region:
        return self.diagrams.union(
            [
                self._younger(first, shorter, second, longer)
                for first, second in self.domain.chronology
                for longer in self.domain.amounts.get(second, ())
                for shorter in self.domain.amounts.get(first, ())
                if implied(longer, shorter)
            ]
        )

    def _younger(self, first: str, shorter: Amount, second: str, longer: Amount) -> Region:
        """The requests in which both dates are given, and so much has elapsed since the second alone."""
        parts = [
            self.where(first, [Stated.GIVEN]), self.where(f"{first} elapsed {shorter[0]} {shorter[1]}", [False]),
            self.where(second, [Stated.GIVEN]), self.where(f"{second} elapsed {longer[0]} {longer[1]}", [True]),
        ]  # fmt: skip
        return reduce(self.diagrams.both, parts)

    def formula(self, region: Region) -> z3.BoolRef:
        """The region as a formula again, for a solver that knows the laws."""
        terms = dict(zip(self._leaves.values(), self._terms, strict=True))
        known: dict[Region, z3.BoolRef] = {NOTHING: z3.BoolVal(False), EVERYTHING: z3.BoolVal(True)}
        for node in self.diagrams.below(region):
            variable, edges = self.diagrams.edges(node)
            if self.values[self.names[variable]] == (False, True):
                known[node] = z3.If(terms[variable, YES], known[edges[YES]], known[edges[NO]])
            else:
                parts = [z3.And(terms[variable, value], known[edge]) for value, edge in enumerate(edges)]
                known[node] = z3.Or(parts)
        return known[region]

    def _lay_out(self, attribute: str) -> None:
        domain = self.domain
        if attribute.startswith("document.") and DOCUMENT_GIVEN not in self.values:
            self.values[DOCUMENT_GIVEN] = (False, True)
            if self._broken:
                self.values |= dict.fromkeys((STRAY, STRAY_IN_DOCUMENT), (False, True))
        stated = domain.options[attribute]
        self.values[attribute] = tuple(option for option in stated if self._broken or option is not Stated.BROKEN)
        if attribute == NOW:
            return
        if Stated.GIVEN in domain.options[attribute] and not domain.amounts[attribute]:
            self.codes[attribute] = {code: f"{attribute} has {code}" for code in domain.codes(attribute)}
            self.values |= dict.fromkeys(self.codes[attribute].values(), (False, True))
        self.values |= {f"{attribute} elapsed {n} {unit}": (False, True) for n, unit in domain.amounts[attribute]}

    def _name_leaves(self) -> None:
        domain = self.domain
        for name, options in domain.options.items():
            for option in options:
                self._leaf(domain.states(name, option), name, option)
            for amount in domain.amounts[name]:
                self._leaf(domain.elapsed(name, amount), f"{name} elapsed {amount[0]} {amount[1]}", option=True)
            for code, variable in self.codes.get(name, {}).items():
                self._leaf(domain.has(name, code), variable, option=True)
        for term, variable in (
            (domain.document_given, DOCUMENT_GIVEN),
            (domain.stray, STRAY),
            (domain.stray_in_document, STRAY_IN_DOCUMENT),
        ):
            self._leaf(term, variable, option=True)

    def _leaf(self, term: z3.BoolRef, variable: str, option: Option) -> None:
        values = self.values.get(variable, ())
        leaf = (self.number[variable], self._places[variable][option]) if option in values else None
        self._leaves[self.domain.number(term)] = self._known[id(term)] = leaf
        self._terms.append(term)

    def _lawful(self) -> Region:
        """The requests that can be: exactly one value for each attribute goes without saying here."""
        lawful = EVERYTHING
        for law in self.domain.implications:
            lawful = self.region(law, lawful)
        return lawful

    def _whole(self, formula: z3.BoolRef, wanted: bool) -> Region:
        key = (formula.get_id(), wanted)
        found = self._plain.get(key)
        if found is None:
            self._kept.append(formula)
            found = self._plain[key] = self._computed(formula, wanted)
        return found

    def _computed(self, formula: z3.BoolRef, wanted: bool) -> Region:
        kind = formula.decl().kind()
        diagrams = self.diagrams
        if not wanted:
            return diagrams.opposite(self._whole(formula, wanted=True))
        if kind == z3.Z3_OP_NOT:
            return self._whole(formula.arg(0), wanted=False)
        if kind == z3.Z3_OP_TRUE:
            return EVERYTHING
        if kind == z3.Z3_OP_FALSE:
            return NOTHING
        if kind == z3.Z3_OP_IMPLIES:
            one, other = _parts(formula)
            return diagrams.either(self._whole(one, wanted=False), self._whole(other, wanted=True))
        if kind == z3.Z3_OP_XOR:
            one, other = (self._whole(part, wanted=True) for part in _parts(formula))
            return diagrams.either(diagrams.without(one, other), diagrams.without(other, one))
        if kind == z3.Z3_OP_AND:
            return self._met(formula)
        if kind == z3.Z3_OP_OR:
            return self._joined(formula)
        leaf = self._leaves[formula.get_id()]
        return diagrams.where(leaf[0], [leaf[1]]) if leaf else NOTHING

    def _met(self, formula: z3.BoolRef) -> Region:
        whole = EVERYTHING
        for number, term in _terms(formula):
            whole = self.diagrams.both(whole, self._part(number, term, formula))
        return whole

    def _part(self, number: int, term: z3.Ast, formula: z3.BoolRef) -> Region:
        found = self._plain.get((number, True))
        return self._whole(z3.BoolRef(term, formula.ctx), wanted=True) if found is None else found

    def _joined(self, formula: z3.BoolRef) -> Region:
        """The union; values of one variable are taken together first."""
        values: dict[int, set[int]] = {}
        whole = NOTHING
        for number, term in _terms(formula):
            leaf = self._leaves.get(number)
            if leaf is None:  # no term, or one of what is never stated
                whole = self.diagrams.either(whole, self._part(number, term, formula))
            else:
                values.setdefault(leaf[0], set()).add(leaf[1])
        return self.diagrams.union([whole, *(self.diagrams.where(v, chosen) for v, chosen in values.items())])


def _parts(formula: z3.BoolRef) -> list[z3.BoolRef]:
    """As `children`, which asks of each of what sort it is."""
    return [z3.BoolRef(term, formula.ctx) for _, term in _terms(formula)]


def _terms(formula: z3.BoolRef) -> Iterator[tuple[int, z3.Ast]]:
    """The parts with their numbers, as the solver has them: of thousands of values, few need be more than a number."""
    context, whole = formula.ctx.ref(), formula.as_ast()
    for place in range(formula.num_args()):
        term = z3.Z3_get_app_arg(context, whole, place)
        yield z3.Z3_get_ast_id(context, term), term


def _neighbours(domain: Domain, rulesets: Iterable[RuleSet]) -> Iterator[str]:
    """The attributes in the vocabulary's order, each followed by those that some test reads together with it."""
    beside: dict[str, dict[str, None]] = {name: {} for name in domain.options}
    conditions = {c for ruleset in rulesets for rule in ruleset.rules for c in rule.conditions.values()}
    tests = {test for condition in conditions for test in tests_of(condition)}
    for test in sorted(tests, key=repr):
        names = [name for name in dict.fromkeys(attributes_of(test)) if name in beside and name != NOW]
        for name in names:
            beside[name] |= dict.fromkeys(names)
    done: set[str] = set()
    for name in domain.options:
        waiting = [name]
        while waiting:
            near = waiting.pop(0)
            if near not in done:
                done.add(near)
                waiting += beside[near]
                yield near
