"""Says errors and warnings of views in the reader's language, at the edge of the house.

Inside, everything is English and known by its code; what is stored outlives the reader.
"""

from functools import singledispatch
from typing import Any

from pydantic import BaseModel

from pipeline.core.losses import told
from pipeline.core.remedies import is_borrowed
from pipeline.messages import DEFAULT_LANGUAGE, words
from schemas.http import (
    AssetPage,
    AssetView,
    CertificateView,
    DryRunView,
    ErrorView,
    JobPage,
    JobView,
    TaskView,
)
from schemas.media import MediaWarning
from schemas.playback import WatchedAsset

_Warned = AssetView | WatchedAsset | JobView


@singledispatch
def worded(view: BaseModel, language: str) -> BaseModel:  # noqa: ARG001  the others need it
    """Give a view the words of a language; views without errors and warnings stay as they are."""
    return view


@worded.register
def error_in(view: ErrorView, language: str) -> ErrorView:
    """Say an error's title, cause and remedy; a code we do not know keeps what it has."""
    said = words(view.code, language)
    if said is None:
        return view
    # Who raised it may have known better what to do, but said so in English.
    is_meant = bool(view.remedy) and not is_borrowed(view.code, view.remedy)
    remedy = view.remedy if is_meant and language == DEFAULT_LANGUAGE else said.remedy
    return view.model_copy(update={"title": said.title, "cause": said.cause, "remedy": remedy})


@worded.register
def warning_in(view: MediaWarning, language: str) -> MediaWarning:
    """Say a warning's title, cause and remedy, and the figures of damage."""
    said = words(view.code, language)
    if said is None:
        return view
    update: dict[str, Any] = {"title": said.title, "cause": said.cause, "remedy": said.remedy}
    if said.detail and view.damage is not None:
        update["detail"] = said.detail.format(**told(view.damage))
    return view.model_copy(update=update)


@worded.register
def asset_in(view: AssetView, language: str) -> AssetView:
    """Say what an asset failed for, or what its owner should know."""
    return view.model_copy(update=_errors_and_warnings(view, language))


@worded.register
def watched_in(view: WatchedAsset, language: str) -> WatchedAsset:
    """Say what a viewer should know of an asset."""
    return view.model_copy(update=_errors_and_warnings(view, language))


@worded.register
def _job(view: JobView, language: str) -> JobView:
    tasks = tuple(worded(task, language) for task in view.tasks)
    return view.model_copy(update={**_errors_and_warnings(view, language), "tasks": tasks})


@worded.register
def _certificate(view: CertificateView, language: str) -> CertificateView:
    return view if view.error is None else view.model_copy(update=_error(view, language))


@worded.register
def _task(view: TaskView, language: str) -> TaskView:
    return view if view.error is None else view.model_copy(update=_error(view, language))


@worded.register(AssetPage)
@worded.register(JobPage)
def _page(view: Any, language: str) -> BaseModel:
    items = tuple(worded(item, language) for item in view.items)
    return view.model_copy(update={"items": items})  # type: ignore[no-any-return]


@worded.register
def _dry_run(view: DryRunView, language: str) -> DryRunView:
    warnings = tuple(warning_in(warning, language) for warning in view.warnings)
    return view.model_copy(update={"warnings": warnings})


def _errors_and_warnings(view: _Warned, language: str) -> dict[str, Any]:
    warnings = tuple(warning_in(warning, language) for warning in view.warnings)
    return {**_error(view, language), "warnings": warnings}


def _error(view: _Warned | CertificateView | TaskView, language: str) -> dict[str, Any]:
    return {"error": None if view.error is None else error_in(view.error, language)}
