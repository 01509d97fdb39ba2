"""Why a stream does not get to another server: leaves of the tree in ``errors``."""

from pipeline.core.errors import Conflict, WorkFailed


class TargetUnreachable(WorkFailed):
    """Nobody answered in time, the connection broke off, or what came was no RTMP."""

    code = "restream.unreachable"
    default_remedy = "Check address and port; it is tried again by itself."


class TargetRefused(WorkFailed):
    """The server answered, and said no."""

    code = "restream.refused"
    default_remedy = "Check the key at the other service; it is tried again by itself."


class KeyLost(Conflict):
    """The key was locked away with another secret than the installation has now."""

    code = "restream.key_lost"
    default_remedy = "Give the target its key again."
