"""Lays a run of the test tables out in the terminal: what did not hold, how much was exercised, what no case sees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table

from policy.casebook import Failure, Report
from policy.cli.app import plain
from policy.cli.judging import Score
from policy.coverage import Coverage
from policy.language import Language, is_one, say
from policy.mutation import Fate, Verdict
from policy.shape import Text

if TYPE_CHECKING:
    from policy.cli.tables import Measured

SHOWN = 20
_MARKS: Final = {True: "[green]✓[/]", False: "[red]✗[/]"}
_LABELS: Final = {
    "failed": Text("Les cas qui ne tiennent pas", "Cases that did not hold"),
    "case": Text("cas", "case"),
    "expected": Text("attendu", "expected"),
    "got": Text("obtenu", "got"),
    "no case": Text(
        "[red]aucun cas n'a été posé[/] : écrire un fichier *_test.yaml à côté des règles",
        "[red]no case was asked[/]: write a *_test.yaml beside the rules",
    ),
    "cases": Text("{held} cas sur {of} tiennent", "{held} of {of} cases hold"),
    "cases, one": Text("{held} cas sur {of} tient", "{held} of {of} cases holds"),
    "next": Text(
        "si c'est la règle qui doit changer la réponse, corriger le cas ; sinon, la règle",
        "where the rule is to change the answer, correct the case; else the rule",
    ),
    "uncovered": Text("[yellow]sans aucun cas :[/] {rules}", "[yellow]without a case:[/] {rules}"),
    "true": Text("`{asks}` n'est jamais vu décider par vrai", "`{asks}` never decides as true"),
    "false": Text("`{asks}` n'est jamais vu décider par faux", "`{asks}` never decides as false"),
    "others": Text(
        "non comptées : {same} qu'aucun cas ne pourrait voir, quelle que soit la demande (prouvé), et {refused} que "
        "`check` refuse",
        "not counted: {same} that no case could see, whatever the request (proved), and {refused} that `check` refuses",
    ),
    "survivors": Text(
        "aucun cas ne voit les {n} que voici. Écrire un cas de la demande donnée : l'erreur en change la réponse :",
        "{n} no case catches. Write a case of the request that is given: once the edit is made, its answer is another:",
    ),
    "not planted": Text(
        "[yellow]aucune erreur n'a été plantée :[/] tout cas qui échoue les attraperait toutes ; d'abord le corriger",
        "[yellow]no mistake was planted:[/] a case that does not hold would catch every one; mend it first",
    ),
    "more": Text("… et {n} de plus : --json les donne toutes", "… and {n} more: --json has them all"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Where and in which language a run is told."""

    console: Console
    language: Language

    def run(
        self,
        report: Report,
        figures: Sequence[Measured],
        not_covered: Sequence[str],
        seen: Coverage,
        score: Score | None,
    ) -> None:
        """The whole run."""
        if report.failures:
            self._failures(report.failures)
        if not report.cases:
            self.console.print(self._label("no case"))
        held = report.cases - len(report.failures)
        label = "cases, one" if is_one(held, self.language) else "cases"
        self.console.print(f"{_MARKS[not report.failures]} {self._label(label, held=held, of=report.cases)}")
        for figure in figures:
            self.console.print(f"{_MARKS[figure.held]} {figure.text(self.language)}")
            if figure.name == "rules" and not figure.held:
                self.console.print(f"  {self._label('uncovered', rules=', '.join(not_covered))}")
            if figure.name == "conditions" and not figure.held:
                self._some([f"{w.place}: {self._label(str(w.truth).lower(), asks=w.asks)}" for w in seen.unseen])
        if score is not None:
            self._score(score)

    def _failures(self, failures: Sequence[Failure]) -> None:
        """A table for each test table, under its place, which is never cut: editors open it."""
        self.console.print(f"[bold red]{self._label('failed')}[/]")
        for (place, name), found in groupby(failures, key=lambda failure: (failure.place, failure.table)):
            self.console.print(f"[bold]{plain(str(place))}[/] {plain(name)}")
            table = Table(box=box.SIMPLE_HEAD)
            for column in ("case", "expected", "got"):
                table.add_column(self._label(column), overflow="fold")
            for failure in found:
                table.add_row(*(plain(text) for text in (failure.case, failure.expected, failure.got)))
            self.console.print(table, soft_wrap=False)
        self.console.print(f"  {self._label('next')}")

    def _score(self, score: Score) -> None:
        """What became of the others, and which case is missing."""
        same, refused = score.count(Fate.EQUIVALENT), score.count(Fate.REFUSED)
        self.console.print(f"  {self._label('others', same=same, refused=refused)}")
        if score.survivors:
            self.console.print(f"  {self._label('survivors', n=len(score.survivors))}")
            self._some([self._survivor(verdict) for verdict in score.survivors])

    def not_planted(self) -> None:
        """Why no mistake was planted."""
        self.console.print(self._label("not planted"))

    def _survivor(self, verdict: Verdict) -> str:
        """The mistake, and below it the smallest request that tells it."""
        said = f"{verdict.mutant.place}: {say(verdict.mutant.words, self.language)}"
        return f"{said}\n      {json.dumps(verdict.request, ensure_ascii=False)}" if verdict.request else said

    def _some(self, lines: Sequence[str]) -> None:
        for line in lines[:SHOWN]:
            self.console.print(f"    {plain(line)}")
        if len(lines) > SHOWN:
            self.console.print(f"    {self._label('more', n=len(lines) - SHOWN)}")

    def _label(self, key: str, **words: object) -> str:
        return say(_LABELS[key], self.language).format(**words)
