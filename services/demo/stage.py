"""The story as it is shown on a terminal, in French."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from services.demo.step import Step

WORDS: Final = {
    "OK": "permis",
    "FORBIDDEN": "refusé",
    "NOT_FOUND": "introuvable",
    "CONFLICT": "impossible en l'état",
    "SAME": "identiques",
    "DIFFERENT": "différentes",
}
COLOURS: Final = {"OK": "green", "FORBIDDEN": "yellow", "NOT_FOUND": "yellow", "CONFLICT": "yellow", "SAME": "green"}
NOTHING: Final = "rien"
MARGIN: Final = 10
UNBROKEN: Final = 2
"""Columns of a table whose words stay on one line."""
SPACE: Final = "\N{NO-BREAK SPACE}"
EXPECTED: Final = Text("attendu", "dim")
CAME: Final = Text("obtenu", "dim")
TO_DO: Final = Text("à vérifier", "red")


@dataclass(slots=True)
class Stage:
    """Shows each thing when it happens; a quiet console shows nothing."""

    console: Console
    titles: Mapping[str, str] = field(default_factory=dict)
    """What the rules are called, by their id."""

    def waiting(self, sentence: str) -> AbstractContextManager[object]:
        """A sign of life while something takes its time."""
        if not self.console.is_terminal:
            self.console.print(sentence)
        return self.console.status(sentence)

    def opening(self, sentences: Iterable[str]) -> None:
        """What is about to be seen."""
        self.console.print(Rule(Text("Le DMP d'Alice", "bold")))
        for sentence in sentences:
            self.console.print(Text(sentence, "dim"))

    def scene(self, name: str) -> None:
        """A new scene."""
        self.console.print()
        self.console.print(Text(name, "bold cyan"))

    def step(self, step: Step) -> None:
        """Who did what, what the rules expect and what came; of a step that failed, what to do."""
        mark = Text("✓", "bold green") if step.held else Text("✗", "bold red")
        self._line(Text.assemble(mark, f" {step.number:>2}."), Text.assemble((step.who, "bold"), f" {step.does}"))
        rules = (step.expected.rule,) if step.expected.rule else ()
        self._line(EXPECTED, _answer(step.expected.answer, rules, step.expected.says))
        came = _answer(step.came.answer, tuple(map(self._named, step.came.rules)), self._heard(step), step.came.reason)
        self._line(CAME, came)
        if not step.held:
            self._line(TO_DO, Text(_advice(step), "red"))

    def table(self, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
        """A table, such as the traces."""
        table = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for number, column in enumerate(columns):
            table.add_column(column, no_wrap=number < UNBROKEN)
        for row in rows:
            table.add_row(*map(Text, row))
        self.console.print(table)

    def end(self, steps: list[Step]) -> None:
        """How many steps held, and which did not."""
        failed = [step for step in steps if not step.held]
        self.console.print()
        self.console.print(Rule())
        style = "bold red" if failed else "bold green"
        self.console.print(Text(f"{len(steps) - len(failed)} étapes tenues sur {len(steps)}", style))
        for step in failed:
            self.console.print(Text(f"✗ {step.number}. {step.who} {step.does}", "red"))

    def refuse(self, sentence: str) -> None:
        """Why the story is not told."""
        self.console.print(Text(sentence, "red"), soft_wrap=True)

    def _line(self, margin: Text, words: Text) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=MARGIN, justify="right")
        grid.add_column()
        grid.add_row(margin, words)
        self.console.print(grid)

    def _named(self, rule: str) -> str:
        return f"{rule} «{SPACE}{self.titles[rule]}{SPACE}»" if rule in self.titles else rule

    def _heard(self, step: Step) -> tuple[str, ...] | None:
        return None if step.heard is None else tuple(map(self._named, step.heard))


def _answer(answer: str, rules: tuple[str, ...], says: tuple[str, ...] | None, reason: str = "") -> Text:
    words = Text(WORDS.get(answer) or f"{answer} {reason}", COLOURS.get(answer, "red"))
    for rule in rules:
        words.append(f" · {rule}", "default")
    return words if says is None else words.append(f" · {', '.join(says) or NOTHING}", "default")


def _advice(step: Step) -> str:
    rule = f"la règle {step.expected.rule} de rules/, " if step.expected.rule else ""
    trace = f"la trace de la décision {step.came.decision_id}, " if step.came.decision_id else ""
    return f"{rule}{trace}`dmp rules check` et `dmp rules test`"
