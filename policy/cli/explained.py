"""Lays an explanation out in the terminal: the answer, why, what would change it, the facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from policy.cli.app import plain
from policy.explain.officer import Fact, Otherwise, Report, RuleSeen
from policy.explain.person import Explanation
from policy.explain.search import DEEPEST
from policy.explain.words import Words
from policy.model import Decision
from policy.shape import Text

_LABELS: Final = {
    "why": Text("Pourquoi", "Why"),
    "rule": Text("règle", "rule"),
    "title": Text("ce qu'elle dit, et d'où elle vient", "what it says, and where it comes from"),
    "tests": Text("ce qu'elle demande : ✓ vrai, ✗ faux, ? inconnu", "what it asks: ✓ true, ✗ false, ? unknown"),
    "near": Text("À un fait près", "One fact away"),
    "wanting": Text("il suffirait que change", "any one of these would do"),
    "still": Text("et ce serait encore refusé par ", "and it would still be refused by "),
    "otherwise": Text("Ce qui changerait la réponse", "What would change the answer"),
    "changes": Text("il faudrait", "these facts"),
    "who": Text("qui le peut", "who can"),
    "then": Text("réponse", "answer"),
    "proven": Text("Rien de plus petit ne suffit.", "Nothing smaller would do."),
    "unproven": Text(
        "La recherche s'est arrêtée avant la fin : il peut en exister d'autres, plus petits.",
        "The search ended early: there may be others, smaller ones.",
    ),
    "nothing": Text(
        f"Aucun changement de {DEEPEST} faits au plus ne changerait la réponse.",
        f"No change of {DEEPEST} facts at most would change the answer.",
    ),
    "unlikely": Text("(personne ne le peut)", "(nobody can)"),
    "facts": Text("Les faits", "The facts"),
    "fact": Text("fait", "fact"),
    "value": Text("valeur", "value"),
    "default": Text("non dit", "not stated"),
    "faults": Text("La demande est incomplète ou mal codée", "The request is incomplete or ill-coded"),
    "next": Text("Ce qui peut être fait", "What can be done"),
    "both": Text("et", "and"),
    "promise": Text(
        "Cela lève ce refus-ci ; un autre peut se trouver derrière.",
        "This clears this refusal; another may lie behind it.",
    ),
    "more": Text("Tout, avec --all.", "Everything, with --all."),
}
_MARKS: Final = {True: "✓", False: "✗", None: "?"}
_COLOURS: Final = {"permit": "green", "deny": "red", "oblige": "cyan"}


@dataclass(frozen=True, slots=True)
class Page:
    """Where and how an explanation is printed."""

    console: Console
    words: Words
    everything: bool

    def person(self, decision: Decision, explanation: Explanation) -> None:
        """For the person whom the decision concerns."""
        self._head(decision, explanation.answer)
        for reason in explanation.reasons:
            said = self.words.text(Text(f"{reason.rule} ; {reason.basis}", f"{reason.rule}; {reason.basis}"))
            self.console.print(f"  • {plain(self.words.text(reason.title))} [dim]({plain(said)})[/]")
        if explanation.remedies:
            self._title("next")
        both = f" [bold]{self._label('both')}[/] "
        for remedy in explanation.remedies:
            self.console.print("  → " + both.join(plain(self.words.text(step.advice)) for step in remedy))
        if explanation.remedies:
            self.console.print(f"  [dim]{self._label('promise')}[/]")

    def officer(self, report: Report) -> None:
        """For an officer."""
        decision = report.decision
        self._head(decision, report.answer)
        self._stage(decision)
        if decision.faults:
            self._title("faults")
            for fault in decision.faults:
                self.console.print(f"  • {plain(fault)}")
        self._fired(report.fired)
        self._near(self._worth(report))
        self._otherwise(report)
        self._facts(self._looked_at(report))
        if not self.everything:
            self.console.print(f"[dim]{self._label('more')}[/]")

    def _head(self, decision: Decision, answer: Text) -> None:
        colour = "green" if decision.permitted else "red"
        vocabulary = self.words.vocabulary
        action = vocabulary.actions.get(decision.action)
        named = f"{decision.action} ({self.words.text(action.title)})" if action else "?"
        self.console.print(
            f"[bold {colour}]{decision.effect} · {decision.answer}[/]  {plain(named)} · {decision.profile}"
        )
        self.console.print(f"[{colour}]{plain(self.words.text(answer))}[/]")

    def _stage(self, decision: Decision) -> None:
        """Where it was denied. INVARIANT: not for the person, whom it would tell hidden from missing."""
        for stage in self.words.vocabulary.stages:
            if stage.id == decision.stage:
                self.console.print(f"[dim]{plain(stage.id)}{self.words.colon}{plain(self.words.text(stage.title))}[/]")

    def _fired(self, fired: Iterable[RuleSeen]) -> None:
        table = self._table("why", "rule", "title", "tests")
        for seen in fired:
            tests = "\n".join(f"{_MARKS[one.answer]} {plain(self.words.test(one.test))}" for one in seen.asked)
            table.add_row(*self._rule(seen), tests)
        if table.row_count:
            self.console.print(table)

    def _near(self, near: Iterable[RuleSeen]) -> None:
        table = self._table("near", "rule", "title", "wanting")
        for seen in near:
            wanting = "\n".join(plain(self.words.wanted(one.test, one.answer)) for one in seen.wanting)
            still = f"\n[red]{self._label('still')}{plain(', '.join(seen.still))}[/]" if seen.still else ""
            table.add_row(*self._rule(seen), wanting + still)
        if table.row_count:
            self.console.print(table)

    def _worth(self, report: Report) -> Iterable[RuleSeen]:
        """The rules that would have made the answer another one; all of them on demand."""
        effect = "deny" if report.decision.permitted else "permit"
        return (seen for seen in report.near if self.everything or seen.rule.effect == effect)

    def _otherwise(self, report: Report) -> None:
        self._title("otherwise")
        if not report.otherwise:
            self.console.print(f"  {self._label('nothing' if report.proven else 'unproven')}")
            return
        table = self._table("", "changes", "who", "then")
        for other in report.otherwise:
            changes = "\n".join(plain(self.words.move(move, report.value(move.variable))) for move in other.moves)
            decision = other.decision
            told = f"{decision.effect} · {decision.answer}\n[dim]{plain(' '.join(decision.rules))}[/]"
            table.add_row(changes, self._who(other), told)
        self.console.print(table)
        self.console.print(f"  [dim]{self._label('proven' if report.proven else 'unproven')}[/]")

    def _who(self, other: Otherwise) -> str:
        if not other.likely:
            return f"[dim]{self._label('unlikely')}[/]"
        vocabulary = self.words.vocabulary
        changes = [(vocabulary.changes.get(move.variable.attribute), move.variable.member) for move in other.moves]
        names = (change.changer(code) for change, code in changes if change)
        who = (self.words.text(vocabulary.changers[name].title) for name in names)
        return "\n".join(plain(name) for name in dict.fromkeys(who))

    def _facts(self, facts: Iterable[Fact]) -> None:
        table = self._table("facts", "fact", "value", "who")
        for fact in facts:
            value = plain(self.words.fact(fact.attribute, fact.value))
            told = value if fact.given else f"{value} [dim]({self._label('default')})[/]"
            who = plain(self._changers(fact))
            name = f" [dim]{fact.attribute}[/]" if self.everything else ""
            table.add_row(f"{plain(self.words.text(fact.title))}{name}", told, who)
        self.console.print(table)

    def _changers(self, fact: Fact) -> str:
        """Who can change a fact; of a set, who can take out what is in it."""
        change = self.words.vocabulary.changes.get(fact.attribute)
        if change is None:
            return ""
        codes = sorted(fact.value) if isinstance(fact.value, frozenset) else []
        names = dict.fromkeys(change.changer(code) for code in codes or [""])
        return "\n".join(self.words.text(self.words.vocabulary.changers[name].title) for name in names)

    def _looked_at(self, report: Report) -> Iterable[Fact]:
        """The facts that are stated; all that a rule looks at on demand."""
        return (fact for fact in report.facts if self.everything or fact.given)

    def _rule(self, seen: RuleSeen) -> tuple[str, str]:
        rule = seen.rule
        effect = f"[{_COLOURS[rule.effect]}]{rule.effect}{f' {rule.answers}' if rule.answers else ''}[/]"
        says = plain(self.words.text(rule.title))
        if not seen.wanting or self.everything:
            says += f"\n[dim]{plain(rule.basis)}[/]"
        return f"[bold]{plain(rule.id)}[/]\n{effect}", says

    def _table(self, title: str, *columns: str) -> Table:
        told = self._label(title) if title else None
        table = Table(title=told, title_style="bold", title_justify="left", box=box.SIMPLE_HEAD)
        for column in columns:
            table.add_column(self._label(column), overflow="fold")
        return table

    def _title(self, label: str) -> None:
        self.console.print(f"[bold]{self._label(label)}[/]")

    def _label(self, key: str) -> str:
        return self.words.text(_LABELS[key])
