"""A session as this door has it: with its publisher, waiting for it, or at its end."""

from enum import Enum, auto
from typing import Any

from ingest.rtmp.broadcast import Broadcast
from ingest.rtmp.publication import Publication
from ingest.rtmp.spool.shelf import Shelf
from pipeline.database.streams import SessionRow, Touch


class Stage(Enum):
    """What the door does about it each second."""

    #: Its publisher is here: its lease is renewed.
    ON = auto()
    #: Its publisher has gone, and the database does not know yet.
    LEAVING = auto()
    #: Its key was revoked, and the database is to close it.
    REVOKED = auto()
    #: In grace: its publisher may come back, here or elsewhere.
    AWAY = auto()
    #: Nothing more comes here.
    OVER = auto()


class Held:
    """On the door's loop; shelf and broadcast are read by any thread."""

    def __init__(self, session: SessionRow, shelf: Shelf, public_url: str) -> None:
        self.session = session
        self.shelf = shelf
        self.broadcast = Broadcast()
        self.publication: Publication | None = None
        self.stage = Stage.AWAY
        self._public_url = public_url
        self._received_bytes = session.received_bytes
        self._touched_bytes = session.received_bytes
        self._facts: dict[str, Any] = dict(session.facts)
        self._front_ms = -1

    @property
    def front_ms(self) -> int:
        """How far its clock came here, or as is known."""
        now = self.publication.front_ms if self.publication else -1
        return max(now, self._front_ms, int(self._facts.get("clock_ms", -1)))

    @property
    def is_losing(self) -> bool:
        """Whether what comes is handed out and not kept: the disk takes nothing."""
        publication = self.publication
        return publication is not None and publication.is_losing

    def begin(self, publication: Publication) -> None:
        """Take a publisher."""
        self.session, self.publication = publication.session, publication
        self._received_bytes = self._touched_bytes = publication.received_bytes
        self.stage = Stage.ON
        self.shelf.reopen()

    def leave(self, publication: Publication, stage: Stage) -> bool:
        """Let a publisher go; tell whether it was the one that is here."""
        publication.end()
        if self.publication is not publication:
            return False
        self._note()
        self._front_ms = max(self._front_ms, publication.front_ms)
        self.publication, self.stage = None, stage
        return True

    def _note(self) -> None:
        if self.publication is not None:
            self._received_bytes = self.publication.received_bytes
            self._facts = self.publication.facts()
            if self._public_url:
                self._facts["public_url"] = self._public_url

    def touch(self) -> Touch:
        """Say what is known of it now."""
        self._note()
        is_alive = self._received_bytes > self._touched_bytes and self.stage is Stage.ON
        self._touched_bytes = self._received_bytes
        return Touch(
            self.session.id, self.session.epoch, self._received_bytes, is_alive, dict(self._facts)
        )

    def end(self) -> None:
        """Let everybody who reads end behind the last byte."""
        self.stage = Stage.OVER
        self.broadcast.end()
        self.shelf.end()
