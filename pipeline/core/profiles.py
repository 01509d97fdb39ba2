"""The profiles that come with Reelmill. Profiles are data: users add their own."""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.core.errors import InvalidRequest
from schemas.profile import AudioWish, Profile, Rung
from schemas.vocabulary import AudioCodec, VideoCodec

_LADDER = (
    Rung(name="1080p", height_px=1080, bitrate_bps=5_000_000),
    Rung(name="720p", height_px=720, bitrate_bps=2_500_000),
    Rung(name="480p", height_px=480, bitrate_bps=1_200_000),
    Rung(name="360p", height_px=360, bitrate_bps=800_000),
)


def _cheaper(percent: int) -> tuple[Rung, ...]:
    """Scale the default ladder for a codec that needs fewer bits for the same picture."""
    return tuple(
        rung.model_copy(update={"bitrate_bps": rung.bitrate_bps * percent // 100})
        for rung in _LADDER
    )


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(name="default", ladder=_LADDER),
            Profile(name="hevc", video_codec=VideoCodec.HEVC, ladder=_cheaper(65)),
            Profile(name="av1", video_codec=VideoCodec.AV1, ladder=_cheaper(60)),
            Profile(
                name="vp9",
                video_codec=VideoCodec.VP9,
                ladder=_cheaper(65),
                audio=AudioWish(codec=AudioCodec.OPUS),
            ),
        )
    }
)


def profile(name: str) -> Profile:
    """Look a profile up.

    Raises:
        InvalidRequest: ``profile.unknown``.
    """
    found = PROFILES.get(name)
    if found is None:
        known = ", ".join(sorted(PROFILES))
        raise InvalidRequest(
            f"There is no profile {name!r}.",
            code="profile.unknown",
            remedy=f"Use one of these: {known}.",
        )
    return found
