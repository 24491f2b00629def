"""The smallest request of a kind, and what of it matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from policy.analyze.clock import Amount
from policy.analyze.domain import TIMES, Domain, Option, Stated
from policy.analyze.reading import Reading, negation
from policy.chronology import NOW
from policy.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Shown:
    """One fact of a request: what it states of an attribute, a code of its set, or whether a time has elapsed."""

    attribute: str
    option: Option = None
    code: str = ""
    amount: Amount | None = None
    held: bool = True


Literals = dict[Shown, z3.BoolRef]
DOCUMENT, STRAY = "document", "request"
"""Stand for an attribute where the fact is that there is a document, or that something unknown is stated."""


def smallest(reading: Reading, wanted: z3.BoolRef) -> tuple[z3.ModelRef, tuple[Shown, ...]]:
    """A model of a formula that can hold, which states as little as it may, and a smallest choice of its facts.

    That choice implies the formula: whatever else a request states, it holds.
    Where the request has no fault, that it has none is taken for granted.
    """
    model = _least(reading, wanted)
    facts = dict(_facts(reading.domain, model))
    solver = reading.domain.solver()
    solver.add(reading.laws())
    solver.add(negation(wanted))
    if z3.is_false(model.eval(reading.ill_typed, model_completion=True)):
        solver.add(negation(reading.ill_typed))
    return model, _core(solver, facts)


def _least(reading: Reading, wanted: z3.BoolRef) -> z3.ModelRef:
    """Leave out one attribute after the other, as long as the formula can hold."""
    domain = reading.domain
    solver = domain.solver()
    solver.add([*reading.laws(), wanted])
    wishes = [negation(domain.stray), negation(domain.stray_in_document), negation(reading.ill_typed)]
    wishes += [domain.states(name, Stated.MISSING) for name in domain.options if name != NOW]
    wishes += [negation(domain.has(name, code)) for name in _sets(domain) for code in domain.codes(name)]
    wishes += [domain.states(name, value) for name, value in _usual(domain)]
    granted: list[z3.BoolRef] = []
    for wish in wishes:
        if solver.check(*granted, wish) == z3.sat:
            granted.append(wish)
    solver.check(*granted)
    return solver.model()


def _core(solver: z3.Solver, facts: Literals) -> tuple[Shown, ...]:
    """A choice of facts of which none can be left out: together they leave the solver no way."""
    kept = dict(facts)
    for fact in facts:
        if fact not in kept:
            continue
        others = {other: literal for other, literal in kept.items() if other != fact}
        if solver.check(*others.values()) == z3.unsat:
            needed = {literal.get_id() for literal in solver.unsat_core()}
            kept = {other: literal for other, literal in others.items() if literal.get_id() in needed}
    return tuple(kept)


def _facts(domain: Domain, model: z3.ModelRef) -> Iterator[tuple[Shown, z3.BoolRef]]:
    """All that a model states, those facts first that an officer would rather leave out."""
    yield _fact(model, Shown(STRAY), domain.stray)
    yield _fact(model, Shown(STRAY, DOCUMENT), domain.stray_in_document)
    chosen = {name: _option(domain, model, name) for name in domain.options}
    for name in sorted(domain.options, key=lambda name: chosen[name] is not Stated.MISSING):
        option = chosen[name]
        yield Shown(name, option), domain.states(name, option)
        if option is Stated.GIVEN and domain.attributes[name][0].kind in TIMES:
            for amount in domain.amounts[name]:
                yield _fact(model, Shown(name, amount=amount), domain.elapsed(name, amount))
        elif option is Stated.GIVEN:
            for code in domain.codes(name):
                yield _fact(model, Shown(name, code=code), domain.has(name, code))
    yield _fact(model, Shown(DOCUMENT), domain.document_given)


def _fact(model: z3.ModelRef, shown: Shown, variable: z3.BoolRef) -> tuple[Shown, z3.BoolRef]:
    if z3.is_true(model.eval(variable, model_completion=True)):
        return shown, variable
    return Shown(shown.attribute, shown.option, shown.code, shown.amount, held=False), z3.Not(variable)


def _option(domain: Domain, model: z3.ModelRef, name: str) -> Option:
    options = domain.options[name]
    return next(o for o in options if z3.is_true(model.eval(domain.states(name, o), model_completion=True)))


def _usual(domain: Domain) -> Iterator[tuple[str, Option]]:
    """The values to show where any would do: the first that a vocabulary lists, else one that says something."""
    for name, known in domain.attributes.items():
        if known[0].values and known[0].kind is Kind.CODE and not known[0].derived:
            yield name, known[0].values[0]
        elif known[0].kind in (Kind.ID, Kind.TEXT):
            yield name, "X1"


def _sets(domain: Domain) -> list[str]:
    return [name for name, known in domain.attributes.items() if known[0].kind is Kind.CODES]
