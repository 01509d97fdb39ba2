"""``/api/jobs``: ask for work, follow it, stop it, try it again; or ask what it would do."""

import time
from threading import Event

from flask import Blueprint, Response

from api.bodies import JobBody, answer, body, query
from api.identity import caller, owner
from api.listing import JobListQuery
from api.once import claim
from api.policy import require
from pipeline.bootstrap import Pipeline
from pipeline.core.access import Rule
from pipeline.core.errors import MediaError
from pipeline.core.filenames import harmless
from pipeline.database.filters import JobFilter
from pipeline.services import dryrun, jobs, sourcing, watermarks
from schemas.http import DryRunView, JobRequest, JobView
from schemas.identity import Role, Scope
from schemas.profile import Profile
from schemas.sources import UrlSource
from schemas.vocabulary import AssetId, JobId, JobState

#: How long a dry run waits for a source nobody has looked at yet.
DRY_RUN_WAIT_S = 30.0
_POLL_S = 0.25
_UNFINISHED = (JobState.WAITING, JobState.RUNNING)


def jobs_blueprint(pipeline: Pipeline, *, dry_run_wait_s: float = DRY_RUN_WAIT_S) -> Blueprint:
    """Build the routes over one pipeline."""
    blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs")
    database = pipeline.database

    @blueprint.post("")
    def submit() -> Response:
        request = body(JobBody)
        wished = pipeline.profiles.get(request.profile)
        if request.trim is not None:
            wished = wished.model_copy(update={"trim": request.trim})
        if request.dry_run:
            return _dry_run(pipeline, request, wished, wait_s=dry_run_wait_s)
        return _accepted(_submit(pipeline, request, wished))

    @blueprint.get("")
    def listing() -> Response:
        asked = query(JobListQuery)
        found = jobs.page(database, cursor=asked.cursor, limit=asked.limit, wished=asked.filter)
        return answer(found, is_tagged=True)

    @blueprint.get("/<id:job_id>")
    def one(job_id: JobId) -> Response:
        return answer(jobs.show(database, job_id, owner=owner()), is_tagged=True)

    @blueprint.post("/<id:job_id>/cancel")
    def cancel(job_id: JobId) -> Response:
        return answer(jobs.cancel(database, job_id, owner=owner(), claim=claim()))

    @blueprint.post("/<id:job_id>/retry")
    def retry(job_id: JobId) -> Response:
        return _accepted(jobs.retry(database, job_id, owner=owner(), claim=claim()))

    return blueprint


def _submit(pipeline: Pipeline, request: JobRequest, wished: Profile) -> JobView:
    if request.source is not None:
        return _submit_address(pipeline, request.source, request, wished)
    if request.asset_id is not None:
        watermarks.keep(
            pipeline.database, pipeline.storage, request.asset_id, wished, owner=owner()
        )
    return jobs.submit(
        pipeline.database,
        request,
        wished,
        max_attempts=pipeline.settings.max_attempts,
        max_lost=pipeline.settings.max_lost,
        owner=owner(),
        claim=claim(),
    )


def _submit_address(
    pipeline: Pipeline, source: UrlSource, request: JobRequest, wished: Profile
) -> JobView:
    """Have a source fetched; one that cannot be public is refused here and now."""
    # It makes an asset too, which a key that may only make jobs may not.
    require(Rule(Role.CREATOR, Scope.ASSETS_WRITE))
    settings = pipeline.settings
    return sourcing.submit(
        pipeline.database,
        pipeline.storage,
        sourcing.Named(
            url=pipeline.outbound.admit(source.url),
            account=caller().account,
            limit_bytes=settings.upload_limit_bytes,
            filename=harmless(source.filename or ""),
            playback=source.playback,
        ),
        wished,
        jobs.Terms(
            max_attempts=settings.max_attempts,
            max_lost=settings.max_lost,
            priority=request.priority,
            metadata=request.metadata,
            is_dry_run=request.dry_run,
        ),
        quotas=settings.quotas,
        claim=claim(),
    )


def _accepted(job: JobView) -> Response:
    return answer(job, 202, location=f"/api/jobs/{job.id}")


def _dry_run(
    pipeline: Pipeline, request: JobRequest, wished: Profile, *, wait_s: float
) -> Response:
    """Answer with the plan, or 202 with the probing job when that takes too long."""
    if request.asset_id is None:
        job = _submit(pipeline, request, wished)
    else:
        view = dryrun.preview(pipeline.database, request.asset_id, wished, owner=owner())
        if view is not None:
            return answer(view)
        job = _probing(pipeline, request.asset_id) or _submit(pipeline, request, wished)
    view = _wait_for_facts(pipeline, job, wished, wait_s=wait_s)
    if view is not None:
        return answer(view)
    response = _accepted(jobs.show(pipeline.database, job.id))
    response.headers["Retry-After"] = "2"
    return response


def _probing(pipeline: Pipeline, asset_id: AssetId) -> JobView | None:
    """Find a job that is looking at the source already, so that asking again makes no second."""
    wished = JobFilter(asset_id=asset_id)
    newest = jobs.page(pipeline.database, cursor=None, limit=1, wished=wished).items
    return newest[0] if newest and newest[0].state in _UNFINISHED else None


def _wait_for_facts(
    pipeline: Pipeline, job: JobView, wished: Profile, *, wait_s: float
) -> DryRunView | None:
    deadline = time.monotonic() + wait_s
    pause = Event()
    while time.monotonic() < deadline:
        pause.wait(_POLL_S)
        view = dryrun.preview(pipeline.database, job.asset_id, wished)
        if view is not None:
            return view
        _raise_failure(jobs.show(pipeline.database, job.id))
    return None


def _raise_failure(job: JobView) -> None:
    if job.state is JobState.FAILED and job.error is not None:
        raise MediaError(job.error.detail, code=job.error.code, remedy=job.error.remedy)
