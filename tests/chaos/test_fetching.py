"""A worker killed while it fetches from an address: another goes on where it was."""

import hashlib
from threading import Event

from pipeline.core.egress import Rules
from pipeline.profiles import built_in
from pipeline.services import assets, jobs, sourcing
from schemas.access import Quotas
from schemas.vocabulary import JobState
from tests.support.file_server import FileServer
from tests.support.fleet import Fleet
from tests.support.origin import Visit, origin
from tests.support.recipes import Recipes
from tests.support.waiting import wait_until

MIB = 2**20
ALLOWED = "127.0.0.1/32"


def test_a_killed_worker_costs_no_more_than_what_was_not_yet_safe(
    fleet: Fleet, recipes: Recipes
) -> None:
    # Zeroes behind an MP4 are no part of it.
    body = recipes.light.clip.read_bytes() + bytes(40 * MIB)
    half, came, go_on = 24 * MIB, Event(), Event()
    server = FileServer(body)

    def halting(visit: Visit) -> None:
        if "range" in visit.headers:
            server(visit)
            return
        told = f'content-length: {len(body)}\r\netag: "v1"'
        visit.send(f"HTTP/1.1 200 OK\r\n{told}\r\n\r\n".encode())
        visit.send(body[:half])
        came.set()
        go_on.wait(60)

    database = fleet.pipeline.database
    fleet.add_scheduler(egress_allow=ALLOWED)
    (first,) = fleet.add_workers(1, egress_allow=ALLOWED)
    with origin({"/film.mp4": halting}) as place:
        source = sourcing.Named(
            url=Rules.read(ALLOWED).admit(place.url("/film.mp4")),
            account="local",
            limit_bytes=2**30,
        )
        job = sourcing.submit(
            database,
            fleet.pipeline.storage,
            source,
            built_in().get("fast"),
            jobs.Terms(max_attempts=1, max_lost=3),
            quotas=Quotas(),
        )
        assert came.wait(30)
        wait_until(lambda: jobs.show(database, job.id).tasks[0].progress.get("", 0.0) > 0.4)
        first.kill()
        fleet.add_workers(1, egress_allow=ALLOWED)
        go_on.set()
        wait_until(lambda: jobs.show(database, job.id).finished_at is not None, timeout_s=120)

        ended = jobs.show(database, job.id)
        asset = assets.show(database, job.asset_id)

    assert ended.state is JobState.SUCCEEDED, ended.error
    assert asset.sha256 == hashlib.sha256(body).hexdigest()
    assert next(task for task in ended.tasks if task.kind == "fetch").lost_count == 1
    begun_at = [int(visit.headers.get("range", "bytes=0-")[6:-1]) for visit in place.visits]
    assert begun_at[0] == 0
    assert half - 16 * MIB <= begun_at[1] <= half
