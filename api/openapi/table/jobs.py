"""Jobs."""

from typing import Final

from api.bodies import JobBody
from api.listing import JobListQuery
from api.openapi.operation import (
    ETAG,
    LINK,
    LOCATION,
    RETRY_AFTER,
    UNCHANGED,
    Answer,
    Operation,
    Tag,
)
from schemas.http import DryRunView, JobPage, JobView

JOBS: Final = (
    Operation(
        "jobs.submit",
        "POST",
        Tag.JOBS,
        "Ask for a job",
        answers=(
            Answer(200, "A dry run: what the job would do.", DryRunView),
            Answer(
                202,
                "The job; of a dry run the one that is still looking at the source.",
                JobView,
                headers=(LOCATION, RETRY_AFTER),
            ),
        ),
        body=JobBody,
        problems={
            400: ("profile.unknown",),
            404: ("asset.not_found",),
            409: ("profile.not_encodable", "asset.not_fetched"),
            422: (
                *("media.trim_outside", "url.invalid", "url.scheme", "url.credentials"),
                *("url.port", "url.private"),
            ),
        },
        example={"asset_id": "0193f2a4c1e87d3b5a90c6e14f27", "profile": "default"},
    ),
    Operation(
        "jobs.listing",
        "GET",
        Tag.JOBS,
        "List jobs, newest first",
        answers=(
            Answer(200, "One page, without graphs.", JobPage, headers=(ETAG, LINK)),
            UNCHANGED,
        ),
        query=JobListQuery,
        problems={400: ("request.cursor",)},
    ),
    Operation(
        "jobs.one",
        "GET",
        Tag.JOBS,
        "Show a job with its graph",
        answers=(Answer(200, "The job.", JobView, headers=(ETAG,)), UNCHANGED),
        problems={404: ("job.not_found",)},
    ),
    Operation(
        "jobs.cancel",
        "POST",
        Tag.JOBS,
        "Cancel a job",
        answers=(Answer(200, "The job; running work stops within a heartbeat.", JobView),),
        problems={404: ("job.not_found",), 409: ("job.ended",)},
    ),
    Operation(
        "jobs.retry",
        "POST",
        Tag.JOBS,
        "Go on with a failed or cancelled job",
        answers=(Answer(202, "The job; what succeeded stays.", JobView, headers=(LOCATION,)),),
        problems={
            404: ("job.not_found",),
            409: ("job.not_failed", "job.stopping", "job.nothing_to_retry"),
        },
    ),
)
