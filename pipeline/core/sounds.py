"""Decides which renditions of sound are made of the tracks of a source."""

from collections.abc import Sequence

from pipeline.core.languages import tag_and_name, usable
from pipeline.core.titles import unique
from schemas.media import AudioFacts
from schemas.plan import AudioPlan, LoudnessPlan
from schemas.profile import AudioWish, Loudness
from schemas.vocabulary import AudioCodec

_STEREO, _SURROUND = 2, 6
#: A channel's; libopus refuses to open with more.
_MOST_OPUS_BPS = 256_000


def plan(tracks: Sequence[AudioFacts], wish: AudioWish) -> tuple[AudioPlan, ...]:
    """Plan every rendition, the default one first."""
    used = tracks if wish.tracks == "all" else tracks[:1]
    titles = unique([_title(track) for track in used])
    named = list(zip(used, titles, strict=True))
    plans = [_main(n, track, title, wish) for n, (track, title) in enumerate(named)]
    if wish.surround and wish.channels < _SURROUND:
        for n, (track, title) in enumerate(named):
            if track.channels >= _SURROUND:
                plans.append(_surround(n, track, title, wish))
    return tuple(plans)


def _main(n: int, track: AudioFacts, title: str, wish: AudioWish) -> AudioPlan:
    return AudioPlan(
        name=_name("audio", n),
        source_index=track.index,
        codec=wish.codec,
        channels=_channels(track.channels, wish.channels),
        sample_rate_hz=wish.sample_rate_hz,
        bitrate_bps=_bitrate_bps(wish.bitrate_bps, wish, _channels(track.channels, wish.channels)),
        language=usable(track.language),
        title=title,
        is_default=n == 0,
        dispositions=track.dispositions,
        loudness=_loudness(wish.loudness),
    )


def _surround(n: int, track: AudioFacts, title: str, wish: AudioWish) -> AudioPlan:
    """Plan the 5.1 twin of a track; players that cannot play it take the other."""
    main = _main(n, track, title, wish)
    changes = {
        "name": _name("audio-surround", n),
        "channels": _SURROUND,
        "bitrate_bps": _bitrate_bps(wish.surround_bitrate_bps, wish, _SURROUND),
        "is_default": False,
    }
    return main.model_copy(update=changes)


def _name(kind: str, n: int) -> str:
    return kind if n == 0 else f"{kind}-{n + 1}"


def _channels(there: int, wished: int) -> int:
    """Choose stereo or 5.1: what every player can play and every codec can say.

    Mono becomes stereo; more channels than there are is waste.
    """
    return _SURROUND if min(there, wished) >= _SURROUND else min(wished, _STEREO)


def _bitrate_bps(wished_bps: int, wish: AudioWish, channels: int) -> int:
    """Keep to what the codec can have: Opus opens at no more."""
    is_opus = wish.codec is AudioCodec.OPUS
    return min(wished_bps, _MOST_OPUS_BPS * channels) if is_opus else wished_bps


def _title(track: AudioFacts) -> str:
    return track.title or tag_and_name(track.language)[1]


def _loudness(wish: Loudness | None) -> LoudnessPlan | None:
    return None if wish is None else LoudnessPlan(**wish.model_dump())
