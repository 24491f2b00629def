"""The tables of the page: who may do what, the parameters, the open questions, and the whole catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from policy.docs.markdown import Row, anchor, link, links, table
from policy.docs.origin import Origin
from policy.elsewhere import Elsewhere
from policy.language import LANGUAGES, duration
from policy.shape import Text

_NO_LIMIT = "—"


def actions(origin: Origin) -> str:
    """For every action the rules that permit it, and those that refuse it, in the order of the stages.

    What refuses most actions is said once, before the table.
    """
    vocabulary, rules = origin.ruleset.vocabulary, origin.ruleset.rules
    common = {r.id for r in rules if r.effect == "deny" and 2 * len(r.actions) > len(vocabulary.actions)}
    order = [stage.id for stage in vocabulary.stages]
    rows = []
    for name, action in vocabulary.actions.items():
        about = sorted((rule for rule in rules if name in rule.actions), key=lambda rule: order.index(rule.stage))
        by = {
            effect: links(r.id for r in about if r.effect == effect and r.id not in common)
            for effect in ("permit", "deny", "oblige")
        }
        rows.append((f"`{name}`", f"{action.title.fr}<br>*{action.title.en}*", by["permit"], by["deny"], by["oblige"]))
    everywhere = "\n".join(f"- {link(r.id)} {r.title.fr} · *{r.title.en}*" for r in rules if r.id in common)
    head = ("Action", "", "Permise par · *permitted by*", "Refusée aussi par · *denied by too*", "Obligations")
    return f"Refusent presque toute action · *deny nearly every action*:\n\n{everywhere}\n\n{table(head, rows)}"


def groups(origin: Origin) -> str:
    """Every group of actions with its members."""
    vocabulary = origin.ruleset.vocabulary
    rows = [
        (f"`{group}`", ", ".join(f"`{name}`" for name, action in vocabulary.actions.items() if group in action.groups))
        for group in sorted(vocabulary.groups)
    ]
    return table(("Groupe", "Actions"), rows)


def stages(origin: Origin) -> str:
    """The order of evaluation."""
    rows = [
        (str(number), f"`{stage.id}`", stage.title.fr, stage.title.en)
        for number, stage in enumerate(origin.ruleset.vocabulary.stages)
    ]
    return table(("", "Étape", "Question", "Question"), rows)


def parameters(origin: Origin) -> str:
    """The parameters of all profiles side by side; those that differ in bold."""
    by_profile = origin.ruleset.parameters
    asked = {
        name: link(entry.id)
        for entry in origin.ruleset.elsewhere.get("ambiguities.yaml", {}).values()
        for name in entry.said_by.get("parameters", ())
    }
    rows = []
    for name, (unit, _) in origin.ruleset.vocabulary.parameters.items():
        values = [_value(by_profile[profile][name], unit) for profile in by_profile]
        shown = values if len(set(values)) == 1 else [f"**{value}**" for value in values]
        title = origin.parameters[name]
        rows.append((anchor(name), f"{title.fr}<br>*{title.en}*", *shown, asked.get(name, "")))
    titles = [f"{origin.profiles[name].fr}<br>`{name}`" for name in by_profile]
    return table(("Paramètre", "", *titles, "Question"), rows)


def _value(value: object, unit: str) -> str:
    if value is None:
        return _NO_LIMIT
    if isinstance(value, bool):
        return "oui · *yes*" if value else "non · *no*"
    if not isinstance(value, int):
        return f"`{value}`"
    french, english = (duration(value, unit, language) for language in LANGUAGES)
    return f"{french} · *{english.partition(' ')[2]}*"


def questions(origin: Origin) -> str:
    """The questions that the texts leave open, and what answers each."""
    entries = origin.ruleset.elsewhere.get("ambiguities.yaml", {}).values()
    return table(
        ("", "Question", "Réponse · *answer*"),
        [(anchor(entry.id), f"{entry.title.fr}<br>*{entry.title.en}*", _lives(entry)) for entry in entries],
    )


def catalogue(origin: Origin) -> str:
    """Every rule of the catalogue, and where it lives."""
    rules: dict[str, list[str]] = {}
    for rule in origin.ruleset.rules:
        rules.setdefault(rule.catalogue_id, []).append(rule.id)
    titles = {rule.catalogue_id: rule.title for rule in reversed(origin.ruleset.rules)}
    elsewhere = origin.ruleset.elsewhere.get("elsewhere.yaml", {})
    rows: list[Row] = [
        (f"`{name}`", f"{titles[name].fr}<br>*{titles[name].en}*", f"règle · *rule*: {links(rules[name])}")
        if name in rules
        else (anchor(name), f"{elsewhere[name].title.fr}<br>*{elsewhere[name].title.en}*", _lives(elsewhere[name]))
        for name in sorted({*rules, *elsewhere})
    ]
    return table(("Id", "Ce qu'elle dit · *what it says*", "Où elle vit · *where it lives*"), rows)


def _lives(entry: Elsewhere) -> str:
    words = {"rules": "règles · *rules*", "definitions": "définitions", "parameters": "paramètres · *parameters*"}
    parts = [
        f"{words[kind]}: {links(names)}" if kind in words else f"{kind}: {_codes(names)}"
        for kind, names in entry.said_by.items()
    ]
    if entry.modules:
        parts.append(f"programme · *program*: {_codes(entry.modules)}")
    reasons = (("plus tard", "later", entry.later), ("hors champ", "out of scope", entry.outside))
    parts += [_reason(fr, en, said) for fr, en, said in (*reasons, ("fixé", "fixed", entry.fixed)) if said]
    return "<br>".join(parts)


def _reason(fr: str, en: str, said: Text) -> str:
    return f"**{fr}** : {said.fr}<br>*{en}: {said.en}*"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
