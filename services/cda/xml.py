"""Turns untrusted bytes into XML elements that know their path: no entity, no DTD, no network."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from lxml import etree

from services.cda.error import CdaError, Reason

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 100
"""Real documents nest 13 to 16 levels; libxml2 by itself stops at 256."""

MAX_REPEATS: Final = 100
"""Nobody writes a document with a hundred others; a million authors would cost seconds."""

NAMESPACE: Final = "urn:hl7-org:v3"
_ROOT: Final = "content"
Read = TypeVar("Read")

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_DECLARED_ENCODING: Final = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)""")
# What may stand before the root element (XML 1.0, production 22); possessive, so that a hostile one costs linear time.
_DOCTYPE: Final = re.compile(rb"(?:\s++|<!--.*?-->|<\?.*?\?>)*+<!DOCTYPE", re.DOTALL)
_DEPTH_ERROR: Final = 114  # XML_ERR_RESOURCE_LIMIT of libxml2, whose only limit reachable below 4 MiB is the depth
_TOO_DEEP: Final = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")


@dataclass(frozen=True, slots=True)
class Node:
    """An element and its path, so that every error names its field."""

    element: etree._Element
    field: str

    def refuse(self, reason: Reason, message: str) -> CdaError:
        """Make the error of this field."""
        return CdaError(self.field, reason, message)

    def children(self, name: str) -> list["Node"]:
        """Give all children of this name, in document order."""
        field = f"{self.field}.{name}"
        found = list(islice(self.element.iterchildren(f"{{{NAMESPACE}}}{name}"), MAX_REPEATS + 1))
        if len(found) > MAX_REPEATS:
            raise CdaError(field, Reason.SEVERAL, f"`{name}` appears more than {MAX_REPEATS} times")
        return [Node(element, field) for element in found]

    def optional(self, name: str) -> "Node | None":
        """Give the only child of this name; one with a nullFlavor states that it is absent (HL7 V3 data types, ANY)."""
        found = self.children(name)
        if len(found) > 1:
            raise found[0].refuse(Reason.SEVERAL, f"`{name}` appears more than once")
        return found[0] if found and not found[0].null else None

    def one(self, name: str) -> "Node":
        """Give the only child of this name, which must be there."""
        if (found := self.optional(name)) is None:
            raise CdaError(f"{self.field}.{name}", Reason.MISSING, f"the document has no `{name}`")
        return found

    def down(self, *names: str) -> "Node":
        """Follow required children, one after the other."""
        node = self
        for name in names:
            node = node.one(name)
        return node

    def attribute(self, name: str) -> str:
        """Give the value of an attribute, or nothing."""
        value = self.element.get(name)
        return value if isinstance(value, str) else ""

    @property
    def null(self) -> bool:
        """Say whether the element states that its content is absent."""
        return bool(self.attribute("nullFlavor"))

    @property
    def text(self) -> str:
        """Give the text with its white space made single."""
        return " ".join("".join(self.element.itertext(with_tail=False)).split())


def with_document(content: bytes, read: Callable[[Node], Read]) -> Read:
    """Parse and read in a thread of its own.

    DANGER: lxml keeps every element and attribute name that a thread ever saw, for as long as it lives. Measured: 105
    documents of made-up names take 600 MB and then make parsing fail. A thread that ends gives the memory back.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: read(parse(content))).result()


def parse(content: bytes) -> Node:
    """Parse a `ClinicalDocument` (HL7 CDA R2, 4.1; UTF-8 only, as CI-SIS requires)."""
    _check_bytes(content)
    root = _parse(content)
    if _TOO_DEEP(root):
        raise _too_deep()
    if root.tag != f"{{{NAMESPACE}}}ClinicalDocument":
        raise CdaError(_ROOT, Reason.NOT_CDA, f"the root element is not `ClinicalDocument` of `{NAMESPACE}`")
    return Node(root, _ROOT)


def _check_bytes(content: bytes) -> None:
    """Refuse what must not reach the parser: too large, not UTF-8, or with a DOCTYPE (entities, billion laughs)."""
    if not content:
        raise CdaError(_ROOT, Reason.MISSING, "the document is empty")
    if len(content) > MAX_BYTES:
        raise CdaError(_ROOT, Reason.TOO_LARGE, f"the document is larger than {MAX_BYTES} bytes")
    if not _is_utf8(content):
        raise CdaError(_ROOT, Reason.ENCODING, "the document is not UTF-8")
    if _DOCTYPE.match(content.removeprefix(_BYTE_ORDER_MARK)):
        raise CdaError(_ROOT, Reason.DOCTYPE, "the document has a DOCTYPE, which is refused")


def _is_utf8(content: bytes) -> bool:
    """Say whether the bytes are UTF-8 and declare nothing else, so that no two readers see two documents."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    declared = _DECLARED_ENCODING.match(content.removeprefix(_BYTE_ORDER_MARK))
    return b"\0" not in content and (declared is None or declared[1].lower() == b"utf-8")


def _parse(content: bytes) -> etree._Element:
    """Parse checked bytes; a new parser each time, as lxml locks the one it shares."""
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        # `from None`: the sentence of libxml2 quotes names of the document.
        raise (_too_deep() if getattr(error, "code", None) == _DEPTH_ERROR else _not_xml()) from None
    # The rule above said so already; the parser is asked again, because entities must not depend on one expression.
    if root.getroottree().docinfo.internalDTD is not None:
        raise CdaError(_ROOT, Reason.DOCTYPE, "the document has a DOCTYPE, which is refused")
    return root


def _too_deep() -> CdaError:
    return CdaError(_ROOT, Reason.TOO_DEEP, f"the document nests more than {MAX_DEPTH} levels")


def _not_xml() -> CdaError:
    return CdaError(_ROOT, Reason.NOT_XML, "the document is not well-formed XML")
