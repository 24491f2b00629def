"""The page as a whole, in the order in which an officer asks."""

from __future__ import annotations

from typing import Final

from policy.docs import entries, law
from policy.docs.origin import origin
from policy.language import typeset
from policy.ruleset import RuleSet

NAME: Final = "RULES.md"
_OPENING: Final = """# Qui peut quoi, par quelle règle, pourquoi — who may do what, by which rule, why

*Cette page est produite par `dmp rules docs` à partir des fichiers de ce dossier : ne pas la modifier.*
This page is written by `dmp rules docs` from the files of this folder: do not edit it.

1. [Comment lire une règle · reading a rule](#lire)
2. [Qui peut quoi · who may do what](#quoi)
3. [Les paramètres des profils · the parameters of the profiles](#parametres)
4. [Les règles, par sujet · the rules by concern](#regles)
5. [Les définitions · the definitions](#definitions)
6. [Les questions ouvertes · the open questions](#questions)
7. [Tout le catalogue · the whole catalogue](#catalogue)"""
_READING: Final = """Ce qu'aucune règle ne permet est refusé. Une règle qui **permet** ouvre une action ; une règle qui
**refuse** la ferme, à son étape ; une règle qui **oblige** ajoute un devoir à ce qui est permis. Les étapes se
suivent ; la première qui refuse donne la réponse. Ce qui manque ou est mal typé refuse et ne permet jamais.

*What no rule permits is denied. A rule that **permits** opens an action; one that **denies** closes it, at its stage;
one that **obliges** adds a duty to what is permitted. The stages follow one another; the first that denies gives the
answer. What is missing or ill-typed denies, and never permits.*"""

_TEXTS: Final = """Les nombres dits ici sont ceux des textes ; ceux qui valent se lisent aux [paramètres](#parametres).

*The numbers told here are those of the texts; those in force stand among the [parameters](#parametres).*"""


def page(ruleset: RuleSet) -> str:
    """The whole page as Markdown; raises `RuleFaults` when a file has become invalid since it was loaded."""
    source = origin(ruleset)
    groups = f'<a id="groupes"></a>**Groupes d\'actions · groups of actions**\n\n{law.groups(source)}'
    parts = [
        _OPENING,
        _section(1, "lire", "Comment lire une règle · reading a rule"),
        _READING,
        law.stages(source),
        groups,
        _section(2, "quoi", "Qui peut quoi · who may do what"),
        law.actions(source),
        _section(3, "parametres", "Les paramètres des profils · the parameters of the profiles"),
        law.parameters(source),
        _section(4, "regles", "Les règles, par sujet · the rules by concern"),
        *(entries.concern(source, part) for part in source.concerns),
        _section(5, "definitions", "Les définitions · the definitions"),
        entries.definitions(source),
        _section(6, "questions", "Les questions ouvertes · the open questions"),
        law.questions(source),
        _section(7, "catalogue", "Tout le catalogue · the whole catalogue"),
        _TEXTS,
        law.catalogue(source),
    ]
    return "\n".join(typeset(line) for line in "\n\n".join(parts).split("\n")) + "\n"


def _section(number: int, name: str, title: str) -> str:
    return f'## <a id="{name}"></a>{number}. {title}'
