"""What broadcasts may meet: leaves of the tree in ``errors``."""

from pipeline.core.errors import Unavailable


class SpoolUnavailable(Unavailable):
    """What a publisher sent is not all in storage yet."""

    code = "unavailable.spool"
    default_remedy = "Start the ingest server again that had the publisher: it brings the rest."
