"""What a permitted handler gets of the database: the stores of one open savepoint, and nothing else."""

from __future__ import annotations

from services.store.authorisations import AuthorisationStore
from services.store.consents import ConsentStore
from services.store.documents import DocumentStore
from services.store.emergencies import EmergencyStore
from services.store.keys import KeyStore
from services.store.notifications import NotificationStore
from services.store.records import RecordStore
from services.store.savepoint import Savepoint
from services.store.tickets import TicketStore
from services.store.touched import Handled, Touched
from services.store.traces import TraceStore


class Scope:
    """The stores bound to one savepoint; they refuse every use after the unit is over."""

    __slots__ = (
        "_savepoint",
        "authorisations",
        "consents",
        "documents",
        "emergencies",
        "keys",
        "notifications",
        "records",
        "tickets",
        "traces",
    )

    def __init__(self, savepoint: Savepoint) -> None:
        """Bind every store to this savepoint."""
        self._savepoint = savepoint
        self.authorisations = AuthorisationStore(savepoint)
        self.consents = ConsentStore(savepoint)
        self.documents = DocumentStore(savepoint)
        self.emergencies = EmergencyStore(savepoint)
        self.keys = KeyStore(savepoint)
        self.notifications = NotificationStore(savepoint)
        self.records = RecordStore(savepoint)
        self.tickets = TicketStore(savepoint)
        self.traces = TraceStore(savepoint)

    @property
    def touched(self) -> tuple[Touched, ...]:
        """The documents touched so far, in order."""
        return tuple(self._savepoint.touched)

    @property
    def handled(self) -> tuple[Handled, ...]:
        """The tickets opened or settled so far, in order."""
        return tuple(self._savepoint.handled)
