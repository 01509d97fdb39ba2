"""Whether anybody who is there can encode what a profile asks for."""

from collections.abc import Iterator

from pipeline.core.argv.audio import ENCODERS as SOUND_ENCODERS
from pipeline.core.argv.encoders import ENCODERS
from pipeline.core.errors import Conflict
from pipeline.database.port import Transaction
from pipeline.services import fleet
from schemas.profile import Profile
from schemas.vocabulary import QueueName, VideoCodec
from schemas.workers import Capabilities


def require(tx: Transaction, profile: Profile) -> None:
    """Refuse a profile that would wait for an encoder nobody has.

    Where nobody is there who encodes, or who has said with what, the job may wait for whoever
    comes.

    Raises:
        Conflict: ``profile.not_encodable``.
    """
    pictures, sounds = set(_picture_encoders(tx)), set(_sound_encoders(tx))
    if profile.ladder and pictures and not pictures & _names_of(profile.video_codec):
        raise _missing(profile, profile.video_codec)
    if sounds and SOUND_ENCODERS[profile.audio.codec] not in sounds:
        raise _missing(profile, profile.audio.codec)


def _picture_encoders(tx: Transaction) -> Iterator[str]:
    """Name what may encode pictures: devices for their queue, software for the other."""
    for queues, able in _encoding(tx):
        for encoder in able.encoders:
            queue = QueueName.ENCODE_GPU if encoder.is_gpu else QueueName.ENCODE_CPU
            if queue in queues:
                yield encoder.name


def _sound_encoders(tx: Transaction) -> Iterator[str]:
    for queues, able in _encoding(tx):
        if QueueName.ENCODE_CPU in queues:
            yield from (encoder.name for encoder in able.encoders if not encoder.is_gpu)


def _encoding(tx: Transaction) -> Iterator[tuple[tuple[QueueName, ...], Capabilities]]:
    for row in tx.fleet.workers():
        if fleet.is_live(row) and not row.is_draining:
            yield tuple(row.queues), Capabilities.model_validate(row.capabilities)


def _names_of(codec: VideoCodec) -> set[str]:
    return {name for name, encoder in ENCODERS.items() if encoder.codec is codec}


def _missing(profile: Profile, codec: str) -> Conflict:
    return Conflict(
        f"The profile {profile.name!r} asks for {codec}, and no worker that is there encodes it.",
        code="profile.not_encodable",
        remedy="Start a worker that can (`reelmill workers` lists encoders), or use another "
        "profile.",
    )
