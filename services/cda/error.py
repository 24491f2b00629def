"""The one error of reading a clinical document, and the closed list of its reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a document was refused; the words go to the caller as `ErrorInfo.reason`."""

    TOO_LARGE = "CDA_TOO_LARGE"
    ENCODING = "CDA_ENCODING"
    DOCTYPE = "CDA_DOCTYPE"
    NOT_XML = "CDA_NOT_XML"
    TOO_DEEP = "CDA_TOO_DEEP"
    NOT_CDA = "CDA_NOT_CDA"
    MISSING = "CDA_MISSING"
    SEVERAL = "CDA_SEVERAL"
    CODE_SYSTEM = "CDA_CODE_SYSTEM"
    ROOT = "CDA_ROOT"
    DATE = "CDA_DATE"
    VALUE = "CDA_VALUE"


class CdaError(Exception):
    """A document that cannot be read: which field of the request, why, and a sentence.

    INVARIANT: no part of it quotes the document, which holds personal data; paths are made of names from this package.
    """

    def __init__(self, field: str, reason: Reason, message: str) -> None:
        """Keep the three parts and print as `field: message`."""
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = reason
        self.message = message
