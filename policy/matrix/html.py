"""The grids as one page that needs nothing else: to be filtered, read aloud and printed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Final

from policy.matrix.grid import Cell, Grid, Line
from policy.matrix.view import View
from policy.ruleset import RuleSet

_STYLE: Final = """
:root{--ok:#0b6b3a;--okbg:#d9f2e3;--no:#6b6b6b;--line:#c9c9c9;--warn:#8a3b00;--warnbg:#ffe8d1}
body{font:15px/1.45 system-ui,sans-serif;margin:1.2rem;color:#1a1a1a;background:#fff}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:1.4rem 0 .2rem}p{margin:.2rem 0}[lang=en]{color:#555}
form{display:flex;flex-wrap:wrap;gap:.8rem 1.2rem;align-items:end;margin:1rem 0;padding:.7rem;background:#f3f4f6;
border-radius:6px}
label{display:block;font-weight:600;font-size:.9rem}input,select{font:inherit;padding:.3rem .4rem;min-width:14rem}
.wide{overflow:auto;max-height:80vh;border:1px solid var(--line)}
table{border-collapse:collapse;font-size:.85rem}caption{text-align:left;padding:.3rem 0}
th,td{border:1px solid var(--line);padding:.12rem .3rem}thead th{position:sticky;top:0;background:#fff;z-index:1}
thead th.c{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;font-weight:600}
tbody th[scope=row]{text-align:left;font-weight:400;min-width:22rem}tbody th.g{text-align:left;background:#eef1f5}
td{text-align:center;min-width:1.5rem}td.o{background:var(--okbg);color:var(--ok);font-weight:700}td.n{color:var(--no)}
td.x{background:var(--warnbg);color:var(--warn);font-weight:700}code{font-size:.95em}
.v{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}[hidden]{display:none}
@media print{form{display:none}.wide{max-height:none;overflow:visible;border:0}table{font-size:6.5pt}
thead{display:table-header-group}thead th{position:static}tr{break-inside:avoid}tbody th[scope=row]{min-width:0}
body{margin:0}td.o,td.x{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{size:A3 landscape;margin:8mm}}
"""
_SCRIPT: Final = """
const find=s=>[...document.querySelectorAll(s)],by=id=>document.getElementById(id);
const plain=t=>t.normalize('NFD').replace(/[\\u0300-\\u036f]/g,'').toLowerCase();
function show(){const p=by('profile').value,m=by('mode').value,c=by('column').value,q=plain(by('filter').value).trim();
let n=0;for(const s of find('section')){s.hidden=s.dataset.profile!==p||s.dataset.mode!==m;if(s.hidden)continue;
for(const e of s.querySelectorAll('[data-c]'))e.hidden=c!==''&&e.dataset.c!==c;
for(const b of s.querySelectorAll('tbody')){let k=0;for(const r of b.querySelectorAll('tr[data-t]')){
r.hidden=q!==''&&!plain(r.dataset.t).includes(q);if(!r.hidden)k++}b.hidden=k===0;n+=k}}
by('count').textContent=n+' lignes · rows'}
for(const e of find('select,input'))e.addEventListener('input',show);by('tools').hidden=false;show();
"""
_SIGNS: Final = """<p>Fond vert et <b>✓</b> : ouvert. « · » : fermé. Fond orange et <b>!</b> : les règles ne suivent pas
la marque (la bulle nomme la règle qui décide).</p><p lang="en">Green and ✓: open. “·”: closed. Orange and !: the rules
do not follow the mark (the tooltip names the rule that decides).</p>"""


def html(ruleset: RuleSet, view: View, grids: Sequence[Grid]) -> str:
    """The page; nothing in it is loaded from elsewhere, and without its script all grids are shown."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    return f"""<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(view.title.fr)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(view.title.fr)}</h1><p lang="en">{escape(view.title.en)}</p>
<p>Chaque case a été demandée aux règles (empreinte <code>{escape(ruleset.digest[:16])}</code>), aucune n'est recopiée.
<span lang="en">Every cell was asked of the rules, none is copied.</span></p>
{_marks(view)}{_SIGNS}{_tools(ruleset, view, grids)}
{"".join(_section(grid) for grid in grids)}
<script>{_SCRIPT}</script></body></html>
"""


def _marks(view: View) -> str:
    said = [(letter, escape(text.fr), escape(text.en)) for letter, text in view.provenance.items()]
    french = " ; ".join(f"<b>{escape(letter)}</b> {fr}" for letter, fr, _ in said)
    english = "; ".join(f"{escape(letter)} {en}" for letter, _, en in said)
    return f'<p>Marques : {french}.</p><p lang="en">Marks: {english}.</p>'


def _tools(ruleset: RuleSet, view: View, grids: Sequence[Grid]) -> str:
    profiles = {grid.profile: grid.profile for grid in grids}
    modes = {grid.mode.name: grid.mode.title.fr for grid in grids}
    columns = {"": "toutes · all"} | {column: column for column in grids[0].columns}
    choices = (
        ("profile", "Profil · profile", profiles),
        ("mode", "Mode", modes),
        ("column", escape(ruleset.vocabulary.attributes[view.column].title.fr), columns),
    )
    selects = "".join(
        f'<div><label for="{name}">{title}</label><select id="{name}">{_options(options)}</select></div>'
        for name, title, options in choices
    )
    box = '<label for="filter">Filtrer les lignes · filter</label><input id="filter" type="search">'
    count = '<output id="count" role="status"></output>'
    return f'<form id="tools" hidden onsubmit="return false">{selects}<div>{box}</div>{count}</form>'


def _options(options: dict[str, str]) -> str:
    return "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())


def _section(grid: Grid) -> str:
    heads = "".join(f'<th scope="col" class="c" data-c="{escape(name)}">{escape(name)}</th>' for name in grid.columns)
    bodies = "".join(
        _body(grid, group, list(lines)) for group, lines in groupby(grid.lines, key=lambda line: line.group)
    )
    total = sum(len(line.cells) for line in grid.lines)
    caption = f"<caption>{grid.permitted} cases ouvertes sur {total} · open cells of {total}</caption>"
    named = f'data-profile="{escape(grid.profile)}" data-mode="{escape(grid.mode.name)}"'
    title = f"<h2>{escape(grid.profile)} — {escape(grid.mode.title.fr)}</h2>"
    return f"""<section {named}>{title}
<p lang="en">{escape(grid.mode.title.en)}</p><div class="wide" tabindex="0"><table>{caption}
<thead><tr><td></td>{heads}</tr></thead>{bodies}</table></div></section>
"""


def _body(grid: Grid, group: str, lines: list[Line]) -> str:
    head = f'<tr><th class="g" scope="rowgroup" colspan="{len(grid.columns) + 1}">{escape(group)}</th></tr>'
    return f"<tbody>{head}{''.join(_row(grid, line) for line in lines)}</tbody>"


def _row(grid: Grid, line: Line) -> str:
    cells = "".join(_cell(name, cell) for name, cell in zip(grid.columns, line.cells, strict=True))
    title = f'<th scope="row"><code>{escape(line.key)}</code> {escape(line.title)}</th>'
    return f'<tr data-t="{escape(line.key)} {escape(line.title)}">{title}{cells}</tr>\n'


def _cell(column: str, cell: Cell) -> str:
    """Seen by its sign, its letter and its colour; read aloud as yes or no; explained where it is not as marked."""
    why = f"{column} : marque {cell.mark}, {' '.join(cell.rules)}"
    tip = "" if cell.as_marked else f' title="{escape(why)}"'
    kind = ("o" if cell.permitted else "n") if cell.as_marked else "x"
    sign = f"{'✓' if cell.permitted else '·'}{'' if cell.as_marked else '!'}"
    said = "oui" if cell.permitted else "non"
    letter = escape(cell.mark[:1])
    return (
        f'<td class="{kind}" data-c="{escape(column)}"{tip}>'
        f'<span aria-hidden="true">{sign}<small>{letter}</small></span><span class="v">{said} {letter}</span></td>'
    )
