"""Settings → what it takes to know who somebody is."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

from pipeline.core.errors import InvalidRequest, ReelmillError
from pipeline.credentials.access import Access, Upstream, access_with
from pipeline.credentials.bearer import Issuer
from pipeline.credentials.jwks import MAX_BYTES, Jwks
from pipeline.outbound.port import Call, Outbound
from pipeline.settings import Settings
from schemas.identity import Role

#: Requests wait for it: a request of somebody whose key is not known yet.
_PATIENCE_S: Final = 3.0


def access_of(settings: Settings, secret: bytes, outbound: Outbound) -> Access:
    """Read the settings of access.

    Raises:
        InvalidRequest: the app in front is told of only in part (``config.invalid``).
    """
    return access_with(
        secret,
        upstream_of(settings, outbound),
        access_token_s=settings.access_token_s,
        login_s=settings.login_s,
    )


def upstream_of(settings: Settings, outbound: Outbound) -> Upstream | None:
    """Read who the app in front is; None where there is none.

    Raises:
        InvalidRequest: what is said of it does not do.
    """
    if not settings.jwt_issuer:
        return None
    if not settings.jwt_audience or not settings.jwt_jwks:
        raise _incomplete("REELMILL_JWT_ISSUER needs REELMILL_JWT_AUDIENCE and REELMILL_JWT_JWKS.")
    keys = Jwks(
        _fetcher(settings.jwt_jwks, outbound),
        settings.jwt_algorithm,
        refetch_s=settings.jwt_jwks_refetch_s,
    )
    return Upstream(
        Issuer(settings.jwt_issuer, settings.jwt_audience, settings.jwt_algorithm, keys),
        settings.jwt_role_claim,
        Role(settings.jwt_role_ceiling),
    )


def _fetcher(place: str, outbound: Outbound) -> Callable[[], bytes]:
    return partial(_download, place, outbound) if "://" in place else partial(_read, Path(place))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _download(url: str, outbound: Outbound) -> bytes:
    call = Call(url, connect_s=_PATIENCE_S, read_s=_PATIENCE_S, total_s=2 * _PATIENCE_S)
    try:
        with outbound.call(call) as answer:
            if answer.status != HTTPStatus.OK:
                raise ValueError(f"answered {answer.status}")
            return answer.read(MAX_BYTES)
    except ReelmillError as error:
        raise ValueError(f"{error.instance_code}: {error.detail}") from error


def _incomplete(detail: str) -> InvalidRequest:
    return InvalidRequest(
        detail,
        code="config.invalid",
        remedy="Correct it in the environment or in .env; .env.example explains every name.",
    )
