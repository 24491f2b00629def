"""What a permitted handler gets of the database: the stores of one open savepoint, and nothing else."""

from __future__ import annotations

from services.store.authorisations import AuthorisationStore
from services.store.consents import ConsentStore
from services.store.documents import DocumentStore
from services.store.emergencies import EmergencyStore
from services.store.epochs import EpochStore
from services.store.erasures import ErasureStore
from services.store.key_provider import Erasure
from services.store.keys import KeyStore
from services.store.notifications import NotificationStore
from services.store.outbox import OutboxStore, ParkedSource
from services.store.records import RecordStore
from services.store.relations import RelationStore
from services.store.savepoint import Savepoint
from services.store.sensitive import SensitiveStore
from services.store.subscriptions import SubscriptionStore
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
        "epochs",
        "erasures",
        "keys",
        "notifications",
        "outbox",
        "parked",
        "records",
        "relations",
        "sensitive",
        "subscriptions",
        "tickets",
        "traces",
    )

    def __init__(self, savepoint: Savepoint) -> None:
        """Bind every store to this savepoint."""
        self._savepoint = savepoint
        self.authorisations = AuthorisationStore(savepoint)
        self.keys = KeyStore(savepoint)
        self.consents = ConsentStore(savepoint)
        self.documents = DocumentStore(savepoint, self.keys)
        self.epochs = EpochStore(savepoint)
        self.erasures = ErasureStore(savepoint, self.keys)
        self.emergencies = EmergencyStore(savepoint, self.keys)
        self.notifications = NotificationStore(savepoint, self.keys)
        self.outbox = OutboxStore(savepoint)
        self.parked = ParkedSource(savepoint)
        self.records = RecordStore(savepoint, self.keys)
        self.relations = RelationStore(savepoint)
        self.sensitive = SensitiveStore(savepoint)
        self.subscriptions = SubscriptionStore(savepoint)
        self.tickets = TicketStore(savepoint, self.keys)
        self.traces = TraceStore(savepoint, self.keys)

    @property
    def touched(self) -> tuple[Touched, ...]:
        """The documents touched so far, in order."""
        return tuple(self._savepoint.touched)

    @property
    def erased(self) -> tuple[Erasure, ...]:
        """What was destroyed so far, for the ledger."""
        return tuple(self._savepoint.erased)

    @property
    def handled(self) -> tuple[Handled, ...]:
        """The tickets opened or settled so far, in order."""
        return tuple(self._savepoint.handled)
