"""Settings → ports. The only module that names an adapter."""

from dataclasses import dataclass
from functools import cached_property

from pipeline.access import access_of
from pipeline.audience.port import Viewers
from pipeline.broker.port import Doorbell
from pipeline.core.egress import Rules
from pipeline.core.restream import rules_of
from pipeline.credentials.access import Access
from pipeline.database.port import Database
from pipeline.events.port import EventBus
from pipeline.limits.port import Counter
from pipeline.outbound.port import Outbound
from pipeline.profiles import LivingCatalogue, load
from pipeline.settings import Settings
from pipeline.settings.secret import installation_secret
from pipeline.storage.port import ObjectStore
from schemas.events import EventsWaiting, RingsWaiting


@dataclass(frozen=True)
class Pipeline:
    """Everything a role works with, already chosen."""

    settings: Settings
    database: Database
    storage: ObjectStore
    broker: Doorbell
    bus: EventBus
    profiles: LivingCatalogue
    #: To servers of others.
    outbound: Outbound

    @cached_property
    def secret(self) -> bytes:
        """What keys are derived from; made where it is first asked for, if it has to be.

        Raises:
            Conflict: none is set, and the data folder cannot keep one.
        """
        return installation_secret(self.settings.secret.get_secret_value(), self.settings.data_dir)

    @cached_property
    def access(self) -> Access:
        """What it takes to know who somebody is."""
        return access_of(self.settings, self.secret, self.outbound)

    @cached_property
    def restream_rules(self) -> Rules:
        """Where streams may be pushed on to."""
        return rules_of(self.settings.egress_allow, self.settings.egress_ports)

    @cached_property
    def counter(self) -> Counter:
        """What counts requests against rate limits."""
        return _counter(self.settings)

    @cached_property
    def audience(self) -> Viewers:
        """What counts who watches streams."""
        return _audience(self.settings)

    def close(self) -> None:
        """Close connections; whoever built the pipeline calls it last."""
        if "counter" in vars(self):
            self.counter.close()
        if "audience" in vars(self):
            self.audience.close()
        self.bus.close()
        self.broker.close()
        self.database.close()


def build(settings: Settings) -> Pipeline:
    """Choose adapters by the settings and migrate the database to the newest schema.

    Raises:
        InvalidRequest: ``profile.invalid``, a file in the folder of profiles is wrong.
    """
    # First, because nothing is open yet that an error would leave so.
    profiles = load(settings.profiles_dir)
    database, bus = open_database(settings), _bus(settings)

    def hint(*, has_events: bool, has_rings: bool) -> None:
        """Wake relays and watchers: what they wait for is committed."""
        if has_events:
            bus.publish(EventsWaiting())
        if has_rings:
            bus.publish(RingsWaiting())

    database.on_commit(hint)
    return Pipeline(
        settings=settings,
        database=database,
        storage=_storage(settings),
        broker=_broker(settings),
        bus=bus,
        profiles=LivingCatalogue(database, profiles),
        outbound=_outbound(settings),
    )


def open_database(settings: Settings) -> Database:
    """Open the database alone, in its newest schema."""
    from pipeline.database.sql import SqlDatabase

    database = SqlDatabase(settings.resolved_database_url)
    database.migrate()
    return database


def _storage(settings: Settings) -> ObjectStore:
    if not settings.s3_endpoint:
        from pipeline.storage.directory import DirectoryStore

        return DirectoryStore(settings.data_dir / "objects")
    from pipeline.storage.s3 import S3Store

    return S3Store(
        endpoint=settings.s3_endpoint,
        access_key=settings.s3_access_key.get_secret_value(),
        secret_key=settings.s3_secret_key.get_secret_value(),
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        secure=settings.s3_secure,
        draft_limit_bytes=settings.upload_limit_bytes,
    )


def _broker(settings: Settings) -> Doorbell:
    if not settings.broker_url.get_secret_value():
        from pipeline.broker.memory import MemoryDoorbell

        return MemoryDoorbell()
    from pipeline.broker.rabbitmq import RabbitDoorbell

    return RabbitDoorbell(
        settings.broker_url.get_secret_value(),
        prefix=settings.broker_prefix,
        queue_type=settings.broker_queue_type,
    )


def _outbound(settings: Settings) -> Outbound:
    from pipeline.outbound.guarded import GuardedOutbound

    return GuardedOutbound(Rules.read(settings.egress_allow, settings.egress_ports))


def _bus(settings: Settings) -> EventBus:
    if not settings.redis_url.get_secret_value():
        from pipeline.events.memory import MemoryBus

        return MemoryBus()
    from pipeline.events.redis import RedisBus

    return RedisBus(settings.redis_url.get_secret_value())


def _counter(settings: Settings) -> Counter:
    if not settings.redis_url.get_secret_value():
        from pipeline.limits.memory import MemoryCounter

        return MemoryCounter()
    from pipeline.limits.redis import RedisCounter

    return RedisCounter(settings.redis_url.get_secret_value())


def _audience(settings: Settings) -> Viewers:
    if not settings.redis_url.get_secret_value():
        from pipeline.audience.memory import MemoryViewers

        return MemoryViewers()
    from pipeline.audience.redis import RedisViewers

    return RedisViewers(settings.redis_url.get_secret_value())
