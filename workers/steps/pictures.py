"""Looks at a few decoded pictures of a source, for what no header tells."""

from typing import Any

from pipeline.core.scan import (
    FILM_STRETCH_FRAMES,
    film_places_s,
    is_hard_telecine,
    is_video,
    may_be_telecined,
    n_sampled,
    sample_places_s,
)
from pipeline.core.streams import Description, Stream
from schemas.media import MediaFacts
from schemas.vocabulary import Telecine
from workers.ffmpeg.probe import Prober


def sampled(prober: Prober, described: Description, stream: Stream | None) -> list[Any]:
    """Decode some pictures and return ffprobe's words on them."""
    if stream is None:
        return []
    places_s = sample_places_s(described, stream)
    return prober.look(int(stream["index"]), places_s, n_sampled(stream))


def with_film(prober: Prober, stated: MediaFacts) -> MediaFacts:
    """Find out whether interlaced pictures are film in 3:2 pulldown, and say so in the facts."""
    video = stated.video
    if video is None or not may_be_telecined(video):
        return stated
    stretches = []
    for at_s in film_places_s(video):
        stretches.append(prober.fields(video.index, at_s, FILM_STRETCH_FRAMES))
        if is_video(stretches[-1]):
            # One is enough, and most interlaced sources are video.
            return stated
    if not is_hard_telecine(stretches):
        return stated
    return stated.model_copy(update={"video": video.model_copy(update={"telecine": Telecine.HARD})})
