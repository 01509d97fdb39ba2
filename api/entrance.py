"""The one place where passwords are tried, by the API and by the page."""

from flask import request

from api.throttle import PasswordThrottle
from pipeline.bootstrap import Pipeline
from pipeline.core.errors import Unauthenticated
from pipeline.database.accounts import AccountRow
from pipeline.services import logins


class Entrance:
    """Proves names and passwords, each more slowly the more were wrong."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._database = pipeline.database
        self._throttle = PasswordThrottle()

    def prove(self, name: str, password: str) -> AccountRow:
        """Find the account of a name and a password.

        Raises:
            Unauthenticated: they do not go together.
            TooManyTries: several did not, just before.
        """
        address = request.remote_addr or ""
        self._throttle.check(name, address)
        try:
            account = logins.prove(self._database, name, password)
        except Unauthenticated:
            self._throttle.failed(name, address)
            raise
        self._throttle.succeeded(name, address)
        return account
