"""One server, and how it is called."""

import time
import uuid
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from api.client.asking import PAUSES_S, REPEATED
from api.client.problems import ApiError, foreign, raise_for, unreachable
from schemas.tickets import Ticket, TicketRequest
from schemas.vocabulary import JobId

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)

Answer = TypeVar("Answer", bound=BaseModel)


class Connected:
    """One server, and how it is called."""

    def __init__(
        self, base_url: str, *, language: str = "en", credential: str | None = None
    ) -> None:
        """``credential`` is an API key or an access token; it goes to this server alone."""
        self.base_url = base_url.rstrip("/")
        shown = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        self._http = httpx.Client(
            base_url=self.base_url,
            timeout=_TIMEOUT,
            trust_env=False,
            # Errors and warnings come back in it.
            headers={"Accept-Language": language, **shown},
        )

    def __enter__(self) -> Self:
        """Use it as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, kind: type[Answer], method: str, path: str, **how: Any) -> Answer:
        return self._read(kind, self._send(method, path, **how))

    def _ticket(self, job_id: JobId | None) -> str:
        """Ask for the right to open one websocket.

        On a connection of its own: a watcher outlives the server's, and its caller's.
        """
        with Connected(self.base_url) as asking:
            asking._http.headers = self._http.headers
            how = {"content": TicketRequest(job_id=job_id).model_dump_json()}
            kind = {"Content-Type": "application/json"}
            return asking._call(Ticket, "POST", "/api/tickets", **how, headers=kind).ticket

    def _read(self, kind: type[Answer], response: httpx.Response) -> Answer:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise foreign(self.base_url) from error

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **how)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(self.base_url, error) from error
        raise_for(response)
        return response

    def _once(self, path: str, how: dict[str, Any]) -> httpx.Response:
        """Send a POST until it is answered, at most a few times; it is carried out once."""
        headers = {**how["headers"], "Idempotency-Key": str(uuid.uuid4())}
        for pause_s in PAUSES_S:
            try:
                return self._send("POST", path, **{**how, "headers": headers})
            except ApiError as error:
                if error.problem.code not in REPEATED:
                    raise
            time.sleep(pause_s)
        return self._send("POST", path, **{**how, "headers": headers})
