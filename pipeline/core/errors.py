"""The whole error tree. Adapters translate vendor errors into it at once.

::

    ReelmillError
    ├── NotFound                 asset.not_found, job.not_found, …
    ├── Unauthenticated          nobody known asks for what takes credentials
    ├── Forbidden                those who ask may not
    ├── Conflict                 the thing is in a state that forbids it
    │   └── Outdated             a change for a form of it that is gone
    ├── InvalidRequest           the caller sent something we refuse
    │   ├── KeyReused            an Idempotency-Key with another request than before
    │   ├── TooLarge
    │   └── UrlRefused           an address our own requests do not go to
    ├── Refused                  we could, but must not now (limits, draining)
    │   ├── RateLimited          more in a minute than they may
    │   └── TooManyTries         wrong passwords, one after the other
    ├── MediaError               the source is at fault: never retried
    │   ├── NotMedia             empty, text, playlist, no decodable stream
    │   ├── MediaDamaged         truncated or corrupt
    │   └── MediaUnsupported     beyond our limits
    ├── WorkFailed               this attempt failed, another may not
    │   ├── WorkStalled          no progress within its time
    │   ├── OutputInvalid        what came out is not what was planned
    │   ├── ScratchFull          the box is out of scratch space
    │   ├── EncoderUnavailable   the encoder did not start (a GPU out of sessions, say)
    │   └── UrlUnreachable       a server of others did not answer, or not to the end
    ├── UrlFailed                a server of others answered, and not with what we came for
    ├── CertificateFailed        what was made is not what the source shows
    │   └── CertificateUnproven  it could not be compared
    ├── Unavailable              a service we need is away
    │   ├── DatabaseUnavailable
    │   ├── BrokerUnavailable
    │   ├── StorageUnavailable
    │   └── UpstreamKeysUnavailable
    ├── StorageFull
    ├── LeaseLost                the epoch no longer stands: stop, publish nothing
    └── Stopped                  asked to stop: a cancel, a shutdown
"""

from typing import ClassVar


class ReelmillError(Exception):
    """Root of everything we raise on purpose.

    Attributes:
        code: stable dotted name, part of our interface.
        retryable: whether the same work may succeed later, unchanged.
        remedy: what the reader can do about it, one sentence.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    default_remedy: ClassVar[str] = ""

    def __init__(self, detail: str, *, code: str | None = None, remedy: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.instance_code = code or self.code
        self.remedy = remedy if remedy is not None else self.default_remedy


class NotFound(ReelmillError):
    """What was asked for does not exist (any more)."""

    code = "not_found"
    default_remedy = "Check the id; it may have been deleted."


class Unauthenticated(ReelmillError):
    """It takes credentials, and none that count were shown."""

    code = "auth.required"
    default_remedy = (
        "Show an API key or a token: as Bearer over HTTP, commands by REELMILL_API_KEY."
    )


class Forbidden(ReelmillError):
    """Whoever asks may not do this."""

    code = "auth.forbidden"
    default_remedy = "Use an account or a key whose role and scopes reach so far."


class Conflict(ReelmillError):
    """The thing is in a state that forbids what was asked."""

    code = "conflict"
    default_remedy = "Look at its present state and ask again for what that state allows."


class Outdated(Conflict):
    """The thing is another than the sender has seen."""

    code = "request.outdated"
    default_remedy = "Get it again, look at what has changed, and send If-Match with its new ETag."


class InvalidRequest(ReelmillError):
    """The request itself is wrong."""

    code = "request.invalid"
    default_remedy = "Correct the named fields and send it again."


class KeyReused(InvalidRequest):
    """The sender's key belongs to another request."""

    code = "idempotency.reused"
    default_remedy = "Send a new key with each new request."


class TooLarge(InvalidRequest):
    """The body is over the configured limit."""

    code = "request.too_large"
    default_remedy = "Send a smaller file or ask the operator to raise the limit."


class UrlRefused(InvalidRequest):
    """Our own requests do not go to such an address."""

    code = "url.invalid"
    default_remedy = "Use a public http or https address, as a browser shows it."


