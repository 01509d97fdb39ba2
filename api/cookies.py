"""The cookie of a browser that logged in: 32 random bytes that mean nothing elsewhere."""

from dataclasses import dataclass

from flask import Response, request

from pipeline.settings import Settings

#: Over https the browser itself keeps it from other hosts, paths and plain http.
_NAME, _SECURE_NAME = "reelmill_session", "__Host-reelmill_session"


@dataclass(frozen=True)
class Cookies:
    """Reads and sets the cookie, as the address is one of https or not."""

    is_public_https: bool
    life_s: int

    def read(self) -> str | None:
        """Take it from the request; None where there is none."""
        return request.cookies.get(self._name)

    def give(self, response: Response, value: str) -> None:
        """Send it along."""
        response.set_cookie(
            self._name,
            value,
            max_age=self.life_s,
            path="/",
            secure=self._is_secure,
            httponly=True,
            # Links from elsewhere find their reader logged in; writes need our own Origin besides.
            samesite="Lax",
        )

    def take_back(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self._name, path="/", secure=self._is_secure, httponly=True, samesite="Lax"
        )

    @property
    def _is_secure(self) -> bool:
        return self.is_public_https or request.is_secure

    @property
    def _name(self) -> str:
        return _SECURE_NAME if self._is_secure else _NAME


def cookies_of(settings: Settings) -> Cookies:
    """Read the settings."""
    return Cookies(settings.public_url.startswith("https://"), settings.login_s)
