from fractions import Fraction

from pipeline.core.argv.source import FORMATS
from pipeline.core.argv.subtitles import subtitles_argv
from schemas.plan import SubtitlePlan
from schemas.tasks import ExtractSubtitlesParams, SourceRef
from schemas.vocabulary import AssetId


def test_all_tracks_are_read_in_one_pass() -> None:
    tracks = (
        SubtitlePlan(name="text-1", source_index=2, codec="subrip", title="English"),
        SubtitlePlan(name="text-2", source_index=4, codec="webvtt", title="Korean"),
    )
    params = ExtractSubtitlesParams(
        source=SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64),
        subtitles=tracks,
        segment_s=60,
        zero_s=Fraction("6.4"),
        duration_s=Fraction(60),
    )

    assert subtitles_argv(params, source="/cache/0123", tracks=tracks) == [
        "-copyts",
        *("-format_whitelist", FORMATS),
        *("-protocol_whitelist", "file,pipe"),
        *("-max_pixels", "33177600"),
        *("-max_streams", "64"),
        *("-i", "file:/cache/0123"),
        *("-map", "0:2", "-c:s", "webvtt"),
        *("-output_ts_offset", "3.600000000", "-f", "webvtt", "text-1.vtt"),
        # Converted to itself it would lose ruby and voices.
        *("-map", "0:4", "-c:s", "copy"),
        *("-output_ts_offset", "3.600000000", "-f", "webvtt", "text-2.vtt"),
    ]
