"""What a fetch keeps, kept by the test: everything else of it is real."""

from dataclasses import dataclass, field

from pipeline.core.egress import Rules
from pipeline.core.errors import LeaseLost
from pipeline.outbound.guarded import GuardedOutbound
from pipeline.storage.port import ObjectStore
from schemas.fetching import FetchState
from workers.bench import Limits, TakenFetch

LIMITS = Limits(size_bytes=2**30, total_s=60.0, floor_bytes_s=0, read_s=5.0, pause_s=0.01, tries=3)


@dataclass
class Intake:
    """The row of a fetch, kept by the test."""

    storage: ObjectStore
    url: str
    limits: Limits = LIMITS
    epoch: int = 0
    state: FetchState | None = None
    kept: list[FetchState] = field(default_factory=list)
    n_beginnings: int = 0
    is_named: bool = False
    prefix: str = "assets/a1/t1-1/"

    def __post_init__(self) -> None:
        self.call = GuardedOutbound(Rules.read("127.0.0.1/32")).call

    def room_bytes(self) -> int | None:
        return self.storage.free_bytes()

    def take_up(self) -> TakenFetch:
        self.epoch += 1
        return TakenFetch(self.url, self.epoch, self.is_named, self.state, self.limits)

    def keep(self, epoch: int, state: FetchState) -> None:
        if epoch != self.epoch:
            raise LeaseLost("taken over")
        self.state = state
        self.kept.append(state)

    def begin_again(self, epoch: int) -> None:
        self.n_beginnings += 1
        self.state = None
