"""What broadcasts may meet: leaves of the tree in ``errors``."""

from pipeline.core.errors import MediaError, NotFound, Unavailable, WorkFailed


class SpoolUnavailable(Unavailable):
    """What a publisher sent is not all in storage yet."""

    code = "unavailable.spool"
    default_remedy = "Start the ingest server again that had the publisher: it brings the rest."


class NothingUsable(MediaError):
    """A broadcast is over, and nothing of it could be shown."""

    code = "live.nothing_usable"
    default_remedy = "Publish H.264 video or AAC sound for a few seconds at least."


class DoorAway(WorkFailed):
    """The door of a broadcast does not answer, or does not hold it."""

    code = "live.door_away"


class Offline(NotFound):
    """Nobody publishes to the stream now."""

    code = "stream.offline"
    default_remedy = "Ask again in a moment; the address stays the same."
