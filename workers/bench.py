"""What a step works at: a private folder, its source, ways to store, report and publish.

Steps see nothing else of the world, so a test hands them a bench of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Protocol

from pipeline.core.recording.spool import PieceSpan
from pipeline.outbound.port import Answer, Call
from pipeline.storage.port import ObjectStore
from schemas.fetching import FetchResult, FetchState
from schemas.plan import MediaPlan
from schemas.profile import Profile
from schemas.streams import SessionId
from schemas.tasks import RenditionMade, SegmentMade, SourceRef
from schemas.timeline import Timeline


@dataclass(frozen=True)
class Tools:
    """Programs and limits of this box, found and measured at start."""

    ffmpeg: str
    ffprobe: str
    #: Names of encoders that really encoded a test frame, e.g. ``libx264``, ``h264_nvenc``.
    encoders: tuple[str, ...]
    #: Fingerprint of this encoder build.
    encoder_build: str
    #: Threads one ffmpeg may use.
    threads: int
    #: Whether this task was claimed from the GPU queue.
    use_gpu: bool
    #: Seconds without progress after which a child is killed.
    stall_s: float
    max_source_pixels: int
    max_source_duration_s: float
    max_source_streams: int
    #: Whether HDR could be brought down to SDR in a trial.
    can_tone_map: bool = True


class Bench(Protocol):
    """One attempt's working place; everything in it goes when the attempt ends."""

    #: Private empty folder; children run in it.
    scratch: Path
    tools: Tools
    #: Set when the work must stop now; pass it to the runner, check it in long loops.
    stop: Event

    def source(self, ref: SourceRef) -> Path:
        """Bring the source to this box (once per box) and name the local file, only to be read.

        Raises StorageUnavailable, NotFound, ScratchFull, Stopped.
        """

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        """Store a file under this attempt's prefix and return its key.

        ``name`` is a relative path such as ``720p/00012.m4s``. Counts as progress, and a large
        file does while it goes. Raises Stopped while that goes on.
        """

    def put_source(self, path: Path, name: str) -> SourceRef:
        """Store a copy of the source under this attempt's prefix and refer to it.

        Counts as progress while it goes on. Raises Stopped beside what ``put`` raises.
        """

    def head(self, key: str, size_bytes: int) -> bytes:
        """Read the first bytes of a stored object, fewer where it is shorter.

        Raises StorageUnavailable, NotFound.
        """

    def content_key(self) -> bytes:
        """Read the key this job's segments are encrypted with.

        Raises NotFound where the job does not encrypt.
        """

    def fetch(self, key: str, path: Path) -> None:
        """Copy a stored object into the scratch folder.

        Raises StorageUnavailable, NotFound, ScratchFull.
        """

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        """Tell how far each rendition is, 0–1; cheap, call it as often as you like.

        Unnamed work uses the key ``""``. Not calling it for ``stall_s`` means stalled.
        """

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        """Make stored segments visible to players while the task goes on.

        Raises LeaseLost when another attempt may have taken over, Stopped when the job ended.
        """

    def timeline(self) -> Timeline:
        """Read everything published of this task's job so far."""


@dataclass(frozen=True)
class Limits:
    """How much patience a server of others gets."""

    size_bytes: int
    #: For all of it.
    total_s: float
    #: Least bytes a second, measured over each window; 0 is any.
    floor_bytes_s: int
    window_s: float = 30.0
    #: Longest silence.
    read_s: float = 30.0
    #: Before the second connection; each further one waits twice as long.
    pause_s: float = 0.5
    #: Connections in a row that may break off without having helped.
    tries: int = 6


@dataclass(frozen=True)
class TakenFetch:
    """A fetch this attempt goes on with."""

    #: May hold secrets.
    url: str = field(repr=False)
    #: Its right to write the fetch's bytes.
    epoch: int
    #: Whether whoever asked said what the file is called.
    is_named: bool
    #: How far it is; None at its beginning.
    state: FetchState | None
    limits: Limits


