"""What a source carries beside picture and sound: subtitles, chapters, a cover."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from pipeline.core.facts import Findings, dispositions, plain, ratio, track_name
from pipeline.core.streams import Stream
from pipeline.core.subtitles import BITMAP_CODECS, MOST_SUBTITLES, TEXT_CODECS
from schemas.media import Chapter, MediaFacts, MediaWarning, SubtitleFacts

#: More than any book has.
_MOST_CHAPTERS = 500


def with_extras(stated: MediaFacts, found: Findings) -> MediaFacts:
    """Add to the facts what the description shows beside the chosen tracks."""
    texts = [one for one in _subtitles(found) if one.get("codec_name") in TEXT_CODECS]
    return stated.model_copy(
        update={
            "subtitles": tuple(_subtitle(one) for one in texts[:MOST_SUBTITLES]),
            "chapters": tuple(_chapters(stated, found.described.get("chapters", ()))),
            "cover_index": _cover(found),
        }
    )


def left_out(found: Findings, stated: MediaFacts) -> Iterator[MediaWarning]:
    """Warn of subtitles of a file that are not carried: its working copy may lack them too."""
    streams = _subtitles(found)
    bitmaps = [one for one in streams if one.get("codec_name") in BITMAP_CODECS]
    texts = [one for one in streams if one.get("codec_name") in TEXT_CODECS]
    strange = [one for one in streams if one not in bitmaps and one not in texts]
    if bitmaps:
        yield _warning("media.subtitles_are_pictures", "subtitles that are pictures", bitmaps)
    others = [*strange, *texts[len(stated.subtitles) :]]
    if others:
        yield _warning("media.more_subtitles", "subtitles", others)


def _warning(code: str, what: str, streams: Sequence[Stream]) -> MediaWarning:
    named = ", ".join(track_name(one) for one in streams)
    return MediaWarning(code=code, detail=f"{what} not carried: {named}")


def _subtitles(found: Findings) -> list[Stream]:
    streams: Sequence[Stream] = found.described.get("streams", ())
    return [one for one in streams if one.get("codec_type") == "subtitle"]


def _subtitle(stream: Stream) -> SubtitleFacts:
    tags = stream.get("tags", {})
    return SubtitleFacts(
        index=stream["index"],
        codec=stream["codec_name"],
        language=plain(tags.get("language")),
        title=plain(tags.get("title")),
        dispositions=dispositions(stream),
    )


def _chapters(stated: MediaFacts, described: Sequence[Any]) -> Iterator[Chapter]:
    """Lay chapters on the asset's zero; each ends where the next begins, at the latest."""
    starts = sorted(
        (ratio(one.get("start_time")) - stated.start_s, n, one) for n, one in enumerate(described)
    )[:_MOST_CHAPTERS]
    for n, (start_s, _, one) in enumerate(starts):
        following_s = starts[n + 1][0] if n + 1 < len(starts) else stated.duration_s
        announced_s = ratio(one.get("end_time")) - stated.start_s
        end_s = min(announced_s, following_s) if announced_s > start_s else following_s
        first_s, last_s = max(start_s, Fraction(0)), min(end_s, stated.duration_s)
        if first_s < last_s:
            title = plain(one.get("tags", {}).get("title")) or str(n + 1)
            yield Chapter(start_s=first_s, end_s=last_s, title=title)


def _cover(found: Findings) -> int | None:
    streams: Sequence[Stream] = found.described.get("streams", ())
    covers = [one for one in streams if one.get("disposition", {}).get("attached_pic")]
    return int(covers[0]["index"]) if covers else None
