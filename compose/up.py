"""Everything in one process: pipeline, API, scheduler and workers as threads of it."""

from collections.abc import Sequence
from contextlib import ExitStack
from threading import Thread

import structlog

from api.serving import serve_embedded
from compose import folder, house_key
from compose.configuration import require_guarded
from compose.entrance import open_door
from compose.house_key import HouseKey
from compose.http import application
from compose.scheduler import Scheduler
from ingest.rtmp.door import Door
from pipeline.bootstrap import Pipeline, build
from pipeline.services import api_keys, logins, sending, tasks
from pipeline.services.assets import LOCAL_ACCOUNT
from pipeline.settings import Settings
from schemas.vocabulary import QueueName
from workers.app import WorkerProcess
from workers.capabilities import encode_slots, n_cores

log = structlog.get_logger(__name__)

#: Long tasks; the GPU queue is heard only where a GPU encoder works.
ENCODE_QUEUES = (QueueName.ENCODE_CPU, QueueName.ENCODE_GPU)
#: Short tasks have slots of their own, so that a running encode never holds them up.
SHORT_QUEUES = (QueueName.PROBE, QueueName.THUMBNAILS, QueueName.PACKAGE)
SHORT_SLOTS = 2
#: Fetching a source waits for others most of the time, and may take hours.
FETCH_QUEUES = (QueueName.FETCH,)
FETCH_SLOTS = 4
#: Proofs wait for nobody and nobody waits for them: one at a time, in idle processor time.
PROOF_QUEUES = (QueueName.PROVE,)
PROOF_SLOTS = 1

#: Broadcasts wait for nothing: a slot that is taken by one is its own until it is over.
LIVE_QUEUES = (QueueName.LIVE,)
#: Recordings are made whole after their broadcasts, and never in front of one.
RECORD_QUEUES = (QueueName.RECORD,)
RECORD_SLOTS = 1
_LEAST_LIVE_SLOTS = 4


class House:
    """The embedded form, running between ``start`` and ``stop``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = ExitStack()
        #: Where clients on this box reach it, once started.
        self.url = ""
        #: Where publishers on this box reach it; 0 where another program has the port.
        self.rtmp_port = 0
        #: What they show to it.
        self.key = ""
        #: Logs one browser in, within a quarter of an hour; for a terminal, not for a log.
        self.login_link = ""

    def start(self) -> None:
        """Take the data folder and start every part; what is half up comes down on an error.

        Raises:
            Conflict: another process holds the data folder.
            Refused: the port is taken.
            InvalidRequest: others could reach it and do as they like.
        """
        require_guarded(self._settings)
        with ExitStack() as opening:
            opening.enter_context(folder.held(self._settings.data_dir))
            pipeline = build(self._settings)
            opening.callback(pipeline.close)
            self._take_over(pipeline)
            door = Door(pipeline)
            self.url = self._serve(opening, pipeline, door)
            opening.callback(door.stop)
            self.rtmp_port = open_door(door, self._settings, self.url)
            self._give_keys(pipeline)
            scheduler = Scheduler(pipeline)
            scheduler.start()
            opening.callback(scheduler.stop)
            running: list[WorkerProcess] = []
            opening.callback(_stop_together, running)
            for worker in self._workers(pipeline):
                worker.start()
                running.append(worker)
            self._open = opening.pop_all()
        log.info(
            "house.up",
            url=self.url,
            rtmp_port=self.rtmp_port,
            data_dir=str(self._settings.data_dir),
        )

    def stop(self) -> None:
        """Hand tasks back, finish what the others do, let go of the folder. Safe to repeat."""
        self._open.close()

    def _take_over(self, pipeline: Pipeline) -> None:
        """Give away at once what a killed predecessor ran: the folder's lock proves it dead."""
        if not self._settings.database_url.get_secret_value():
            tasks.release_all(pipeline.database)
            sending.release_all(pipeline.database)

    def _serve(self, opening: ExitStack, pipeline: Pipeline, door: Door) -> str:
        server = serve_embedded(
            application(pipeline, door=door), self._settings.http_host, self._settings.http_port
        )
        thread = Thread(target=server.serve_forever, name="http", daemon=True)
        opening.callback(thread.join)
        opening.callback(server.server_close)
        opening.callback(server.shutdown)
        thread.start()
        return server.url

    def _give_keys(self, pipeline: Pipeline) -> None:
        data_dir = self._settings.data_dir
        kept = house_key.find(data_dir)
        self.key = api_keys.house_key(pipeline.database, kept.key if kept else "")
        house_key.keep(data_dir, HouseKey(self.url, self.key))
        ticket = logins.make_ticket(pipeline.database, LOCAL_ACCOUNT)
        self.login_link = logins.link(self._settings.public_url or self.url, ticket)

    def _workers(self, pipeline: Pipeline) -> list[WorkerProcess]:
        return [
            WorkerProcess(pipeline, ENCODE_QUEUES, encode_slots(self._settings), name="encode"),
            WorkerProcess(pipeline, SHORT_QUEUES, SHORT_SLOTS, name="short"),
            WorkerProcess(pipeline, FETCH_QUEUES, FETCH_SLOTS, name="fetch"),
            WorkerProcess(pipeline, PROOF_QUEUES, PROOF_SLOTS, name="proof"),
            WorkerProcess(pipeline, LIVE_QUEUES, live_slots(self._settings), name="live"),
            WorkerProcess(pipeline, RECORD_QUEUES, RECORD_SLOTS, name="record"),
        ]


def live_slots(settings: Settings) -> int:
    """Choose how many broadcasts are made into segments at once, unless it is set."""
    return settings.live_slots or max(_LEAST_LIVE_SLOTS, n_cores())


def _stop_together(workers: Sequence[WorkerProcess]) -> None:
    # At once, because each may take the whole grace period.
    threads = [Thread(target=worker.stop, name="stop") for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
