"""Everything that can be read or written within one transaction."""

from datetime import datetime

from controller.domain.chain import Keyring
from controller.store.audit import Audit
from controller.store.chain import Anchors
from controller.store.contents import ContentsKept
from controller.store.deliveries import Deliveries
from controller.store.delivery_facts import DeliveryFacts
from controller.store.deployments import Deployments
from controller.store.distances import Distances
from controller.store.entries import Codes, Identities, Interactions, Links, Sessions, Tokens
from controller.store.environments import Environments
from controller.store.evidence import EvidenceKept
from controller.store.history import History
from controller.store.leases import Leases
from controller.store.marks import MarksMade
from controller.store.orders import Orders
from controller.store.outbox import Outbox
from controller.store.overviews import Overviews
from controller.store.proposals import Proposals
from controller.store.revisions import Revisions
from controller.store.runs import Runs
from controller.store.samples import Samples
from controller.store.sightings import Sightings
from controller.store.standings import Standings
from controller.store.tellings import Tellings
from controller.store.timers import Timers
from controller.store.transaction import Transaction


class Unit:
    """What happens in it happens wholly or not at all. After an error it is over: leave the block and open another."""

    def __init__(self, transaction: Transaction, keys: Keyring) -> None:
        self._transaction = transaction
        self.environments = Environments(transaction)
        self.revisions = Revisions(transaction)
        self.deployments = Deployments(transaction)
        self.history = History(transaction, self.deployments)
        self.deliveries = Deliveries(transaction)
        self.orders = Orders(transaction)
        self.audit = Audit(transaction, keys)
        self.anchors = Anchors(transaction)
        self.outbox = Outbox(transaction)
        self.timers = Timers(transaction)
        self.samples = Samples(transaction)
        self.sightings = Sightings(transaction)
        self.runs = Runs(transaction)
        self.proposals = Proposals(transaction)
        self.evidence = EvidenceKept(transaction)
        self.contents = ContentsKept(transaction)
        self.distances = Distances(transaction)
        self.delivery_facts = DeliveryFacts(transaction)
        self.standings = Standings(transaction)
        self.overviews = Overviews(transaction)
        self.leases = Leases(transaction)
        self.marks = MarksMade(transaction)
        self.sessions = Sessions(transaction)
        self.tokens = Tokens(transaction)
        self.links = Links(transaction)
        self.identities = Identities(transaction)
        self.codes = Codes(transaction)
        self.interactions = Interactions(transaction)
        self.tellings = Tellings(transaction)

    def write_down(self) -> None:
        """What is kept for the end: whoever opened the transaction asks for it there. The audit is last, because others
        that append wait for it."""
        self.deployments.write_down()
        self.delivery_facts.write_down()
        self.audit.write_down()

    def now(self) -> datetime:
        """Aware UTC, by the database's own clock where it has one: the same for every controller."""
        return self._transaction.now()
