"""Who watches streams: noted where they ask, shown with what is shown of a stream."""

from collections.abc import Sequence

from pipeline.audience.port import ViewerKind, Viewers
from pipeline.core import viewer_names
from schemas.streams import StreamId, StreamPage, StreamState, StreamView


def asked_for_playlist(
    viewers: Viewers, key: bytes, stream_id: StreamId, *, address: str, program: str
) -> None:
    """Count who asked for a playlist of a stream that is on; ``key`` is ``viewer_names.key_of``."""
    name = viewer_names.name_of(key, address, program)
    viewers.seen(stream_id, [name], ViewerKind.HLS)


def counted(viewers: Viewers, view: StreamView) -> StreamView:
    """Say with a stream how many watch it; nothing is said where nobody knows just now."""
    return counted_all(viewers, [view])[0]


def counted_page(viewers: Viewers, page: StreamPage) -> StreamPage:
    """Say with each stream of a list how many watch it."""
    return page.model_copy(update={"items": counted_all(viewers, page.items)})


def counted_all(viewers: Viewers, views: Sequence[StreamView]) -> tuple[StreamView, ...]:
    """Say with each stream how many watch it."""
    # Players go on asking for a while when a broadcast is over; what they see is its end.
    live = [view.id for view in views if view.status is StreamState.LIVE]
    found = viewers.count(live)
    if found is None:
        return tuple(views)
    return tuple(_with(view, found[view.id].n if view.id in found else 0) for view in views)


def _with(view: StreamView, n: int) -> StreamView:
    told = {"viewer_count": n, "peak_viewers": max(n, view.peak_viewers)}
    return view.model_copy(update=told)
