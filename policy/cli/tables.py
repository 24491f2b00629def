"""`dmp rules test`: the officers' test tables, asked, and tested themselves."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from policy.casebook import Report, run
from policy.cli.app import (
    FAILED,
    HELD,
    INVALID_RULES,
    NOT_OPENED,
    RULES,
    Folder,
    Json,
    Lang,
    app,
    loaded,
    plain,
    tell_faults,
)
from policy.cli.judging import Score, judged
from policy.coverage import Coverage, coverage
from policy.errors import FaultList, RuleFaults
from policy.language import Language, typeset
from policy.mutation import Fate
from policy.questions import asked
from policy.ruleset import RuleSet
from policy.shape import Text

RULES_WANTED, CONDITIONS_WANTED, MUTANTS_WANTED = 100, 95, 90
"""How much of each must be reached, in per cent."""
SEED = 2011


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure of a run."""

    name: str
    reached: int
    of: int
    wanted: int
    said: Text
    of_all: tuple[float, float] | None = None
    """Of a sample, between which shares all probably lie."""

    @property
    def held(self) -> bool:
        """Whether enough was reached: by a sample, whether enough of all may well be."""
        if self.of_all is not None:
            return self.of > 0 and self.of_all[1] * 100 >= self.wanted
        return self.reached * 100 >= self.wanted * self.of

    def text(self, language: Language) -> str:
        """The figure with its words."""
        # Rounded down: what lacks one is not all.
        per_cent = f"{1000 * self.reached // self.of / 10}" if self.of else "0"
        if language == "en":
            return f"{self.said.en}: {self.reached} of {self.of}, {per_cent} %{self._wanted.en}"
        share = f"{per_cent.replace('.', ',')} %{self._wanted.fr}"
        return typeset(f"{self.said.fr} : {self.reached} sur {self.of}, {share}")

    @property
    def _wanted(self) -> Text:
        """What must be reached, and of a sample what it tells."""
        if self.of_all is None:
            return Text(f" (au moins {self.wanted} %)", f" (at least {self.wanted} %)")
        low, high = (round(100 * share) for share in self.of_all)
        return Text(
            f" ; sur l'ensemble, de {low} à {high} % (au moins {self.wanted} % ; `--mutants all` le dit au juste)",
            f"; of all, {low} to {high} % (at least {self.wanted} %; `--mutants all` tells for sure)",
        )


@app.command("test")
def run_tests(
    mutants: Annotated[
        str, typer.Option(help="plant single mistakes and see them caught: `all`, or how many to draw", metavar="N|all")
    ] = "",
    junit: Annotated[Path | None, typer.Option(help="write the run as JUnit XML to this file")] = None,
    folder: Folder = RULES,
    language: Lang = "fr",
    as_json: Json = False,
) -> None:
    """Ask every case of the test tables; what a table does not permit must be denied."""
    count = _count(mutants)
    if junit is not None and (junit.is_dir() or not junit.parent.is_dir()):
        raise typer.BadParameter(f"`{junit}` is no file that can be written", param_hint="--junit")
    ruleset = loaded(folder, as_json, language=language)
    faults = FaultList()
    report = Report()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        report = run(ruleset, faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json, language=language)
        raise typer.Exit(INVALID_RULES)
    seen = coverage(ruleset, asked(ruleset, report.asked))
    # A table that does not hold would catch every mutant.
    score = _score(ruleset, report, count) if count and not report.failures else None
    figures = _figures(ruleset, report, seen, score)
    if junit is not None:
        _write(junit, report, figures)
    if as_json:
        planted = {"mutants": None} if count else {}
        typer.echo(json.dumps(planted | _as_json(ruleset, report, seen, score, figures), ensure_ascii=False))
    else:
        from policy.cli.tested import Page

        page = Page(Console(emoji=False, highlight=False, soft_wrap=True), language)
        page.run(report, figures, not_covered(ruleset, report), seen, score)
        if count and score is None:
            page.not_planted()
    raise typer.Exit(HELD if _held(report, figures) else FAILED)


