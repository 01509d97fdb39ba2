"""A finished asset that can be broken on purpose and proven again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from threading import Event

from pipeline.bootstrap import Pipeline, build
from pipeline.core.chunks import zero_s
from pipeline.core.errors import NotFound
from pipeline.services import claims, playback
from pipeline.services.claims import Offer
from pipeline.settings import Settings
from schemas.certificate import Point, Verdict
from schemas.profile import Profile
from schemas.tasks import (
    EncodeAudioParams,
    EncodeParams,
    ProveParams,
    RenditionMade,
    SegmentMade,
    SourceRef,
)
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import QueueName, WorkerId
from tests.support import folder_bench
from tests.support.benches import FolderBench
from tests.support.hand_work import SMALL, Hand
from workers.steps import encode, encode_audio, prove

_WORKER = WorkerId("by-hand")


@dataclass
class Broken:
    """What is changed of an asset: objects by key, its timeline, what it was made from."""

    objects: dict[str, bytes | None] = field(default_factory=dict)
    timeline: Timeline | None = None
    params: ProveParams | None = None


class ProofBench:
    """What a proof works at: real storage, except for what is broken."""

    def __init__(self, asset: "ProvenAsset", broken: Broken, scratch: Path) -> None:
        self.scratch = scratch
        self.scratch.mkdir(parents=True)
        self.tools = folder_bench.tools()
        self.stop = Event()
        self._asset = asset
        self._broken = broken

    def source(self, ref: SourceRef) -> Path:
        """Name the source in place."""
        return self._asset.source

    def put(self, path: Path, name: str, *, content_type: str) -> str:
        """Proofs store nothing."""
        raise AssertionError(name)

    def head(self, key: str, size_bytes: int) -> bytes:
        """Read an object, as broken as it is."""
        return self._asset.read(key, self._broken)[:size_bytes]

    def fetch(self, key: str, path: Path) -> None:
        """Copy an object, as broken as it is."""
        path.write_bytes(self._asset.read(key, self._broken))

    def content_key(self) -> bytes:
        """Read the key of the job."""
        return playback.content_key(self._asset.pipeline.database, self._asset.timeline.job_id)

    def report(self, progress: dict[str, float], *, speed: float | None = None) -> None:
        """Nobody is told."""

    def publish(self, renditions: Sequence[RenditionMade], segments: Sequence[SegmentMade]) -> None:
        """Proofs publish nothing."""
        raise AssertionError(segments)

    def timeline(self) -> Timeline:
        """Give the asset's timeline, as broken as it is."""
        return self._broken.timeline or self._asset.timeline


class ProvenAsset:
    """An asset made by the product's own steps, and what its proof is told."""

    def __init__(self, source: Path, folder: Path, profile: Profile = SMALL) -> None:
        (folder / "data").mkdir(parents=True)
        self.source = source
        self.pipeline: Pipeline = build(Settings(data_dir=folder / "data", _env_file=None))
        self._folder = folder
        self._n_made = 0
        hand = Hand(self.pipeline, folder / "work")
        _, job_id = hand.submit(source, profile)
        hand.work(*(queue for queue in QueueName if queue is not QueueName.PROVE))
        offer = Offer(_WORKER, QueueName.PROVE, "test", 2**40)
        claimed = claims.claim(self.pipeline.database, offer, lease_s=60)
        assert claimed is not None
        assert isinstance(claimed.params, ProveParams)
        self.params = claimed.params
        self.timeline = playback.job_timeline(self.pipeline.database, job_id)

    def read(self, key: str, broken: Broken) -> bytes:
        """Read an object."""
        if key in broken.objects:
            data = broken.objects[key]
            if data is None:
                raise NotFound(f"there is no {key}")
            return data
        with self.pipeline.storage.open(key) as blocks:
            return b"".join(blocks)

    def prove(self, broken: Broken | None = None) -> tuple[Point, ...]:
        """Run the proof and give its points."""
        broken = broken or Broken()
        bench = ProofBench(self, broken, self._new_folder())
        return prove.run(broken.params or self.params, bench).points

    def rendition(self, name: str) -> RenditionTimeline:
        """Find a rendition."""
        return next(each for each in self.timeline.renditions if each.name == name)

    def segment(self, name: str, index: int) -> TimelineSegment:
        """Find a segment."""
        return self.rendition(name).segments[index]

    def pictures_from(
        self, source: Path, chunk: int, *, moved_s: Fraction = Fraction(0)
    ) -> dict[str, bytes | None]:
        """Encode a chunk again from another file, or from elsewhere, in place of the right one."""
        plan = self.params.plan
        assert plan.grid is not None
        start_s = plan.grid.source_start_s + moved_s
        params = EncodeParams(
            source=self.params.source,
            facts=self.params.facts,
            grid=plan.grid.model_copy(update={"source_start_s": start_s}),
            rungs=plan.rungs,
            chunk=plan.chunks[chunk],
            preset=plan.preset,
        )
        bench = FolderBench(self._new_folder(), source)
        made = encode.run(params, bench).segments
        return self._instead(made, bench.stored)

    def sound_from(self, source: Path) -> Broken:
        """Encode the sound again from another file."""
        plan, facts = self.params.plan, self.params.facts
        params = EncodeAudioParams(
            source=self.params.source,
            facts=facts,
            audio=plan.audios[0],
            segment_s=plan.segment_s,
            zero_s=zero_s(facts, plan.grid),
        )
        bench = FolderBench(self._new_folder(), source)
        encode_audio.run(params, bench)
        return Broken(objects=self._instead(bench.published, bench.stored))

    def _instead(self, made: Sequence[SegmentMade], stored: Path) -> dict[str, bytes | None]:
        return {
            self.segment(each.rendition, each.index).key: (stored / each.key).read_bytes()
            for each in made
        }

    def _new_folder(self) -> Path:
        self._n_made += 1
        return self._folder / f"proof{self._n_made}"


def failed(points: Sequence[Point]) -> Mapping[str, set[str | None]]:
    """Name the points that failed, each with its renditions."""
    found: dict[str, set[str | None]] = {}
    for point in points:
        if point.verdict is Verdict.FAILED:
            found.setdefault(point.name.value, set()).add(point.rendition)
    return found


def only(points: Sequence[Point], name: str, rendition: str) -> Point:
    """Find one point."""
    return next(p for p in points if p.name == name and p.rendition == rendition)