class Incoming(Protocol):
    """What bringing a source in needs beside a bench."""

    storage: ObjectStore
    #: What this attempt, and only it, may write below.
    prefix: str

    def call(self, call: Call) -> AbstractContextManager[Answer]:
        """Ask a server of others; see ``outbound.port``."""

    def room_bytes(self) -> int | None:
        """Tell how much room there is for what comes; None where nobody can say."""

    def take_up(self) -> TakenFetch | FetchResult:
        """Take the fetch of an address from whoever had it; its result where it is over.

        Raises LeaseLost, and UrlFailed where the address was forgotten.
        """

    def keep(self, epoch: int, state: FetchState) -> None:
        """Note how far the fetch is. Raises LeaseLost where another attempt took it."""

    def begin_again(self, epoch: int) -> None:
        """Drop what was fetched. Raises LeaseLost."""


@dataclass(frozen=True)
class SpoolState:
    """How much of what a publisher sent is in storage."""

    pieces: tuple[PieceSpan, ...]
    #: How far the clock was when a door last spoke; None where nobody knows.
    told_ms: int | None
    #: Seconds since the broadcast was over; None where its stream, and so all that is known of
    #: it, was deleted.
    over_s: float | None
    #: The door said that it could not keep all: its disk was full.
    has_lost: bool = False


class Recording(Protocol):
    """What making a recording whole needs beside a bench."""

    def spool(self, session_id: SessionId) -> SpoolState:
        """Look how much of the spool is in storage."""

    def keys(self) -> Sequence[str]:
        """Name the pieces of the spool that are in storage, in their order."""

    def size_bytes(self) -> int:
        """Add up what they take there."""

    def profile(self) -> Profile:
        """Read what the job makes of a source."""


class RecordBench(Bench, Protocol):
    """The bench of the task that makes a recording whole."""

    @property
    def recording(self) -> Recording:
        """Reach what that needs."""


class FetchBench(Bench, Protocol):
    """The bench of a task that brings a source in."""

    @property
    def incoming(self) -> Incoming:
        """Reach what bringing a source in needs."""


@dataclass(frozen=True)
class OnAir:
    """How a broadcast stands."""

    #: How often a publisher took it up.
    epoch: int
    #: Where its door's HTTP is.
    door_url: str
    #: Its publisher will not come back.
    is_over: bool


@dataclass(frozen=True)
class StoredPiece:
    """A piece of what a publisher sent, in storage; whole FLV that begins with a keyframe."""

    key: str
    #: On the clock of the broadcast, the second one behind its last tag.
    from_ms: int
    until_ms: int


@dataclass(frozen=True)
class Standing:
    """What attempts before made of a broadcast."""

    #: None where nothing is planned yet.
    plan: MediaPlan | None = None
    #: Segments of each rendition.
    n_segments: int = 0
    #: Where the picture (the sound, without one) ends, in seconds of the broadcast's clock.
    end_s: Fraction = Fraction(0)
    #: Where sound ends, which is cut on frames of its own.
    sound_end_s: Fraction = Fraction(0)
    #: By rendition: digest of the init segment that its last segment has.
    inits: Mapping[str, str] = field(default_factory=dict)
    #: Rungs that the box before could not keep up with.
    thinned: tuple[str, ...] = ()


class Broadcasting(Protocol):
    """What turning a broadcast into segments needs beside a bench."""

    storage: ObjectStore

    def on_air(self) -> OnAir:
        """Tell how the broadcast stands now."""

    def pieces(self) -> list[StoredPiece]:
        """List what of it lies in storage, in order."""

    def listen(self, door_url: str, from_ms: int) -> AbstractContextManager[Iterator[bytes]]:
        """Read FLV from a door: what it has from the keyframe before then on, then what comes.

        An empty block now and then says that nothing came for a while.

        Raises DoorAway: it does not answer, or does not hold the broadcast.
        """

    def standing(self) -> Standing:
        """Read what was made before."""

    def begin(self, plan: MediaPlan) -> MediaPlan:
        """Keep the plan, unless there is one: then that one counts. Raises LeaseLost."""

    def note(self, facts: Mapping[str, float | int | str | list[str] | None]) -> None:
        """Tell watchers how the work goes; forgotten where nobody can be told now."""

    def say_thinned(self, rung: str) -> None:
        """Tell watchers that a rung is left out from now on. Raises LeaseLost."""


class LiveBench(Bench, Protocol):
    """The bench of a broadcast's live task."""

    @property
    def broadcast(self) -> Broadcasting:
        """Reach what a broadcast needs."""
