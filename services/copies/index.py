"""Writes the two files that a person opens first: INDEX.HTM and README.TXT (IHE ITI TF-2, 3.32.4.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import IO, Final

from services.copies import words
from services.copies.model import Copy
from services.copies.xdm import Filed

FOLDER: Final = "IHE_XDM/SUBSET01"
_HEAD: Final = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.1//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" lang="fr" xml:lang="fr">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
<title>{title}</title>
<style type="text/css">
body {{ font-family: sans-serif; line-height: 1.5; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #1a1a1a; background: #fff }}
table {{ border-collapse: collapse; width: 100% }}
caption {{ text-align: left; font-weight: bold; padding: .5em 0 }}
th, td {{ border: 1px solid #666; padding: .4em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere }}
a:focus {{ outline: 3px solid #0b5fff }}
</style>
</head>
<body>
<h1>{title}</h1>
"""  # noqa: E501 - a style sheet
_COLUMNS: Final = ("N°", "Document", "Type", "Date", "Auteur", "État", "Confidentialité")
_README: Final = """\
COPIE DU DOSSIER MEDICAL PARTAGE

{holder}

Ce disque suit le profil IHE XDM (Cross-Enterprise Document Media
Interchange). Il contient :

  INDEX.HTM                      la liste des documents : ouvrez ce fichier
                                 avec un navigateur
  IHE_XDM/SUBSET01/METADATA.XML  leur description pour les logiciels
  IHE_XDM/SUBSET01/DOC*.XML      les documents (HL7 CDA R2), tels que déposés

Chaque document est décrit avec sa taille et son empreinte SHA-1.
Aucun logiciel n'est installé ni nécessaire.

Ces données de santé sont personnelles : conservez ce disque en lieu sûr.
"""


def write_index(copy: Copy, filed: Sequence[Filed], target: IO[bytes]) -> None:
    """Write one page in XHTML Basic, as IHE asks, that needs nothing else, runs nothing and is read aloud well."""
    target.write(_HEAD.format(title=words.TITLE).encode())
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(said)}</dd>\n" for term, said in words.holder(copy))
    target.write(f"<dl>\n{rows}</dl>\n<p>{escape(words.KEEP_SAFE)}</p>\n".encode())
    if not filed:
        target.write(b"<p>Aucun document.</p>\n")
    else:
        head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
        target.write(f"<table>\n<caption>Documents</caption>\n<tr>{head}</tr>\n".encode())
        for number, one in enumerate(filed, 1):
            target.write(_row(number, one).encode())
        target.write(b"</table>\n")
    target.write(b"</body>\n</html>\n")


def _row(number: int, filed: Filed) -> str:
    document = filed.document
    said = dict(words.told(document))
    link = f'<a href="{FOLDER}/{filed.name}">{escape(document.title or filed.name)}</a>'
    cells = "".join(f"<td>{escape(said[column])}</td>" for column in _COLUMNS[2:])
    return f'<tr><td>{number}</td><th scope="row">{link}</th>{cells}</tr>\n'


def readme(copy: Copy) -> bytes:
    """The words for whoever opens the disc without a browser; lines end as every system reads them."""
    rows = "\n".join(f"{term} : {said}" for term, said in words.holder(copy))
    # With the mark, for the simplest readers take a text without it for one of their own code page.
    return _README.format(holder=rows).replace("\n", "\r\n").encode("utf-8-sig")
