"""Who may read a session's FLV from its door: workers, by a token that the house alone can make."""

import hashlib
import hmac

from schemas.streams import SessionId

_PURPOSE = "live-read:"


def token(secret: bytes, session_id: SessionId) -> str:
    """Make the bearer token that reads this session.

    Args:
        secret: the installation's.
        session_id: whose FLV is read.
    """
    return hmac.new(secret, f"{_PURPOSE}{session_id}".encode(), hashlib.sha256).hexdigest()


def is_valid(secret: bytes, session_id: SessionId, shown: str) -> bool:
    """Tell whether a token reads this session, in a time that tells nothing."""
    return hmac.compare_digest(token(secret, session_id).encode(), shown.encode())
