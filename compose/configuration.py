"""Settings as the command line gets them: options over environment over defaults."""

from typing import Any

from pydantic import ValidationError

from api.serving import is_own_box
from pipeline.core.errors import InvalidRequest
from pipeline.settings import Settings


def load(**options: Any) -> Settings:
    """Read the settings; options that are None were not given.

    Raises:
        InvalidRequest: a variable of the environment, of ``.env`` or an option does not parse.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise InvalidRequest(
            "; ".join(_complaint(dict(problem)) for problem in error.errors()),
            code="config.invalid",
            remedy="Correct it in the environment or in .env; .env.example explains every name.",
        ) from error


def require_distributed(settings: Settings) -> None:
    """Refuse adapters that only work inside one process: this role has others beside it.

    Raises:
        InvalidRequest: names every variable that is missing.
    """
    missing = [name for name, is_shared in _shared(settings).items() if not is_shared]
    if missing:
        raise InvalidRequest(
            "This role shares its work with other processes and needs services that they share: "
            f"{', '.join(missing)} must be set.",
            code="config.not_distributed",
            remedy="Set them as in .env.example, or start everything in one process: reelmill up.",
        )


def require_secret(settings: Settings) -> None:
    """Refuse an API or scheduler process without a secret that those beside it have too.

    Raises:
        InvalidRequest: it would give out links that the others do not take, or could not read
            the keys of webhooks.
    """
    if not settings.secret.get_secret_value():
        raise InvalidRequest(
            "This role signs what it gives out, as the processes beside it do: "
            "REELMILL_SECRET must be set.",
            code="config.not_distributed",
            remedy="Set it to the same 32 random characters or more for every API and scheduler.",
        )


def require_guarded(settings: Settings, *, is_shared: bool = False) -> None:
    """Refuse to let in whoever shows nothing where others can reach the server.

    Args:
        is_shared: a role of the distributed form: a proxy brings others to it wherever it binds.

    Raises:
        InvalidRequest: ``config.unsafe``.
    """
    is_reached = is_shared or settings.trusted_proxies or not is_own_box(settings.http_host)
    if settings.anonymous_role and is_reached:
        raise InvalidRequest(
            "Others can reach this server, and REELMILL_ANONYMOUS_ROLE would let them in.",
            code="config.unsafe",
            remedy="Unset it; `reelmill account add` and `reelmill key add` let people and apps"
            " in.",
        )


def _shared(settings: Settings) -> dict[str, bool]:
    return {
        "REELMILL_BROKER_URL (amqp://…)": bool(settings.broker_url.get_secret_value()),
        "REELMILL_DATABASE_URL (postgresql://…)": settings.resolved_database_url.startswith(
            "postgres"
        ),
        "REELMILL_REDIS_URL (redis://…)": bool(settings.redis_url.get_secret_value()),
        "REELMILL_S3_ENDPOINT (host:port)": bool(settings.s3_endpoint),
    }


def _complaint(problem: dict[str, Any]) -> str:
    # The input is left out: it may be a password.
    name = "_".join(str(part) for part in problem["loc"]).upper()
    return f"REELMILL_{name}: {problem['msg'].removeprefix('Value error, ')}"
