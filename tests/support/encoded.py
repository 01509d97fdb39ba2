"""A file taken the whole way: probed, planned, and encoded by the real steps, chunk by chunk."""

from pathlib import Path

from pipeline.core import losses
from pipeline.core.chunks import zero_s
from pipeline.core.plan import plan
from schemas.media import Damage
from schemas.profile import Profile
from schemas.tasks import (
    EncodeAudioParams,
    EncodeAudioResult,
    EncodeParams,
    EncodeResult,
    ProbeParams,
)
from tests.support import benches
from tests.support.folder_bench import FolderBench, source_ref
from tests.support.made_chunks import PROFILE
from workers.steps import encode, encode_audio, probe


class Encoded:
    """Raises what its steps raise; ``folder`` belongs to it."""

    def __init__(self, path: Path, folder: Path, profile: Profile = PROFILE) -> None:
        bench = FolderBench(folder / "probe")
        found = probe.run(ProbeParams(source=source_ref(path)), bench)
        copy = found.working_source
        self.path = bench.file(copy.key) if copy else path
        self.source = copy or source_ref(path)
        self.folder, self.facts = folder, found.facts
        self.plan = plan(self.facts, profile)
        self.pictures = [self._picture(chunk.index) for chunk in self.plan.chunks]

    def _picture(self, index: int) -> EncodeResult:
        assert self.plan.grid is not None
        params = EncodeParams(
            source=self.source,
            facts=self.facts,
            grid=self.plan.grid,
            rungs=self.plan.rungs,
            chunk=self.plan.chunks[index],
            preset=self.plan.preset,
            on_damage=self.plan.on_damage,
        )
        return encode.run(params, benches.FolderBench(self.folder / str(index), self.path))

    def sound(self) -> EncodeAudioResult:
        """Encode the first sound track."""
        params = EncodeAudioParams(
            source=self.source,
            facts=self.facts,
            audio=self.plan.audios[0],
            segment_s=self.plan.segment_s,
            zero_s=zero_s(self.facts, self.plan.grid),
            on_damage=self.plan.on_damage,
        )
        return encode_audio.run(params, benches.FolderBench(self.folder / "sound", self.path))

    @property
    def damage(self) -> Damage:
        """What all chunks lost."""
        return losses.summed([each.damage for each in self.pictures if each.damage is not None])
