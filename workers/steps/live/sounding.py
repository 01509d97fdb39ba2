"""The sound of a part: passed on as it came, or encoded where players would not take it."""

from fractions import Fraction
from pathlib import Path

from pipeline.core.argv.live import Start
from pipeline.core.flv.tags import Tag
from pipeline.core.fragments import aac_init
from pipeline.core.live.packets import Packet
from pipeline.core.live.plan import PartPlan
from pipeline.core.live.shape import AudioShape, Shape
from pipeline.core.live.sound import SoundTrack, Stretch, plain_config
from schemas.plan import AudioPlan
from workers.bench import Tools
from workers.ffmpeg.fed import FedFfmpeg
from workers.steps.live.encoders import SoundEncoder

#: Sound this far behind the picture is not waited for.
_LATE_S = Fraction(3, 2)


class Sounding:
    """Takes sound in any form; gives out whole frames of AAC."""

    def __init__(
        self, audio: AudioPlan, came: AudioShape | None, encoder: SoundEncoder | None, start: Start
    ) -> None:
        self._encoder = encoder
        self._config = b""
        if came is not None and encoder is None:
            self.sample_rate_hz, self._n_channels = came.sample_rate_hz, came.n_channels
            self._config = came.configuration
        else:
            self.sample_rate_hz, self._n_channels = audio.sample_rate_hz, audio.channels
        self._track = SoundTrack(self.sample_rate_hz, self._n_channels, start.sound_at_s)

    @property
    def programs(self) -> list[FedFfmpeg]:
        """What it runs."""
        return [self._encoder.ffmpeg] if self._encoder is not None else []

    @property
    def end_s(self) -> Fraction:
        """Where what is there ends."""
        return self._track.end_s

    def init(self) -> bytes:
        """Make the init segment."""
        config = self._config or plain_config(self.sample_rate_hz, self._n_channels)
        return aac_init(config, self._n_channels, self.sample_rate_hz)

    def configure(self, tag: Tag) -> None:
        """Take what sets a decoder up."""
        if self._encoder is not None:
            self._encoder.add(tag)

    def take(self, tag: Tag, packet: Packet) -> None:
        """Take the next frame."""
        if self._encoder is not None:
            self._encoder.add(tag)
        else:
            self._track.add(Fraction(packet.decode_ms, 1000), packet.data)

    def gather(self) -> None:
        """Take over what the encoder has finished."""
        if self._encoder is not None:
            for at_s, data in self._encoder.frames():
                self._track.add(at_s, data)

    def reaches(self, end_s: Fraction, read_s: Fraction) -> bool:
        """Tell whether all until then is there; what does not come in time is silence.

        Args:
            end_s: until when.
            read_s: what came in has got so far.
        """
        if self._track.end_s >= end_s:
            return True
        if read_s < end_s + _LATE_S:
            return False
        self._track.fill(end_s)
        return True

    def fill(self, end_s: Fraction) -> None:
        """Be silent until then, as far as nothing is there."""
        self._track.fill(end_s)

    def cut(self, end_s: Fraction) -> Stretch:
        """Take out all that begins before then."""
        return self._track.take(end_s)


def opened(
    plan: PartPlan, shape: Shape, start: Start, folder: Path, tools: Tools
) -> Sounding | None:
    """Begin the sound of a part, where there is to be one."""
    audio = plan.audio
    if audio is None:
        return None
    encoder = None if plan.is_audio_copied else SoundEncoder(audio, start, folder, tools)
    return Sounding(audio, shape.audio, encoder, start)
