"""One rule, one concern or one definition as a piece of the page."""

from __future__ import annotations

from policy.docs.markdown import Row, anchor, lines, link, quoted, table
from policy.docs.origin import Concern, Origin
from policy.rule import Rule
from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence

_EFFECTS = {
    "permit": Text("**Permet**", "**Permits**"),
    "deny": Text("**Refuse**", "**Denies**"),
    "oblige": Text("**Oblige**, quand l'action est permise", "**Obliges**, when the action is permitted"),
}
_HEAD = ("", "Français", "English")


def concern(origin: Origin, part: Concern) -> str:
    """A concern: its opening words, the list of its rules, and each rule."""
    opening = "\n".join(f"*{line}*  " for line in part.opening)
    index = table(
        ("Règle", "Titre", "Title", "Effet"),
        [(link(rule.id), rule.title.fr, rule.title.en, rule.effect) for rule, _ in part.rules],
    )
    entries = [_rule(origin, rule, tree) for rule, tree in part.rules]
    return "\n\n".join([f"### {part.name}", opening, index, *entries])


def definitions(origin: Origin) -> str:
    """Every named condition with what it says."""
    rows = [
        (anchor(name), _cell(title.fr, _said(origin, origin.conditions[name], "fr")),
         _cell(title.en, _said(origin, origin.conditions[name], "en")))
        for name, title in origin.definitions.items()
    ]  # fmt: skip
    return table(("Nom", "Français", "English"), rows)


def _cell(title: str, said: str) -> str:
    return f"*{title}*<br>{said}"


def _rule(origin: Origin, rule: Rule, tree: Mapping) -> str:
    rows = [
        _effect(origin, rule),
        *_stage(origin, rule),
        _actions(origin, tree),
        *_conditions(origin, tree),
        *_more(origin, rule, tree),
    ]
    heading = f"#### {anchor(rule.id)} · {rule.title.fr}"
    basis = f"Base légale · *basis*: {quoted(rule.basis)}"
    return "\n\n".join([heading, f"*{rule.title.en}*", table(_HEAD, rows), basis])


def _effect(origin: Origin, rule: Rule) -> Row:
    effect = _EFFECTS[rule.effect]
    if rule.answers is None:
        return "Effet", effect.fr, effect.en
    words = origin.ruleset.vocabulary.answers[rule.answers.value]
    code = f"(`{rule.answers.value}`)"
    return "Effet", f"{effect.fr} : « {words.fr} » {code}", f"{effect.en}: “{words.en}” {code}"


def _stage(origin: Origin, rule: Rule) -> list[Row]:
    stages = [stage for stage in origin.ruleset.vocabulary.stages if stage.id == rule.stage and rule.answers]
    return [("Étape", f"`{stage.id}` — {stage.title.fr}", f"`{stage.id}` — {stage.title.en}") for stage in stages]


def _actions(origin: Origin, tree: Mapping) -> Row:
    chosen, without = _words(tree.get("actions")), _words(tree.get("except"))
    said = [_named(origin, chosen, "fr"), _named(origin, chosen, "en")]
    if without:
        said[0] += f"<br>sauf : {_named(origin, without, 'fr')}"
        said[1] += f"<br>but not: {_named(origin, without, 'en')}"
    return "Actions", said[0], said[1]


def _named(origin: Origin, words: list[str], language: str) -> str:
    """Actions by their titles; a group by its name, which the page explains."""
    actions = origin.ruleset.vocabulary.actions
    groups = {"fr": "groupe", "en": "group"}[language]
    return ", ".join(
        f"{getattr(actions[word].title, language)} (`{word}`)" if word in actions else f"{groups} [`{word}`](#groupes)"
        for word in words
    )


def _conditions(origin: Origin, tree: Mapping) -> list[Row]:
    rows: list[Row] = []
    for key, head in (("when", "Quand · *when*"), ("unless", "Sauf si · *unless*")):
        node = tree.get(key)
        if node is not None:
            rows.append((head, _said(origin, node, "fr"), _said(origin, node, "en")))
    return rows


def _said(origin: Origin, node: Node, language: str) -> str:
    return lines(origin.phrases("fr" if language == "fr" else "en").condition(node))


def _more(origin: Origin, rule: Rule, tree: Mapping) -> list[Row]:
    rows: list[Row] = []
    if rule.obligations:
        rows.append(("Obligations", _duties(origin, rule, "fr"), _duties(origin, rule, "en")))
    if rule.scope:
        rows.append(("Portée · *scope*", f"`{rule.scope}`", f"`{rule.scope}`"))
    if rule.profiles != origin.ruleset.profiles:
        titles = [origin.profiles[name] for name in rule.profiles]
        rows.append(("Profils", ", ".join(t.fr for t in titles), ", ".join(t.en for t in titles)))
    since, until = _words(tree.get("from")), _words(tree.get("until"))
    if since or until:
        period = f"{''.join(since)} – {''.join(until)}"
        rows.append(("Période · *period*", period, period))
    return rows


def _duties(origin: Origin, rule: Rule, language: str) -> str:
    titles = ((duty, origin.obligations[duty.partition(":")[0]]) for duty in rule.obligations)
    return "<br>".join(f"{getattr(title, language)} (`{duty}`)" for duty, title in titles)


def _words(node: Node | None) -> list[str]:
    nodes = node.items if isinstance(node, Sequence) else (node,)
    return [str(item.value) for item in nodes if isinstance(item, Scalar)]