def _count(mutants: str) -> int:
    """How many mutants to judge: none, so many, or (below nothing) all."""
    if mutants in ("", "all"):
        return -1 if mutants else 0
    if not mutants.isdecimal() or int(mutants) == 0:
        raise typer.BadParameter(f"`{mutants}` is neither `all` nor a number", param_hint="--mutants")
    return int(mutants)


def _score(ruleset: RuleSet, report: Report, count: int) -> Score:
    from policy.mutants import all_mutants, drawn
    from policy.mutants.equivalence import Equivalence
    from policy.mutation import Judge, Trial
    from policy.rule import Readings
    from policy.ruleset import assemble, read_files

    files, readings = read_files(ruleset.folder, FaultList(), ruleset.called), Readings()
    base = assemble(files, FaultList(), readings)
    judge = Judge(files, readings, Trial(base, report.asked), Equivalence(base).witness)
    everything = all_mutants(files, base)
    chosen = everything if count < 0 else drawn(everything, count, SEED)
    return Score(judged(judge, chosen), len(everything))


def _figures(ruleset: RuleSet, report: Report, seen: Coverage, score: Score | None) -> list[Measured]:
    rules = len(ruleset.rules)
    found = [
        Measured(
            "rules", rules - len(not_covered(ruleset, report)), rules, RULES_WANTED,
            Text("règles exercées", "rules that made an answer"),
        ),
        Measured(
            "conditions", len(seen.seen), seen.of, CONDITIONS_WANTED,
            Text("conditions vues décider, vraies et fausses", "conditions seen to decide, as true and as false"),
        ),
    ]  # fmt: skip
    if score is not None:
        count, among = len(score.verdicts), score.among
        of = Text(f"un échantillon de {count} sur {among}", f"a sample of {count} from {among}")
        of = of if score.is_sample else Text(f"toutes les {among}", f"all {among}")
        said = Text(f"erreurs plantées, attrapées ({of.fr})", f"planted mistakes caught, {of.en}")
        of_all = score.interval if score.is_sample else None
        caught = score.count(Fate.CAUGHT)
        found.append(Measured("mutants", caught, score.could_be_caught, MUTANTS_WANTED, said, of_all))
    return found


def not_covered(ruleset: RuleSet, report: Report) -> list[str]:
    """The rules that made no answer, in file order."""
    return [rule.id for rule in ruleset.rules if rule.id not in report.covered]


def _held(report: Report, figures: list[Measured]) -> bool:
    return bool(report.cases) and not report.failures and all(figure.held for figure in figures)


def _write(path: Path, report: Report, figures: list[Measured]) -> None:
    from policy.junit import junit

    try:
        path.write_bytes(junit(report, [(figure.name, figure.text("en"), figure.held) for figure in figures]))
    except OSError as error:
        Console(emoji=False, stderr=True).print(f"{plain(str(path))} cannot be written: {error.strerror}", style="red")
        raise typer.Exit(NOT_OPENED) from None


def _as_json(
    ruleset: RuleSet, report: Report, seen: Coverage, score: Score | None, figures: list[Measured]
) -> dict[str, Any]:
    rules, conditions, *_ = figures
    answer: dict[str, Any] = {
        "held": _held(report, figures),
        "cases": report.cases,
        "failures": [
            {"place": str(f.place), "table": f.table, "case": f.case, "expected": f.expected, "got": f.got}
            for f in report.failures
        ],
        "rules": {"covered": rules.reached, "of": rules.of, "not_covered": not_covered(ruleset, report)},
        "conditions": {
            "seen": conditions.reached,
            "of": conditions.of,
            "unseen": [{"place": str(way.place), "asks": way.asks, "never": way.truth} for way in seen.unseen],
        },
    }
    if score is not None:
        answer["mutants"] = {
            **{fate.value: score.count(fate) for fate in Fate},
            "sample": score.is_sample,
            "interval": score.interval if score.is_sample else None,
            "survivors": [
                {
                    "place": str(v.mutant.place), "kind": v.mutant.kind.value,
                    "fr": v.mutant.words.fr, "en": v.mutant.words.en, "request": v.request or None,
                }
                for v in score.survivors
            ],
        }  # fmt: skip
    return answer
