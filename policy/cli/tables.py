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
from policy.cli.judging import EVERY, Score, judged
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

    @property
    def held(self) -> bool:
        """Whether enough was reached."""
        return self.reached * 100 >= self.wanted * self.of

    def text(self, language: Language) -> str:
        """The figure with its words."""
        per_cent = f"{100 * self.reached / self.of:.1f}" if self.of else "0"
        if language == "en":
            return f"{self.said.en}: {self.reached} of {self.of}, {per_cent} % (at least {self.wanted} %)"
        share = f"{per_cent.replace('.', ',')} % (au moins {self.wanted} %)"
        return typeset(f"{self.said.fr} : {self.reached} sur {self.of}, {share}")


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
        typer.echo(json.dumps(_as_json(ruleset, report, seen, score, figures), ensure_ascii=False))
    else:
        from policy.cli.tested import Page

        page = Page(Console(emoji=False, highlight=False, soft_wrap=True), language)
        page.run(report, figures, not_covered(ruleset, report), seen, score)
    raise typer.Exit(HELD if _held(report, figures) else FAILED)


def _count(mutants: str) -> int:
    """How many mutants to judge: none, so many, or (below nothing) all."""
    if mutants in ("", "all"):
        return -1 if mutants else 0
    if not mutants.isdecimal() or int(mutants) == 0:
        raise typer.BadParameter(f"`{mutants}` is neither `all` nor a number", param_hint="--mutants")
    return int(mutants)


def _score(ruleset: RuleSet, report: Report, count: int) -> Score:
    from policy.mutants import all_mutants, sample
    from policy.mutation import Judge, Trial
    from policy.rule import Readings
    from policy.ruleset import assemble, read_files

    files, readings = read_files(ruleset.folder, FaultList(), ruleset.called), Readings()
    base = assemble(files, FaultList(), readings)
    judge = Judge(files, readings, Trial(base, report.asked))
    everything = all_mutants(files, base)
    chosen = everything if count < 0 else sample(everything, count, SEED)
    said = EVERY if len(chosen) == len(everything) else _sample(len(chosen), len(everything))
    return Score(said, judged(judge, chosen))


def _sample(count: int, of: int) -> Text:
    return Text(f"un échantillon de {count} sur {of}", f"a sample of {count} from {of}")


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
        said = Text(f"erreurs plantées, attrapées ({score.of.fr})", f"planted mistakes caught, {score.of.en}")
        found.append(Measured("mutants", score.count(Fate.CAUGHT), score.could_be_caught, MUTANTS_WANTED, said))
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
            "sample": score.of != EVERY,
            "survivors": [
                {
                    "place": str(v.mutant.place), "kind": v.mutant.kind.value,
                    "fr": v.mutant.words.fr, "en": v.mutant.words.en,
                }
                for v in score.survivors
            ],
        }  # fmt: skip
    return answer