class Refused(ReelmillError):
    """Too much at once, or closing down."""

    code = "refused"
    retryable = True
    default_remedy = "Try again in a moment."


class RateLimited(Refused):
    """They asked for more in a minute than they may."""

    code = "rate.limited"
    default_remedy = "Wait as long as Retry-After says, then go on, more slowly."


class TooManyTries(Refused):
    """Too many wrong passwords came one after the other."""

    code = "auth.slow_down"
    default_remedy = "Wait as long as Retry-After says, then try again."

    def __init__(self, detail: str, *, wait_s: float) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class MediaError(ReelmillError):
    """The source is at fault; trying again cannot help."""

    code = "media.invalid"
    default_remedy = "Check that the file plays on your side and export it again."


class NotMedia(MediaError):
    """The file holds no picture and no sound we can decode."""

    code = "media.not_media"
    default_remedy = "Send a video file such as MP4, MOV, MKV or WebM."


class MediaDamaged(MediaError):
    """The file is truncated or corrupt."""

    code = "media.damaged"
    default_remedy = "The file looks cut off or damaged: copy or export it again."


class MediaUnsupported(MediaError):
    """The file is valid but beyond what we accept."""

    code = "media.unsupported"
    default_remedy = "Convert it to H.264 in MP4 within the limits and send it again."


class WorkFailed(ReelmillError):
    """This attempt failed for a reason that may pass."""

    code = "work.failed"
    retryable = True
    default_remedy = "It is tried again by itself; if it keeps failing, look at the worker's log."


class WorkStalled(WorkFailed):
    """No progress within the allowed time.

    Attributes:
        cpu_share: CPU time of the child ÷ time it was waited for. High, its input kept it busy;
            low, the box had no time for it or made it wait.
    """

    code = "work.stalled"

    def __init__(self, detail: str, *, code: str | None = None, cpu_share: float = 0.0) -> None:
        super().__init__(detail, code=code)
        self.cpu_share = cpu_share


class OutputInvalid(WorkFailed):
    """The output does not match the plan, though the process said it succeeded."""

    code = "work.output_invalid"


class ScratchFull(WorkFailed):
    """The box has no scratch space left."""

    code = "work.scratch_full"
    default_remedy = "Free disk space on the worker's scratch folder or give it a larger one."


class EncoderUnavailable(WorkFailed):
    """The encoder did not open, e.g. a GPU out of sessions."""

    code = "work.encoder_unavailable"


class UrlUnreachable(WorkFailed):
    """A server of others did not answer, or not to the end.

    Attributes:
        delay_s: how long it asked to be left alone.
    """

    code = "url.unreachable"
    default_remedy = "It is tried again by itself; check that the address opens in a browser."

    def __init__(self, detail: str, *, code: str | None = None, delay_s: float = 0.0) -> None:
        super().__init__(detail, code=code)
        self.delay_s = delay_s


class UrlFailed(ReelmillError):
    """A server of others answered, and not with what we came for."""

    code = "url.failed"
    default_remedy = "Open the address in a browser that is not logged in, and correct it."


class Unavailable(ReelmillError):
    """A service we depend on does not answer."""

    code = "unavailable"
    retryable = True
    default_remedy = "It usually passes; `reelmill doctor` names the service that is away."


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "unavailable.database"


class BrokerUnavailable(Unavailable):
    """RabbitMQ does not answer or did not confirm."""

    code = "unavailable.broker"


class StorageUnavailable(Unavailable):
    """The object store does not answer."""

    code = "unavailable.storage"


class UpstreamKeysUnavailable(Unavailable):
    """The keys of the app in front, by which its tokens are checked, cannot be read."""

    code = "unavailable.jwks"
    default_remedy = "Check REELMILL_JWT_JWKS: the address or file must be readable from here."


class StorageFull(ReelmillError):
    """The object store has no room left."""

    code = "storage.full"
    retryable = True
    default_remedy = "Free space in the storage or add to it; the work goes on by itself."


class LeaseLost(ReelmillError):
    """Somebody else may hold this task now."""

    code = "lease.lost"


class Stopped(ReelmillError):
    """The work was asked to stop."""

    code = "stopped"
